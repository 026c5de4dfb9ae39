"""Results → files people can hand on: one module per format, one function of one shape each (`formats` lists them)."""
