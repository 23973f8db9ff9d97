"""`python -m msl`."""

import sys

from msl.cli import main

if __name__ == "__main__":
    sys.exit(main())
