"""Fuzz: run a check on random examples, the same ones each time, or new ones for a given time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import given, seed, settings
from hypothesis.strategies import SearchStrategy

SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
"""Seconds of each check; `make nightly` sets it. Without it, a change meets the same examples."""


def fuzz(
    examples: SearchStrategy[Any], count: int
) -> Callable[[Callable[[Any], None]], Callable[[], None]]:
    """Return a decorator that makes a test of a check.

    Args:
        examples: Strategy of the examples.
        count: Number of examples in a round; a test has one round, or as many as time allows.
    """

    def decorate(check: Callable[[Any], None]) -> Callable[[], None]:
        def test() -> None:
            for number in _rounds():
                drawn = given(examples)(check)
                seed(number)(settings(max_examples=count, database=None)(drawn))()

        test.__name__ = check.__name__
        test.__doc__ = check.__doc__
        test.__module__ = check.__module__
        return test

    return decorate


def _rounds() -> Iterator[int]:
    """Yield the seed of each round."""
    yield 0
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        yield int.from_bytes(os.urandom(8))
