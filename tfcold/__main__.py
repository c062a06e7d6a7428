"""`python -m tfcold`: the command line."""

import sys

from tfcold.cli import main

if __name__ == "__main__":
    sys.exit(main())
