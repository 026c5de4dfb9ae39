"""Documents → summaries and answers whose every claim stands on a quote found again in the source."""

__version__ = "0.1.0"
