"""Which plugins this process runs with, as results say it."""

LOADED: dict[str, str] = {}
"""The path of each plugin to the SHA-256 of its file."""
