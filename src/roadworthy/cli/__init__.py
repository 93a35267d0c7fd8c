"""The command line."""

from roadworthy.cli.app import main

__all__ = ["main"]
