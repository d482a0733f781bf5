"""Batch inference: any number of reports, streamed in shards, resumable, on one machine or on a Ray cluster."""
