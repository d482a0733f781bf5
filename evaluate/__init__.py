"""The evaluation suite.

This file is mandatory: without it Hugging Face's `evaluate` would answer to the name.
"""
