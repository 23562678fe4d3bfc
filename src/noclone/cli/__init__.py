"""The command line; no physics here."""
