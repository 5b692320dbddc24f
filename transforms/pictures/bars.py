"""Template `bars`: amounts as lengths, cut into equal parts of which a share is filled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from transforms.pictures.quantities import Quantity, same, show, show_number
from transforms.pictures.template import Label, Name, Part, Template

Whole = Annotated[int, Field(ge=1, le=1000, strict=True)]
MOST_PARTS = 24


class Share(Part):
    """A part of a whole: ``part`` of ``of`` equal parts; ``percent`` writes it as a percentage."""

    part: Annotated[int, Field(ge=0, le=1000, strict=True)]
    of: Whole
    percent: bool = False


class Piece(Part):
    """A piece of a bar."""

    id: Name
    label: Label = ""
    size: Quantity

    def text(self, language: str) -> str:
        """Return label and amount of the piece."""
        return f"{self.label} {show(self.size, language)}".strip()


class Bar(Part):
    """A bar: its amount, and the share of it that is filled.

    Attributes:
        size: its amount, which equals the sum of its pieces.
        pieces: amounts that lie end to end.
        by: the height of a rectangle whose width is `size`.
        amount: the share or the area that the writer states; it must equal the computed one.
    """

    STATED: ClassVar[frozenset[str]] = frozenset({"amount"})

    id: Name
    label: Label = ""
    size: Quantity
    share: Share | None = None
    pieces: Annotated[tuple[Piece, ...], Field(max_length=6)] = ()
    by: Quantity | None = None
    amount: Quantity | None = None

    def filled(self) -> Quantity:
        """Return the amount that is filled, or the area."""
        if self.by is not None:
            unit = self.amount.unit if self.amount else ""
            return Quantity(self.size.number * self.by.number, unit)
        if self.share is None:
            return self.size
        return Quantity(self.size.number * self.share.part / self.share.of, self.size.unit)

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

    def text(self, language: str) -> str:
        """Return the whole label of the bar."""
        share = self.share_label(language)
        whole, part = show(self.size, language), show(self.filled(), language)
        amount = f"{share} × {whole} = {part}" if share else whole
        if self.by is not None:
            amount = f"{whole} × {show(self.by, language)} = {part}"
        return f"{self.label}: {amount}" if self.label else amount


class Bars(Template):
    """Bars on one scale, or rectangles `by` a height; without `numbers`, only lengths count."""

    template: Literal["bars"]
    numbers: bool = True
    bars: Annotated[tuple[Bar, ...], Field(min_length=1, max_length=4)]

    def elements(self) -> Sequence[str]:
        return [name for bar in self.bars for name in (bar.id, *(p.id for p in bar.pieces))]

    def labels(self, language: str = "en") -> Iterator[str]:
        for bar in self.bars:
            yield self.text(bar, language)
            yield from (self.text(piece, language) for piece in bar.pieces)

    def text(self, part: Bar | Piece, language: str) -> str:
        """Return what is written on a bar or a piece."""
        return part.text(language) if self.numbers else part.label

    def problems(self) -> Iterator[str]:
        pieces = [piece.size for bar in self.bars for piece in bar.pieces]
        if len({size.unit for size in (*(bar.size for bar in self.bars), *pieces)}) > 1:
            yield "all bars must have the same unit"
        if any(size.number <= 0 for bar in self.bars for size in _sizes(bar)):
            yield "a size must be above 0"
        if len({bar.by.unit if bar.by else None for bar in self.bars}) > 1:
            yield "all bars or none are rectangles, with one unit of height"
        for bar in self.bars:
            total = sum(piece.size.number for piece in bar.pieces)
            if bar.pieces and not same(bar.size.number, total):
                yield "the stated size differs from the sum of the pieces"
            if (bar.share and (bar.pieces or bar.by)) or (bar.pieces and bar.by):
                yield "a bar has a share, pieces or a height"
            elif bar.share and bar.share.part > bar.share.of:
                yield "a share must not be above the whole"
            elif bar.share and bar.share.part and bar.parts()[1] == 0:
                yield f"a share must be one of at most {MOST_PARTS} equal parts"
            elif bar.amount and not same(bar.amount.number, bar.filled().number):
                yield "the stated amount differs from the share or the area of the bar"


def _sizes(bar: Bar) -> Iterator[Quantity]:
    yield bar.size
    yield from (piece.size for piece in bar.pieces)
    if bar.by is not None:
        yield bar.by
