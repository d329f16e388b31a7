"""`python -m mdm.cli`: the command `mdm`."""

import sys

from mdm.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
