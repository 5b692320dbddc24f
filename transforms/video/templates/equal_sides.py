"""The two sides of an equation as lengths or areas to scale, which stay equal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from transforms.pictures.algebra import Algebra, Step
from transforms.pictures.equation_lines import Key, Sides, localized
from transforms.pictures.quantities import show_number
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import Colour, mix
from transforms.video.templates.shapes import Line, Rect, Shape, Shown, Text, View, of_range

_HIGH, _LOW = 72.0, 50.0
"""Heights of what is added, and of what is taken away below it."""
_BETWEEN, _LABEL = 48.0, 42.0
_EDGE = 66.0
"""Room left of the lengths for a label."""
_MOST_CELLS = 30
_ZOOM = 0.4
"""Part of the greatest length below which lengths are enlarged."""
_GAP = 5.0
_THIN = 10.0
"""Width of a block below which blocks are drawn as one."""


@dataclass(frozen=True)
class Part:
    """A part of a side: its size as drawn, and how many units or unknowns it holds.

    Attributes:
        size: with its sign.
        count: how many unknowns or ones.
        text: the term that it belongs to.
        seen: how far its label is shown.
    """

    side: int
    key: Key
    of: frozenset[Key]
    degree: int
    size: float
    count: float
    text: str
    seen: float = 1.0


def parts_of(form: Sides, length: float) -> list[Part]:
    """Return the parts of both sides, one for each term and power of the unknown."""
    found = []
    for number, side in enumerate(form):
        for term in side:
            for degree, factor in term.value.monomials():
                size = float(factor) * length**degree
                of = term.of or frozenset()
                text = term.text
                found.append(Part(number, term.key, of, degree, size, abs(float(factor)), text))
    return found


def blend(old: Sequence[Part], new: Sequence[Part], share: float) -> list[Part]:
    """Return parts on their way from one form to the next; both sides stay equal."""
    if share >= 1 or not old:
        return list(new)
    left, found = list(old), []
    for part in new:
        source = _source(part, left)
        if source is not None:
            left.remove(source)
        one = source or replace(part, size=0.0, count=0.0)
        same = source is not None and source.text == part.text
        seen = 1.0 if same else of_range(share, 0.5, 1)
        found.append(
            replace(
                part,
                size=one.size + (part.size - one.size) * share,
                count=one.count + (part.count - one.count) * share,
                seen=seen,
            )
        )
    rest = [
        replace(part, size=part.size * (1 - share), count=part.count * (1 - share),
                seen=1 - of_range(share, 0, 0.4))
        for part in left
    ]  # fmt: skip
    return sorted([*found, *rest], key=lambda part: part.side)


def _source(part: Part, old: Sequence[Part]) -> Part | None:
    """Return the old part that a new one comes from: its own term, or one of its kind."""
    alike = [each for each in old if each.side == part.side and each.degree == part.degree]
    related = [each for each in alike if each.key == part.key or each.key in part.of]
    kin = [each for each in related or alike if each.size * part.size > 0]
    return max(kin, key=lambda each: abs(each.size), default=None)


def _now(picture: Algebra, shown: Shown) -> tuple[list[Part], float]:
    """Return the parts at this moment, and how far the first line is shown."""
    steps = [step for changes in picture.steps() for step in changes]
    parts: list[Part] = []
    first = 0.0
    for step in steps:
        share = shown[step.name]
        if share and not _is_side_length(picture, step):
            first = first or share
            parts = blend(parts, parts_of(step.after, picture.length()), share)
    return parts, of_range(first, 0, 0.6)


def _is_side_length(picture: Algebra, step: Step) -> bool:
    """Return whether a line of areas tells the side of a square, after a root."""
    if not (picture.areas and picture.unknown()):
        return False
    return max(term.value.degree for side in step.after for term in side) < 2


def draw_lengths(picture: Algebra, room: Box, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield each side as a bar: what is added above, what is taken away below it."""
    forms = [step.after for changes in picture.steps() for step in changes]
    whole = [parts_of(form, picture.length()) for form in forms]
    sides = len(forms[0])
    totals = [
        (sum(p.size for p in parts if p.side == side and p.size > 0),
         sum(p.size for p in parts if p.side == side))
        for parts in whole for side in range(sides)
    ]  # fmt: skip
    below = any(part.size < 0 for parts in whole for part in parts)
    most, least = max(total for total, _ in totals), min(0.0, *(net for _, net in totals))
    units = most - least <= _MOST_CELLS and all(
        part.degree or part.size == int(part.size) for parts in whole for part in parts
    )
    parts, seen = _now(picture, shown)
    extent = max(_extent([part for part in parts if part.side == side]) for side in range(sides))
    share = extent / (most - least) if most > least else 0.0
    share = share if share >= _ZOOM else _ZOOM / 2 + share / 2
    scale = (room.width - _EDGE) * share / (extent or 1.0)
    start = room.x + _EDGE - least * scale
    tall = _HIGH + (_LOW + 4 if below else 0.0)
    height = sides * (tall + _LABEL) + (sides - 1) * (_BETWEEN - _LABEL)
    top = room.y + (room.height - height) / 2 + _LABEL
    rows = [top + side * (tall + _BETWEEN) for side in range(sides)]
    if seen:
        yield from _guides(parts, start, scale, rows, tall, view, seen)
    if least < 0:
        zero_box = Box(start - 30, top - 8 - _LABEL, 60, _LABEL)
        yield Text("0", zero_box, view.fade(view.palette.muted, seen), 28)
    for side, y in enumerate(rows):
        mine = [part for part in parts if part.side == side]
        label_y = y - _LABEL if side == 0 else y + tall
        yield from _bar(picture, mine, start, scale, y, label_y, units, view, seen)


def _extent(parts: Sequence[Part]) -> float:
    """Return the length of a side from its farthest point left of zero to that right of it."""
    most, net = sum(part.size for part in parts if part.size > 0), sum(part.size for part in parts)
    return most - min(0.0, net)


def _guides(
    parts: Sequence[Part], start: float, scale: float, rows: Sequence[float], tall: float,
    view: View, seen: float,
) -> Iterator[Shape]:  # fmt: skip
    """Yield lines at the start and at the end of both sides."""
    net = sum(part.size for part in parts if part.side == 0)
    colour = view.fade(view.palette.muted, seen)
    top, bottom = rows[0] - 8, rows[-1] + tall + 8
    for x in (start, start + net * scale):
        yield Line(((x, top), (x, bottom)), colour, 3)
    if len(rows) > 1:
        box = Box(start - _EDGE, rows[0] + tall, _EDGE - 8, rows[1] - rows[0] - tall)
        yield Text("=", box, colour, 40)


def _bar(
    picture: Algebra, parts: Sequence[Part], start: float, scale: float, y: float,
    label_y: float, units: bool, view: View, seen: float,
) -> Iterator[Shape]:  # fmt: skip
    x = start
    for part in parts:
        if part.size > 0:
            wide = part.size * scale
            box = Box(x, y, wide, _HIGH)
            yield from _cells(picture, part, box, scale, units, view, seen)
            if not part.degree:
                place = Box(x - 20, label_y, wide + 40, _LABEL)
                yield _number(part, place, view, seen)
            x += wide
    for part in parts:
        if part.size < 0:
            wide = -part.size * scale
            x -= wide
            box = Box(x, y + _HIGH + 4, wide, _LOW)
            yield from _cells(picture, part, box, scale, units, view, seen)
            if not part.degree:
                yield _number(part, Box(x - _EDGE, box.y, _EDGE - 6, _LOW), view, seen, "end")


def _number(part: Part, box: Box, view: View, seen: float, align: str = "center") -> Text:
    text = show_number(abs(part.size) if part.seen < 1 else part.size, view.language)
    if part.seen < 1:
        text = localized(part.text, view.language)
    return Text(text, box, view.fade(view.palette.ink, seen * part.seen), 30, align)


def _cells(
    picture: Algebra, part: Part, box: Box, scale: float, units: bool, view: View, seen: float
) -> Iterator[Shape]:
    """Yield the blocks of a part: one for each unknown, or for each one."""
    colour = view.fade(_colour(part, view), seen)
    step = abs(picture.length() ** part.degree) * scale if part.degree else scale
    if not part.degree and not units:
        step = box.width
    hollow = part.size < 0
    step = box.width if step < _THIN else step
    gap = min(_GAP, step / 4)
    done = 0.0
    while done < box.width - 0.5:
        wide = min(step, box.width - done)
        cell = Box(box.x + done + gap / 2, box.y, wide - gap, box.height)
        done += wide
        if cell.width < (_THIN if hollow else 1):
            continue
        fill = mix(view.palette.background, colour, 0.16) if hollow else colour
        yield Rect(cell, fill, 9, colour if hollow else None)
        if part.degree and wide > 30:
            ink = view.palette.ink if hollow else view.palette.on_accent
            letter = picture.unknown() + ("²" if part.degree == 2 else "")
            yield Text(letter, cell, view.fade(ink, seen), 34)


def _colour(part: Part, view: View) -> Colour:
    return view.palette.accent if part.degree else view.second


def draw_areas(picture: Algebra, room: Box, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield each term as a square of its area, the two sides next to each other."""
    whole = [
        parts_of(step.after, picture.length())
        for changes in picture.steps()
        for step in changes
        if not _is_side_length(picture, step)
    ]
    gap, equals = 22.0, 64.0
    widths = [(sum(abs(p.size) ** 0.5 for p in parts), gap * (len(parts) - 2)) for parts in whole]
    scale = min((room.width - equals - max(0.0, gaps)) / wide for wide, gaps in widths)
    highest = max(abs(p.size) ** 0.5 for parts in whole for p in parts)
    scale = min(scale, (room.height - 60) / highest)
    parts, seen = _now(picture, shown)
    base = room.y + (room.height + highest * scale) / 2 - 14
    total = sum(abs(p.size) ** 0.5 for p in parts) * scale
    gaps = gap * max(0, len(parts) - 2) + equals
    x = room.x + max(0.0, (room.width - total - gaps) / 2)
    for before, part in zip([None, *parts], parts, strict=False):
        if before is not None and before.side != part.side:
            box = Box(x, base - highest * scale / 2 - 30, equals, 60)
            yield Text("=", box, view.fade(view.palette.ink, seen), 48)
            x += equals
        elif before is not None:
            x += gap
        side = abs(part.size) ** 0.5 * scale
        yield from _square(part, Box(x, base - side, side, side), scale, view, seen)
        for step in (step for changes in picture.steps() for step in changes):
            if _is_side_length(picture, step) and shown[step.name]:
                yield from _edge(step, part, x, side, base, view, shown[step.name])
        x += side


def _square(part: Part, box: Box, scale: float, view: View, seen: float) -> Iterator[Shape]:
    if box.width < 2:
        return
    colour = view.fade(_colour(part, view), seen)
    hollow = part.size < 0
    yield Rect(box, view.palette.background if hollow else colour, 4, colour if hollow else None)
    cells = box.width / scale
    if abs(cells - round(cells)) < 1e-6 and 2 <= cells <= 14:
        ground = view.palette.background
        line = tuple(round(c + (g - c) * 0.45) for c, g in zip(colour, ground, strict=True))
        for at in range(1, round(cells)):
            x, y = box.x + at * scale, box.y + at * scale
            yield Line(((x, box.y + 2), (x, box.bottom - 2)), line, 2)  # type: ignore[arg-type]
            yield Line(((box.x + 2, y), (box.right - 2, y)), line, 2)  # type: ignore[arg-type]
    width = min(box.width, max(64.0, 22.0 * len(part.text) + 18))
    middle = Box(box.x + (box.width - width) / 2, box.y + box.height / 2 - 26, width, 52)
    if part.seen and box.width > 46:
        yield Rect(middle, view.fade(view.palette.background, seen * part.seen), 12)
        ink = view.fade(view.palette.ink, seen * part.seen)
        yield Text(localized(part.text, view.language), middle.inset(4), ink, 36)


def _edge(
    step: Step, part: Part, x: float, side: float, base: float, view: View, seen: float
) -> Iterator[Shape]:
    """Yield the length of the side of a square below it."""
    text = next((t.text for t in step.after[part.side]), "")
    ink = view.fade(view.palette.ink, seen)
    yield Line(((x, base + 10), (x + side * seen, base + 10)), ink, 4)
    yield Text(localized(text, view.language), Box(x, base + 14, side, 44), ink, 34)
