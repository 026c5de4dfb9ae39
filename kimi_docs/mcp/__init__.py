"""The library for other programs: tools over stdin and stdout by the Model Context Protocol."""
