"""Drawing of the template `algebra`: lines of an equation beside the lengths of its sides."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import pi, sin
from typing import NamedTuple

from transforms.pictures.algebra import Algebra, Step
from transforms.pictures.equation_lines import Key, Side, Sides, Term, cancelling, localized
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import STRONG, Colour
from transforms.video.draw.shaping import shape
from transforms.video.templates.equal_areas import draw_areas
from transforms.video.templates.equal_sides import draw_lengths
from transforms.video.templates.shapes import (
    Line,
    Rect,
    Shape,
    Shown,
    Text,
    View,
    of_range,
)

_SIZE, _ROW = 52.0, 98.0
_SPACE, _EQUALS = 0.3, 1.5
"""Ems between two terms, and those that the equals sign takes."""
_MOST = 0.56
"""Largest share of the width for the lines."""
_NARROW = 700.0
"""Width of a room below which the lengths are drawn below the lines."""
_GUTTER = 76.0
_BRACKET, _PILL = 16.0, 40.0
_UNDERLINE = 5.0


class _Place(NamedTuple):
    """Where a term stands: its left end, width of its sign and its whole width, in ems."""

    x: float
    sign: float
    width: float


class _Layout(NamedTuple):
    """The lines on the slide: left end, column of the equals sign, size of letters, rows."""

    left: float
    equals: float
    size: float
    top: float
    row: float
    right: float

    def y(self, line: int) -> float:
        """Return the middle of a line."""
        return self.top + (line + 0.5) * self.row


def draw_algebra(picture: Algebra, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the shapes of the lines shown so far, and of the two sides as equal lengths."""
    steps = picture.steps()
    layout, room = _lay_out(picture, steps, view)
    for at, (changes, operation) in enumerate(zip(steps, picture.operations(), strict=True)):
        current = next((step for step in reversed(changes) if shown[step.name]), None)
        if current is None:
            continue
        seen = shown[changes[0].name]
        if operation:
            yield from _operation(operation, at, layout, view, seen)
        struck = next((shown[step.name] for step in changes if step.verb == "cancel"), 0.0)
        yield from _line(current, shown[current.name], struck, layout, view, seen)
    draw = draw_areas if picture.areas else draw_lengths
    yield from draw(picture, room, view, shown)


def _lay_out(
    picture: Algebra, steps: tuple[tuple[Step, ...], ...], view: View
) -> tuple[_Layout, Box]:
    """Return the place of the lines, and the room beside them."""
    area = view.area
    narrow = area.width < _NARROW
    high = area.height * 0.48 if narrow else area.height
    row = min(_ROW, high / len(steps))
    size = min(_SIZE, row * 0.58)
    left, right = _columns(picture, view)
    peers = view.alike(picture)
    operations = [label for peer in peers for label in peer.operations() if label]
    pill = max((_em(label, view.language) for label in operations), default=0.0)
    beside = (pill * size * 0.7 + _BRACKET + 44) if operations else 0.0
    widest = max(sum(_columns(peer, view)) for peer in peers)
    size = min(size, (area.width * (1.0 if narrow else _MOST) - beside) / (widest + _EQUALS))
    end = area.x + (left + _EQUALS + right) * size
    top = area.y + (high - row * len(steps)) / 2
    layout = _Layout(area.x, area.x + left * size, size, top, row, end)
    if narrow:
        return layout, Box(area.x, area.y + high + 12, area.width, area.height - high - 12)
    start = end + beside + _GUTTER
    return layout, Box(start, area.y, area.right - start, area.height)


def _columns(picture: Algebra, view: View) -> tuple[float, float]:
    """Return the widths of both sides of the equals sign, in ems."""
    steps = [step for changes in picture.steps() for step in changes]
    forms = [form for step in steps for form in (step.before, step.after)]
    # A line without an equals sign has its terms to the right of that column.
    left = max(_width(form[0], view.language) if len(form) > 1 else 0.0 for form in forms)
    return left, max(_width(form[-1], view.language) for form in forms)


def _line(
    step: Step, share: float, struck: float, layout: _Layout, view: View, seen: float
) -> Iterator[Shape]:
    """Yield the terms of a line on their way from one form to the next."""
    y = layout.y(step.line)
    y -= layout.row * 0.45 * (1 - seen)
    ink = view.fade(view.palette.ink, of_range(seen, 0.2, 1))
    if len(step.after) > 1 or step.line:
        box = Box(layout.equals, y - layout.row / 2, _EQUALS * layout.size, layout.row)
        yield Text("=", box, ink, layout.size)
    before, after = _places(step.before, view.language), _places(step.after, view.language)
    terms = {term.key: term for side in step.after for term in side}
    old = {term.key: term for side in step.before for term in side}
    gone = frozenset().union(*map(cancelling, step.before)) if struck else frozenset()
    moves = share if step.verb in ("move", "merge") else 1.0
    for side in step.before if moves < 1 else ():
        for term in side:
            target = _target(term.key, terms)
            start, end = before[term.key], after[target] if target else None
            if target and (step.verb == "move" or _is_same(term, terms[target])):
                continue
            fade = 1 - of_range(moves, 0.4, 0.6) if end else 1 - of_range(moves, 0, 0.4)
            x = start.x + ((end.x - start.x) * of_range(moves, 0, 0.6) if end else 0.0)
            place = start._replace(x=x)
            faint = 0.45 if term.key in gone else 1.0
            yield from _term(term, place, y, layout, view, seen * fade * faint)
            if term.key in gone:
                yield from _strike(place, y, layout, view, seen * fade)
    for side in step.after:
        for term in side:
            end = after[term.key]
            start, fade, lift = end, 1.0, 0.0
            if moves < 1 and term.key in before:
                start = before[term.key]
            elif moves < 1:
                sources = [before[key] for key in term.of if key in before]
                start = min(sources, default=end, key=lambda place: place.x)
                same = any(_is_same(term, old[key]) for key in term.of if key in old)
                fade = 1.0 if same else of_range(moves, 0.6, 0.85)
                if step.verb == "move" and sources:
                    fade, lift = 1.0, sin(pi * moves) * layout.row * 0.42
            way = moves if step.verb == "move" else of_range(moves, 0, 0.6)
            x = start.x + (end.x - start.x) * way
            faint = 1 - 0.5 * struck if term.key in gone and step.verb == "cancel" else 1.0
            place = end._replace(x=x)
            yield from _term(term, place, y - lift, layout, view, seen * fade * faint)
            if term.key in gone and step.verb == "cancel":
                yield from _strike(place, y, layout, view, seen, struck)


def _target(key: Key, terms: dict[Key, Term]) -> Key | None:
    """Return the term of the next form that a term becomes."""
    if key in terms:
        return key
    return next((term.key for term in terms.values() if key in term.of), None)


def _is_same(one: Term, other: Term) -> bool:
    return one.key == other.key or (one.text, one.sign) == (other.text, other.sign)


def _term(
    term: Term, place: _Place, y: float, layout: _Layout, view: View, seen: float
) -> Iterator[Shape]:
    if seen <= 0:  # letters in the colour of the ground would cover others
        return
    size = layout.size
    x = layout.equals + place.x * size
    # The box is wider than the letters, so that they keep their size.
    box = Box(x - size * 0.2, y - layout.row / 2, (place.width + 0.4) * size, layout.row)
    text = localized(_shown(term, first=not place.sign), view.language)
    yield Text(text, box, view.fade(view.palette.ink, seen), size)
    if not term.mark and term.value.coefficients:
        under = Box(
            x + place.sign * size, y + size * 0.56, (place.width - place.sign) * size, _UNDERLINE
        )
        yield Rect(under, view.fade(colour_of(term.value.degree, view), seen), _UNDERLINE / 2)


def _strike(
    place: _Place, y: float, layout: _Layout, view: View, seen: float, drawn: float = 1.0
) -> Iterator[Shape]:
    size = layout.size
    left = layout.equals + (place.x + place.sign * 0.5) * size
    right = layout.equals + (place.x + place.width + 0.08) * size
    x = left + (right - left) * drawn
    ends = ((left, y + size * 0.3), (x, y + size * (0.3 - 0.6 * drawn)))
    yield Line(ends, view.fade(view.palette.ink, seen), 4)


def _operation(label: str, line: int, layout: _Layout, view: View, seen: float) -> Iterator[Shape]:
    """Yield what is done to both sides, on the way from the line before."""
    palette = view.palette
    x, high, low = layout.right + 14, layout.y(line - 1), layout.y(line)
    end = high + 8 + (low - high - 16) * of_range(seen, 0, 0.7)
    colour = view.fade(palette.muted, of_range(seen, 0, 0.3))
    bend = x + _BRACKET
    yield Line(((x, high + 8), (bend, high + 8), (bend, end)), colour, 3)
    if seen >= 0.7:
        yield Line(((bend, low - 8), (x, low - 8)), colour, 3)
    width = _em(label, view.language) * layout.size * 0.7 + 26
    height = min(_PILL, layout.row * 0.6)
    pill = Box(bend - 10, (high + low - height) / 2, width, height)
    yield Rect(pill, view.fade(palette.tint, of_range(seen, 0.2, 0.6)), height / 2)
    ink = view.fade(palette.ink, of_range(seen, 0.3, 0.8))
    yield Text(localized(label, view.language), pill.inset(2), ink, layout.size * 0.7)


def colour_of(degree: int, view: View) -> Colour:
    """Return the colour of numbers, or of terms with the unknown."""
    return view.palette.accent if degree else view.second


def _places(form: Sides, language: str) -> dict[Key, _Place]:
    """Return where the terms of a line stand, in ems from the column of the equals sign."""
    places = {}
    for number, side in enumerate(form):
        both = len(form) > 1
        x = -_width(side, language) if both and number == 0 else _EQUALS
        for at, term in enumerate(side):
            text = localized(_shown(term, first=at == 0), language)
            width = _em(text, language)
            bare = term.mark or at == 0
            sign = 0.0 if bare else width - _em(localized(term.text, language), language)
            places[term.key] = _Place(x, sign, width)
            x += width + _SPACE
    return places


def _width(side: Side, language: str) -> float:
    texts = [localized(_shown(term, first=at == 0), language) for at, term in enumerate(side)]
    return sum(_em(text, language) for text in texts) + _SPACE * (len(texts) - 1)


def _shown(term: Term, *, first: bool) -> str:
    if term.mark:
        return term.text
    if first:
        return f"−{term.text}" if term.sign < 0 else term.text
    return f"{'+' if term.sign > 0 else '−'} {term.text}"


@lru_cache(maxsize=1024)
def _em(text: str, language: str) -> float:
    """Return the width of a text in ems."""
    return shape(text, language, 100.0, STRONG, False).width / 100
