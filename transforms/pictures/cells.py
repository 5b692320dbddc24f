"""Template `cells`: a list that is searched or sorted, grids, bits, or a shifted alphabet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from string import ascii_uppercase
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field, StringConstraints

from transforms.pictures.grids import Grid
from transforms.pictures.quantities import Number, show_number
from transforms.pictures.sorting import SORTS, Sorted
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


class Sort(Part):
    """The sorting of the list, in rounds.

    Attributes:
        how: ``selection`` of the smallest, ``bubble`` of neighbors, or ``merge`` of sorted parts.
        comparisons: their number that the writer states; it must equal the counted one.
    """

    STATED: ClassVar[frozenset[str]] = frozenset({"comparisons"})

    how: Literal["selection", "bubble", "merge"]
    comparisons: int | None = None


class Binary(Part):
    """A whole number in bits; ``stated`` are the digits that the writer states."""

    STATED: ClassVar[frozenset[str]] = frozenset({"stated"})

    number: Annotated[int, Field(ge=0, le=1023)]
    bits: Annotated[int, Field(ge=2, le=10)]
    stated: Annotated[str, StringConstraints(pattern=r"^[01]{2,10}$")] | None = None

    def digits(self) -> str:
        """Return the digits, the highest place first."""
        return f"{self.number:0{self.bits}b}"

    def places(self) -> list[int]:
        """Return what the places are worth, the highest first."""
        return [2**at for at in reversed(range(self.bits))]


class Shift(Part):
    """An alphabet under another one, moved by some letters; ``stated`` replaces the letter A."""

    STATED: ClassVar[frozenset[str]] = frozenset({"stated"})

    by: Annotated[int, Field(ge=1, le=25)]
    stated: Annotated[str, StringConstraints(pattern=r"^[A-Z]$")] | None = None

    def letter(self, at: int) -> str:
        """Return the letter that replaces the one at a place."""
        return ascii_uppercase[(at + self.by) % len(ascii_uppercase)]


class Cells(Template):
    """Cells or grids; ``look 2`` or ``look all``, ``round 2`` of sorting, ``place 8``, ``shift``.

    A round is the list after so many rounds of sorting, a place the bit that is worth so much, and
    ``shift`` moves an alphabet.
    """

    VERBS: ClassVar[dict[str, float]] = {"look": 1.0, "round": 2.0, "place": 0.8, "shift": 2.4}

    template: Literal["cells"]
    id: Name = "cells"
    cells: Annotated[tuple[Number, ...], Field(max_length=16)] = ()
    search: Search | None = None
    sort: Sort | None = None
    binary: Binary | None = None
    shift: Shift | None = None
    grids: Annotated[tuple[Grid, ...], Field(max_length=3)] = ()

    def elements(self) -> Sequence[str]:
        return [name for grid in self.grids for name in grid.elements()] or [self.id]

    def labels(self, language: str = "en") -> Iterator[str]:
        for grid in self.grids:
            yield from grid.labels(language)
        if self.cells:
            yield ", ".join(show_number(number, language) for number in self.cells)
        if self.sort is not None:
            yield ", ".join(show_number(number, language) for number in sorted(self.cells))
        if self.binary is not None:
            worth = zip(self.binary.places(), self.binary.digits(), strict=True)
            terms = [str(place) for place, digit in worth if digit == "1"]
            yield f"{self.binary.digits()} = {' + '.join(terms) or 0} = {self.binary.number}"
        if self.shift is not None:
            yield f"A → {self.shift.letter(0)}"
        if self.search is not None:
            looked = [show_number(self.cells[look.at], language) for look in self.looks()]
            yield " → ".join(looked)

    def looks(self) -> list[Look]:
        """Return the looks of the search, in order."""
        if self.search is None:
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

    def sorted(self) -> Sorted:
        """Return the rounds of sorting and count their comparisons."""
        assert self.sort is not None
        numbers = self.cells
        return SORTS[self.sort.how](list(range(len(numbers))), lambda one: numbers[one])

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
        kinds = (self.search, self.sort, self.binary, self.shift, self.grids or None)
        bare = any(kind is not None for kind in kinds[2:])
        if sum(kind is not None for kind in kinds) > 1 or bool(self.cells) == bare:
            yield "needs a list, which may be searched or sorted, or bits, an alphabet or grids"
            return
        for grid in self.grids:
            yield from grid.problems()
        if not bare and len(self.cells) < 2:
            yield "a list needs two cells"
            return
        yield from self._computed_problems()
        for name in self.states:
            verb, arguments = self.verb(name)
            known = self._steps(verb)
            if not known:
                yield "a state has the verb of another kind of cells"
            elif (arguments[0] if arguments else "") not in known or len(arguments) > 1:
                yield f"{verb} names one of {known[0]} to {known[-1]}" if known[0] else verb

    def _steps(self, verb: str) -> list[str]:
        """Return the arguments that a verb may have; none if the cells do not know it."""
        if verb == "look" and self.search is not None:
            return [str(number) for number in range(1, len(self.looks()) + 1)] + [ALL]
        if verb == "round" and self.sort is not None:
            return [str(number) for number in range(1, len(self.sorted().rounds))]
        if verb == "place" and self.binary is not None:
            return [str(place) for place in self.binary.places()]
        return [""] if verb == "shift" and self.shift is not None else []

    def _computed_problems(self) -> Iterator[str]:
        looks = self.looks()
        if self.search is not None:
            if self.search.how == "halving" and list(self.cells) != sorted(self.cells):
                yield "the search by halving needs a sorted list"
            if self.search.looks is not None and self.search.looks != len(looks):
                yield "the stated number of looks differs from the looks of the search"
        sort, binary, shift = self.sort, self.binary, self.shift
        if sort and sort.comparisons not in (None, self.sorted().comparisons):
            yield "the stated number of comparisons differs from the counted one"
        if binary and binary.number >= 2**binary.bits:
            yield "the number needs more bits"
        elif binary and binary.stated not in (None, binary.digits()):
            yield "the stated digits differ from the number in bits"
        if shift and shift.stated not in (None, shift.letter(0)):
            yield "the stated letter differs from the shifted one"
