"""The command line: one file per command, imported when it is called."""

from t5eval.cli.main import main

__all__ = ["main"]
