"""Parts of the sides of an equation: their sizes, also while a line becomes the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from transforms.pictures.algebra import Algebra, Step
from transforms.pictures.equation_lines import Key, Sides
from transforms.video.draw.design import Colour, mix
from transforms.video.templates.shapes import Shown, View, of_range


@dataclass(frozen=True)
class Part:
    """A part of a side: its size as drawn, and how many units or unknowns it holds.

    Attributes:
        size: with its sign.
        count: how many unknowns or ones.
        text: the term that it belongs to.
        seen: how far its label is shown.
        tone: 1 for every second of its side, kind and sign, which is lighter.
    """

    side: int
    key: Key
    of: frozenset[Key]
    degree: int
    size: float
    count: float
    text: str
    seen: float = 1.0
    tone: float = 0.0


def parts_of(form: Sides, length: float) -> list[Part]:
    """Return the parts of both sides, one for each term and power of the unknown."""
    found: list[Part] = []
    for number, side in enumerate(form):
        for term in side:
            for degree, factor in term.value.monomials():
                size, count = float(factor) * length**degree, abs(float(factor))
                alike = [
                    each for each in found
                    if each.side == number and each.degree == degree and each.size * size > 0
                ]  # fmt: skip
                part = Part(number, term.key, term.of, degree, size, count, term.text)
                found.append(replace(part, tone=float(len(alike) % 2)))
    return found


def blend(old: Sequence[Part], new: Sequence[Part], share: float) -> list[Part]:
    """Return parts on their way from one form to the next; both sides stay equal."""
    if share >= 1 or not old:
        return list(new)
    left, placed, at = list(enumerate(old)), [], -1.0
    for part in new:
        source = _source(part, [each for _, each in left])
        if source is not None:
            at = float(next(place for place, each in left if each is source))
            left = [each for each in left if each[1] is not source]
        one = source or replace(part, size=0.0, count=0.0)
        between = replace(
            part,
            size=one.size + (part.size - one.size) * share,
            count=one.count + (part.count - one.count) * share,
            tone=one.tone + (part.tone - one.tone) * share,
            seen=1.0 if one.text == part.text and source else of_range(share, 0.5, 1),
        )
        # A part from nowhere stands after the one before it.
        at = at if source is not None else at + 0.01
        placed.append((between, at))
    for place, part in left:
        gone = replace(
            part,
            size=part.size * (1 - share),
            count=part.count * (1 - share),
            seen=1 - of_range(share, 0, 0.4),
        )
        placed.append((gone, float(place)))
    return [part for part, place in sorted(placed, key=lambda each: (each[0].side, each[1]))]


def _source(part: Part, old: Sequence[Part]) -> Part | None:
    """Return the old part that a new one comes from: its own term, or one of its kind."""
    alike = [each for each in old if each.side == part.side and each.degree == part.degree]
    related = [each for each in alike if each.key == part.key or each.key in part.of]
    kin = [each for each in related or alike if each.size * part.size > 0]
    return max(kin, key=lambda each: abs(each.size), default=None)


def parts_now(picture: Algebra, shown: Shown) -> tuple[list[Part], float]:
    """Return the parts at this moment, and how far the first line is shown."""
    steps = [step for changes in picture.steps() for step in changes]
    parts: list[Part] = []
    first = 0.0
    for step in steps:
        share = shown[step.name]
        if share and not is_side_length(picture, step):
            first = first or share
            parts = blend(parts, parts_of(step.after, picture.length()), share)
    return parts, of_range(first, 0, 0.6)


def is_side_length(picture: Algebra, step: Step) -> bool:
    """Return whether a line of areas tells the side of a square, after a root."""
    if not (picture.areas and picture.unknown()):
        return False
    return max(term.value.degree for side in step.after for term in side) < 2


def colour_of(part: Part, view: View) -> Colour:
    """Return the colour of a part: of numbers or of the unknown, every second number lighter."""
    if part.degree:
        return view.palette.accent
    return mix(view.second, view.palette.background, 0.4 * part.tone)
