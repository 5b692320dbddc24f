"""Try rows 1-13 of the ordinary faults on a checkout, and print a line for each.

python -m tests.faults.ordinary --checkout ../release-0.1 --rows 3 5 13
"""

from __future__ import annotations

import sys

from tests.faults.ordinary.rows import main

if __name__ == "__main__":
    sys.exit(main())
