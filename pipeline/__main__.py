"""`python -m pipeline` is `vividly`. Nothing is defined here: Beam pickles such things by value."""

import sys

from pipeline.cli import main

sys.exit(main())
