"""Findings of the checks, and the line that is printed for each row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.ordinary.bench import Bench


class Missing(Exception):
    """This machine lacks what a check needs."""


class TookTooLong(Exception):
    """A command did not end, or a condition did not hold, in the time of the check."""


@dataclass(frozen=True)
class Finding:
    """What one case of a row showed; `passed` is None if it could not be tried."""

    row: int
    passed: bool | None
    seen: str


@dataclass(frozen=True)
class Check:
    """The cases of one or more rows.

    Attributes:
        rows: Numbers of the rows.
        cases: Function that yields a finding for each case.
        seconds: Time for all of them.
    """

    rows: tuple[int, ...]
    cases: Callable[[Bench], Iterator[Finding]]
    seconds: float


def findings(check: Check, bench: Bench) -> Iterator[Finding]:
    """Yield the findings of a check; one that stops early shows on each row without a finding."""
    bench.begin(check.seconds)
    found = set()
    try:
        for finding in check.cases(bench):
            found.add(finding.row)
            yield finding
        if found:
            return
        passed, seen = False, "no case was tried"
    except Missing as missing:
        passed, seen = None, str(missing)
    except Exception as error:  # noqa: BLE001  (a check that breaks must not hide the others)
        passed, seen = False, f"{type(error).__name__}: {error}"
    for row in set(check.rows) - found or {max(check.rows)}:
        yield Finding(row, passed, seen)


def line(row: int, found: Sequence[Finding]) -> str:
    """Return the line of a row: red if a case failed, skipped if one was not tried, else green."""
    verdicts = [finding.passed for finding in found]
    colour = "red" if False in verdicts else "skipped" if None in verdicts else "green"
    seen = "; ".join(" ".join(finding.seen.split()) for finding in found)
    return f"row {row:>2}  {colour:<7}  {seen}"
