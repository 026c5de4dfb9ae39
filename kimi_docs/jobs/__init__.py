"""Runs: work that outlives the click. The only package that knows dbos."""
