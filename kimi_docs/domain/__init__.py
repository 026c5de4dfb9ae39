"""The nouns: frozen, keyword-only, without I/O. Nothing here knows a database, a screen or a network."""
