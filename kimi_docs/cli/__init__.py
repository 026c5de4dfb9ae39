"""The command line: arguments → verbs of the library → text or one JSON object."""
