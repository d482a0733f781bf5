"""Formats of other annotation tools: each module reads documents and writes them, and reports what cannot be carried."""
