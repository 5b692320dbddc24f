"""`python -m pipeline` is `vividly`. Nothing is defined here: Beam pickles such things by value."""

from pipeline.cli import entry

entry()
