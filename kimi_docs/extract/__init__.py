"""Bytes → Extraction: one module per format, run in child processes."""
