"""Grids of equal cells: parts of a whole that are counted, areas of unit squares, outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Annotated, ClassVar

from pydantic import Field

from transforms.pictures.quantities import show_number
from transforms.pictures.template import Label, Name, Part

Count = Annotated[int, Field(ge=1, le=60, strict=True)]
MOST_CELLS = 600


class Group(Part):
    """Cells of a grid that belong together; exactly one of the three rules says which.

    Attributes:
        count: that many cells, after those of the groups before it.
        block: so many columns and rows from the top left corner.
        sum: the cells whose numbers of row and column, from 1, have that sum.
        stated: number of cells that the writer states; it must equal the computed one.
    """

    STATED: ClassVar[frozenset[str]] = frozenset({"stated"})

    id: Name
    label: Label = ""
    count: Annotated[int, Field(ge=1, le=MOST_CELLS, strict=True)] | None = None
    block: tuple[Count, Count] | None = None
    sum: Annotated[int, Field(ge=2, le=120, strict=True)] | None = None
    stated: int | None = None


class Grid(Part):
    """A grid of equal cells, with groups of cells in colour.

    Attributes:
        layers: layers of cubes that make it a solid; 0 for a flat grid.
        numbered: write the number of each row and column at its edge.
    """

    id: Name
    label: Label = ""
    columns: Count
    rows: Count
    layers: Annotated[int, Field(ge=0, le=12, strict=True)] = 0
    numbered: bool = False
    groups: Annotated[tuple[Group, ...], Field(max_length=4)] = ()

    def elements(self) -> list[str]:
        """Return the ids of the grid and its groups."""
        return [self.id, *(group.id for group in self.groups)]

    def size(self) -> int:
        """Return the number of all cells or cubes."""
        return self.columns * self.rows * max(1, self.layers)

    def members(self, group: Group) -> list[tuple[int, int]]:
        """Return column and row, from 0, of each cell of a group, row by row."""
        cells = [(column, row) for row, column in product(range(self.rows), range(self.columns))]
        if group.block is not None:
            across, down = group.block
            return [(column, row) for column, row in cells if column < across and row < down]
        if group.sum is not None:
            return [(column, row) for column, row in cells if column + row + 2 == group.sum]
        start = 0
        for other in self.groups:
            if other.id == group.id:
                break
            start += other.count or 0
        return cells[start : start + (group.count or 0)]

    def text(self, language: str) -> str:
        """Return the label with the number of cells."""
        sides = (self.columns, self.rows, self.layers) if self.layers else (self.columns, self.rows)
        if self.rows == 1 and not self.layers and self.label:
            return self.label
        total = show_number(self.size(), language)
        if not any(group.count for group in self.groups):
            total = f"{' × '.join(map(str, sides))} = {total}"
        return f"{self.label}: {total}" if self.label else total

    def group_text(self, group: Group, language: str) -> str:
        """Return the label of a group with the number of its cells."""
        return f"{group.label}: {show_number(len(self.members(group)), language)}"

    def labels(self, language: str) -> Iterator[str]:
        """Yield the labels of the grid and its groups."""
        yield self.text(language)
        for group in self.groups:
            yield self.group_text(group, language)

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the grid and its groups."""
        if self.columns * self.rows > MOST_CELLS:
            yield f"a grid has at most {MOST_CELLS} cells"
            return
        if self.layers and (self.groups or self.numbered):
            yield "a solid has no groups and no numbers"
        for group in self.groups:
            if sum(rule is not None for rule in (group.count, group.block, group.sum)) != 1:
                yield "a group has one of count, block and sum"
                return
            if group.block and (group.block[0] > self.columns or group.block[1] > self.rows):
                yield "a block must lie within its grid"
            elif not self.members(group):
                yield "a group has no cells"
            elif group.stated is not None and group.stated != len(self.members(group)):
                yield "the stated number of cells differs from the counted one"
        if sum(group.count or 0 for group in self.groups) > self.columns * self.rows:
            yield "the groups have more cells than their grid"
