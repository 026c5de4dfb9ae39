"""The engine that needs no key: it picks sentences and quotes them, on this machine, and writes none of its own."""
