"""Run `vividly` as `python -m pipeline`.

Nothing is defined here: Beam pickles what `__main__` defines by value.
"""

from pipeline.cli import entry

entry()
