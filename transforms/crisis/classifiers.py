"""Care classifiers from other packages, which add findings to those of the phrase lists.

A classifier is a function from a text to None or a pair of category and level. It is found by its
entry point in the group `GROUP`. One that fails is logged; what the lists found stays.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import entry_points
from typing import get_args

from transforms.model import CareCategory, CareFinding, CareLevel

log = logging.getLogger(__name__)

GROUP = "vividly.care_classifiers"

Classifier = Callable[[str], "tuple[CareCategory, CareLevel] | None"]


def run_classifiers(texts: Sequence[str]) -> set[CareFinding]:
    """Run the installed classifiers on a student's texts; return their findings."""
    found = set()
    for name, load in _installed():
        try:
            classifier = load()
            answers = [answer for answer in map(classifier, texts) if answer is not None]
            for category, level in answers:
                if category in get_args(CareCategory) and level in get_args(CareLevel):
                    found.add(CareFinding(category, level))
                else:
                    raise ValueError("neither category nor level is one of ours")
        except Exception as error:  # noqa: BLE001  (of another package; the lists have decided)
            log.warning("the care classifier %s failed: %s", name, type(error).__name__)
    return found


@cache
def _installed() -> tuple[tuple[str, Callable[[], Classifier]], ...]:
    return tuple((point.name, point.load) for point in entry_points(group=GROUP))
