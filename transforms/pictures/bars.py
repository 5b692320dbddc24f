"""Template `bars`: amounts as lengths or rectangles, with filled shares and pieces that add up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from transforms.pictures.measures import Measure
from transforms.pictures.quantities import Quantity, same, show, show_number
from transforms.pictures.template import Hue, Label, Name, Part, Template

Whole = Annotated[int, Field(ge=1, le=1000, strict=True)]
MOST_PARTS = 24
MOST_LABELLED = 4
"""Bars with a label above each; more bars have it at their side."""


class Share(Part):
    """A part of a whole: ``part`` of ``of`` equal parts; ``percent`` writes it as a percentage."""

    part: Annotated[int, Field(ge=0, le=1000, strict=True)]
    of: Whole
    percent: bool = False


class Piece(Part):
    """A piece of a bar, in the unit of its bar."""

    id: Name
    label: Label = ""
    size: Quantity
    hue: Hue | None = None

    def text(self, language: str) -> str:
        """Return label and amount of the piece."""
        return f"{self.label}: {show(self.size, language)}".removeprefix(": ")


class Bar(Part):
    """A bar: its amount, the share of it that is filled, or pieces that lie end to end.

    Attributes:
        size: its amount, which equals the sum of its pieces.
        rest: the pieces leave a rest of it.
        by: the height of a rectangle whose width is `size`.
        amount: the share or the area that the writer states; it must equal the computed one.
    """

    STATED: ClassVar[frozenset[str]] = frozenset({"amount"})

    id: Name
    label: Label = ""
    size: Quantity
    share: Share | None = None
    pieces: Annotated[tuple[Piece, ...], Field(max_length=6)] = ()
    rest: bool = False
    by: Quantity | None = None
    amount: Quantity | None = None

    @property
    def is_plain(self) -> bool:
        """Whether the bar is one length."""
        return not (self.share or self.pieces or self.by)

    def filled(self) -> Quantity:
        """Return the amount that is filled, or the area."""
        if self.by is not None:
            unit = self.amount.unit if self.amount else ""
            return Quantity(self.size.number * self.by.number, unit)
        if self.share is None:
            return self.size
        return Quantity(self.size.number * self.share.part / self.share.of, self.size.unit)

    def with_unit(self, unit: str) -> Self:
        """Return the bar with its share or its area as the stated amount, in a unit."""
        return self.model_copy(update={"amount": Quantity(self.filled().number, unit)})

    def parts(self) -> tuple[int, int]:
        """Return into how many parts the bar is cut, and how many are filled."""
        if self.share is None:
            return 1, 1
        if self.share.of <= MOST_PARTS:
            return self.share.of, self.share.part
        lowest = Fraction(self.share.part, self.share.of)
        for parts in (10, 20, lowest.denominator):
            if parts <= MOST_PARTS and (lowest * parts).denominator == 1:
                return parts, int(lowest * parts)
        return 1, 0

    def share_label(self, language: str) -> str:
        """Return the share as a fraction or a percentage."""
        if self.share is None:
            return ""
        if self.share.percent:
            return f"{show_number(100 * self.share.part / self.share.of, language)}%"
        return f"{self.share.part}/{self.share.of}"

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the parts of the bar."""
        if sum(map(bool, (self.share, self.pieces, self.by))) > 1:
            yield "a bar has a share, pieces or a height: one of these"
        elif self.share and self.share.part > self.share.of:
            yield "a share must not be above the whole"
        elif self.share and self.share.part and self.parts()[1] == 0:
            yield f"a share must be one of at most {MOST_PARTS} equal parts"
        elif self.amount and not same(self.amount.number, self.filled().number):
            yield "the stated amount differs from the share or the area of the bar"
        if any(
            piece.size.number <= 0 or piece.size.unit != self.size.unit for piece in self.pieces
        ):
            yield "a piece must be above 0, in the unit of its bar"
        elif self.pieces:
            total = sum(piece.size.number for piece in self.pieces)
            filled = same(total, self.size.number)
            if not self.rest and not filled:
                yield "the size differs from the sum of the pieces, and `rest` is not set"
            elif self.rest and (filled or total > self.size.number):
                yield "the pieces leave no rest of their bar"

    def text(self, language: str) -> str:
        """Return the whole label of the bar."""
        share = self.share_label(language)
        whole, part = show(self.size, language), show(self.filled(), language)
        amount = f"{share} × {whole} = {part}" if share else whole
        if self.by is not None:
            amount = f"{whole} × {show(self.by, language)} = {part}"
        return f"{self.label}: {amount}" if self.label else amount


class Bars(Template):
    """Bars, pieces or rectangles on one scale; ``sort`` or ``level`` the bars, or ``grow b=60``.

    Sorting puts bars in order, levelling shares the whole out equally, and growing gives a bar
    another size. Only bars that are one length change.

    Attributes:
        measures: lines at the mean, the median or the mode of all bars.
        numbers: amounts are written; without them, only lengths tell.
    """

    VERBS: ClassVar[dict[str, float]] = {"sort": 1.6, "level": 2.0, "grow": 1.6}

    template: Literal["bars"]
    bars: Annotated[tuple[Bar, ...], Field(min_length=1, max_length=8)]
    measures: Annotated[tuple[Measure, ...], Field(max_length=3)] = ()
    numbers: bool = True

    def with_units(self, other: Self) -> Self:
        pairs = zip(self.bars, other.bars, strict=True)
        bars = tuple(new.with_unit(bar.amount.unit) if bar.amount else new for bar, new in pairs)
        return other.model_copy(update={"bars": bars})

    def elements(self) -> Sequence[str]:
        pieces = (piece.id for bar in self.bars for piece in bar.pieces)
        return [*(bar.id for bar in self.bars), *pieces, *(line.id for line in self.measures)]

    def labels(self, language: str = "en") -> Iterator[str]:
        values = self.values(self.at_end(), level=False)
        for bar in self.bars:
            yield self.text(bar, language)
            yield from (self.text(piece, language) for piece in bar.pieces)
        yield from (line.text(values, language) for line in self.measures)

    def text(self, part: Bar | Piece, language: str) -> str:
        """Return what is written on a bar or a piece."""
        return part.text(language) if self.numbers else part.label

    def values(self, shown: Mapping[str, float], *, level: bool = True) -> list[float]:
        """Return the sizes of the bars while states are shown as far as told."""
        sizes = [bar.size.number for bar in self.bars]
        for name in self.states:
            verb, share = self.verb(name)[0], shown.get(name, 0.0)
            targets = list(sizes)
            if verb == "grow":
                bar, number = self._grown(name)
                targets[bar] = number
            elif verb == "level" and level:
                targets = [sum(sizes) / len(sizes)] * len(sizes)
            sizes = [size + (to - size) * share for size, to in zip(sizes, targets, strict=True)]
        return sizes

    def places(self, shown: Mapping[str, float]) -> list[float]:
        """Return the row of each bar while states are shown as far as told."""
        sorts = [name for name in self.states if self.verb(name)[0] == "sort"]
        share = max((shown.get(name, 0.0) for name in sorts), default=0.0)
        order = sorted(range(len(self.bars)), key=lambda at: self.bars[at].size.number)
        return [at + (order.index(at) - at) * share for at in range(len(self.bars))]

    def most(self) -> float:
        """Return the largest size in any state."""
        grown = [self._grown(name)[1] for name in self.states if self.verb(name)[0] == "grow"]
        return max(*(bar.size.number for bar in self.bars), *grown, 0.0)

    def _grown(self, state: str) -> tuple[int, float]:
        """Return the bar and the size that a state names; -1 if it names none."""
        name, _, number = "".join(self.verb(state)[1]).partition("=")
        at = next((at for at, bar in enumerate(self.bars) if bar.id == name), -1)
        try:
            size = float(number)
        except ValueError:
            return -1, 0.0
        return (at, size) if size > 0 else (-1, 0.0)

    def problems(self) -> Iterator[str]:
        if len({bar.size.unit for bar in self.bars}) > 1:
            yield "all bars must have the same unit"
        if any(size and size.number <= 0 for bar in self.bars for size in (bar.size, bar.by)):
            yield "a size must be above 0"
        if len({bar.by.unit if bar.by else None for bar in self.bars}) > 1:
            yield "all bars or none are rectangles, with one unit of height"
        for bar in self.bars:
            yield from bar.problems()
        if not all(bar.is_plain for bar in self.bars) and (
            self.measures or self.states or len(self.bars) > MOST_LABELLED
        ):
            yield f"measures, states and more than {MOST_LABELLED} bars need bars of one length"
            return
        for name in self.states:
            verb, arguments = self.verb(name)
            if verb == "grow" and self._grown(name)[0] < 0:
                yield "grow names a bar and its size, as in b=60"
                return
            if verb != "grow" and arguments:
                yield f"{verb} stands alone"
        sizes = [bar.size.number for bar in self.bars]
        for line in self.measures:
            if line.stated is not None and not same(line.stated, line.of(sizes)):
                yield "the stated measure differs from that of the bars"
