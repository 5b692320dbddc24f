"""Check all rows of a table in one test, and report every failure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest


def failures(cases: Mapping[Any, Any] | Iterable[Any], check: Callable[..., object]) -> list[str]:
    """Check every row; return one line for each failure.

    Args:
        cases: rows by name, or rows that name themselves; a tuple is spread over the parameters.
        check: function that raises if a row is wrong.
    """
    named = cases.items() if isinstance(cases, Mapping) else [(case, case) for case in cases]
    assert named, "the table is empty"
    found = []
    for name, case in named:
        try:
            check(*case) if isinstance(case, tuple) else check(case)
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001
            found.append(f"{name!r}: {type(error).__name__}: {error}")
    return found


def for_all(
    cases: Mapping[Any, Any] | Iterable[Any],
) -> Callable[[Callable[..., object]], Callable[[], None]]:
    """Turn the check of one row into one test of the whole table.

    Separate behaviours keep `pytest.mark.parametrize`; this is for rows of data.
    """

    def decorate(check: Callable[..., object]) -> Callable[[], None]:
        def test() -> None:
            if found := failures(cases, check):
                pytest.fail(f"{len(found)} rows are wrong:\n" + "\n\n".join(found), pytrace=False)

        test.__name__, test.__doc__ = check.__name__, check.__doc__
        return test

    return decorate
