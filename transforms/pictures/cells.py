"""Template `cells`: a list of numbers and the search for one of them, or grids of units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field

from transforms.pictures.grids import Grid
from transforms.pictures.quantities import Number, show_number
from transforms.pictures.template import MOST_SECONDS, Name, Part, Template

ALL = "all"
"""Argument of ``look`` for the whole search."""


class Look(NamedTuple):
    """One look of a search: the place that is looked at, and the places left before it."""

    at: int
    first: int
    last: int


class Search(Part):
    """The search for a number.

    Attributes:
        want: the number.
        how: ``halving`` a sorted list, or in a ``row`` from the start.
        looks: number of looks that the writer states; it must equal the computed one.
    """

    STATED: ClassVar[frozenset[str]] = frozenset({"looks"})

    want: Number
    how: Literal["halving", "row"] = "halving"
    looks: int | None = None


class Cells(Template):
    """A list in cells, or grids of cells that are counted.

    The state ``look 2`` shows the second look of the search in the list, ``look all`` all of them.
    """

    VERBS: ClassVar[dict[str, float]] = {"look": 1.0}

    template: Literal["cells"]
    id: Name = "cells"
    cells: Annotated[tuple[Number, ...], Field(min_length=2, max_length=16)] | None = None
    search: Search | None = None
    grids: Annotated[tuple[Grid, ...], Field(max_length=3)] = ()

    def elements(self) -> Sequence[str]:
        return [name for grid in self.grids for name in grid.elements()] or [self.id]

    def labels(self, language: str = "en") -> Iterator[str]:
        for grid in self.grids:
            yield from grid.labels(language)
        if self.cells is None:
            return
        yield ", ".join(show_number(number, language) for number in self.cells)
        if self.search is not None:
            looked = [show_number(self.cells[look.at], language) for look in self.looks()]
            yield " → ".join(looked)

    def looks(self) -> list[Look]:
        """Return the looks of the search, in order."""
        if self.search is None or self.cells is None:
            return []
        first, last, looks = 0, len(self.cells) - 1, []
        while first <= last:
            at = (first + last) // 2 if self.search.how == "halving" else first
            looks.append(Look(at, first, last))
            if self.cells[at] == self.search.want:
                break
            if self.search.how == "row" or self.cells[at] < self.search.want:
                first = at + 1
            else:
                last = at - 1
        return looks

    def seconds(self, name: str) -> float:
        if name in self.states and self.verb(name) == ("look", [ALL]):
            return min(MOST_SECONDS, len(self.looks()) * self.VERBS["look"])
        return super().seconds(name)

    def looked(self, shown: Mapping[str, float]) -> list[tuple[int, float]]:
        """Return the looks that are shown at least in part, in order from 0, and how far."""
        count = len(self.looks())
        shares = dict.fromkeys(range(count), 0.0)
        for name in self.states:
            _, (which,) = self.verb(name)
            for look in range(count) if which == ALL else [int(which) - 1]:
                share = min(1.0, max(0.0, shown[name] * count - look))
                shares[look] = max(shares[look], share if which == ALL else shown[name])
        return [(look, share) for look, share in shares.items() if share]

    def problems(self) -> Iterator[str]:
        if (self.cells is None) != bool(self.grids):
            yield "needs either cells or grids"
            return
        for grid in self.grids:
            yield from grid.problems()
        looks = self.looks()
        if self.search is not None:
            if self.cells is None:
                yield "a search needs cells"
            elif self.search.how == "halving" and list(self.cells) != sorted(self.cells):
                yield "the search by halving needs a sorted list"
            if self.search.looks is not None and self.search.looks != len(looks):
                yield "the stated number of looks differs from the looks of the search"
        for name in self.states:
            _, arguments = self.verb(name)
            if arguments == [ALL] and looks:
                continue
            if len(arguments) != 1 or not arguments[0].isdigit():
                yield "look names the number of a look, from 1, or all"
            elif not 1 <= int(arguments[0]) <= len(looks):
                yield "the search has fewer looks than a state names"
