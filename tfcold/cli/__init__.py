"""The command line: `tfcold` and `python -m tfcold`. Parses, calls, prints; a mistake is one line and exit code 2."""

from tfcold.cli.main import main

__all__ = ["main"]
