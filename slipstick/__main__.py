"""`python -m slipstick`, which is `slipstick`."""

import sys

from slipstick.cli import main

if __name__ == "__main__":
    sys.exit(main())
