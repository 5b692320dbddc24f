"""Sorting of a list in rounds, with its comparisons counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

Key = Callable[[int], float]
"""Number of a cell."""


class Sorted(NamedTuple):
    """A list that is sorted.

    Attributes:
        rounds: numbers of the cells in their order at the start and after each round.
        comparisons: comparisons of all rounds.
    """

    rounds: list[list[int]]
    comparisons: int


def _selection(order: list[int], key: Key) -> Sorted:
    rounds, count = [list(order)], 0
    for place in range(len(order) - 1):
        rest = range(place, len(order))
        count += len(rest) - 1
        least = min(rest, key=lambda at: key(order[at]))
        order[place], order[least] = order[least], order[place]
        rounds.append(list(order))
    return Sorted(rounds, count)


def _bubble(order: list[int], key: Key) -> Sorted:
    rounds, count, swapped = [list(order)], 0, True
    while swapped and len(rounds) < len(order):
        swapped = False
        for at in range(len(order) - len(rounds)):
            count += 1
            if key(order[at]) > key(order[at + 1]):
                order[at], order[at + 1] = order[at + 1], order[at]
                swapped = True
        rounds.append(list(order))
    return Sorted(rounds, count)


def _merge(order: list[int], key: Key) -> Sorted:
    rounds, count, width = [list(order)], 0, 1
    while width < len(order):
        merged: list[int] = []
        for start in range(0, len(order), 2 * width):
            one, other = order[start : start + width], order[start + width : start + 2 * width]
            while one and other:
                count += 1
                merged.append((one if key(one[0]) <= key(other[0]) else other).pop(0))
            merged += one + other
        order, width = merged, 2 * width
        rounds.append(list(order))
    return Sorted(rounds, count)


SORTS: Mapping[str, Callable[[list[int], Key], Sorted]] = {
    "selection": _selection,
    "bubble": _bubble,
    "merge": _merge,
}
"""Ways of sorting, each from the cells in their order."""
