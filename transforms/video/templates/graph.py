"""Drawing of the template `graph`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from math import cos, hypot, pi, sin

from transforms.pictures.graph import Graph, Link, Node
from transforms.pictures.quantities import Quantity, show
from transforms.pictures.timeline import shown_date
from transforms.text.language import primary_subtag
from transforms.video.draw.canvas import Box
from transforms.video.draw.design import Colour, mix
from transforms.video.templates.graph_places import (
    LABEL,
    Place,
    group_panels,
    node_places,
    ring_angle,
    ring_of,
)
from transforms.video.templates.hues import hue
from transforms.video.templates.paths import (
    flow_arrow,
    latest_travel,
    length_of,
    part_of,
    point_on,
    travelling_dot,
)
from transforms.video.templates.shapes import (
    Disc,
    Point,
    Rect,
    Shape,
    Shown,
    Text,
    View,
    of_range,
    size_for_words,
)
from transforms.video.templates.sprites import Icon

_THIN, _THICK = 5.0, 8.0
_COUNTER = 48.0
_DOT = 12.0
_LETTER = 13.0
"""Design pixels that a letter of a label takes at most, on average."""


def draw_graph(picture: Graph, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the shapes of groups, edges and nodes, a travelling dot, and a counter of days."""
    area = view.area
    counted = any(picture.verb(name)[0] == "until" for name in picture.states)
    if counted or (picture.counts and picture.layout in ("tree", "levels")):
        area = Box(area.x, area.y, area.width, area.height - _COUNTER)
    places = node_places(picture, area)
    marks = {name: shown[name] for name in picture.states if shown[name] > 0}
    if picture.layout == "groups":
        yield from _groups(picture, area, view, shown)
    lines = {link.ends: _line(picture, link, places, area) for link in picture.links}
    for link in picture.links:
        yield from _edge(picture, link, lines[link.ends], view, shown, marks)
    for node in picture.nodes:
        marked = _marked(picture, node.id, marks)
        behind = picture.layout in ("tree", "levels")
        yield from _node(node, places[node.id], view, shown[node.id], marked, behind=behind)
    yield from _traveller(picture, places, lines, view, shown)
    if counted:
        yield from _counter(picture, area, view, shown)
    elif area is not view.area:
        yield from _level_counts(picture, places, area, view, shown)


def _marked(picture: Graph, key: str | tuple[str, str], marks: Mapping[str, float]) -> float:
    return max((share for name, share in marks.items() if key in picture.marked(name)), default=0.0)


def _groups(picture: Graph, area: Box, view: View, shown: Shown) -> Iterator[Shape]:
    palette = view.palette
    for group, panel in zip(picture.groups, group_panels(picture, area), strict=True):
        seen = shown[group.id]
        yield Rect(panel.box, view.fade(palette.tint, seen), 20, view.fade(palette.line, seen))
        count = str(len(picture.members(group.id))) if picture.counts else ""
        text = ": ".join(filter(None, (group.label, count)))
        yield Text(text, panel.label, view.fade(palette.ink, seen), 28)


def _line(picture: Graph, link: Link, places: Mapping[str, Place], area: Box) -> tuple[Point, ...]:
    """Return the line of an edge from the rim of a node to the rim of the next."""
    start, end = (places[each] for each in link.ends)
    line: tuple[Point, ...] = (start.middle, end.middle)
    ids = [node.id for node in picture.nodes]
    if picture.layout == "cycle" and link.ends in set(pairwise([*ids, ids[0]])):
        (mx, my), (rx, ry) = ring_of(area)
        at, steps = ring_angle(ids.index(link.ends[0]), len(ids)), 24
        angles = [at + 2 * pi / len(ids) * step / steps for step in range(steps + 1)]
        line = tuple((mx + rx * cos(angle), my + ry * sin(angle)) for angle in angles)
    gap = 5.0
    return part_of(line, start.radius + gap, length_of(line) - end.radius - gap)


def _edge(
    picture: Graph, link: Link, line: tuple[Point, ...], view: View, shown: Shown,
    marks: Mapping[str, float],
) -> Iterator[Shape]:  # fmt: skip
    palette = view.palette
    seen = shown[link.id] if link.id else of_range(min(shown[each] for each in link.ends), 0.3, 1)
    if not seen or len(line) < 2:
        return
    marked = _marked(picture, link.id or link.ends, marks)
    colour = mix(palette.muted, hue("red", palette), marked)
    thick = _THIN + (_THICK - _THIN) * marked
    yield from flow_arrow(line, seen, colour, palette.background, thick, head=picture.arrows)
    if link.label:
        ink = view.fade(mix(palette.muted, hue("red", palette), marked), of_range(seen, 0.5, 1))
        yield from _edge_label(picture, link, line, view, ink)


def _edge_label(
    picture: Graph, link: Link, line: tuple[Point, ...], view: View, ink: Colour
) -> Iterator[Shape]:
    """Yield the label of an edge: outside of a cycle, or on its middle."""
    area, (x, y) = view.area, point_on(line, 0.5)
    if picture.layout == "cycle":
        (mx, my), (rx, ry) = ring_of(area)
        across, down = (x - mx) / rx**2, (y - my) / ry**2
        long = hypot(across, down)
        if abs(across) < 0.3 * long:
            top = y - 40 if down < 0 else y + 8
            yield Text(link.label, Box(x - 160, top, 320, 32), ink, 24)
            return
        x, y = x + 24 * across / long, y + min(0.0, 26 * down / long)
        right = x >= mx
        box = Box(x if right else area.x, y - 17, area.right - x if right else x - area.x, 34)
        yield Text(link.label, box, ink, 24, "start" if right else "end")
        return
    width = min(220.0, _LETTER * len(link.label) + 16)
    box = Box(x - width / 2, y - 17, width, 34)
    yield Rect(box, view.palette.background, 10)
    yield Text(link.label, box, ink, 24)


def _node(
    node: Node, place: Place, view: View, seen: float, marked: float, *, behind: bool
) -> Iterator[Shape]:
    """Yield a disc with its icon and its label; `behind` hides edges that run behind the label."""
    palette = view.palette
    (x, y), radius = place.middle, place.radius
    red = hue("red", palette)
    if node.icon:
        ground = mix(palette.tint, red, 0.3 * marked)
        yield Disc(x, y, radius * of_range(seen, 0, 0.6), mix(palette.accent, red, marked))
        yield Disc(x, y, (radius - 4) * of_range(seen, 0, 0.6), ground)
        side = 1.24 * radius
        box = Box(x - side / 2, y - side / 2, side, side)
        yield Icon(node.icon, box, palette, of_range(seen, 0.4, 1), ground)
    else:
        yield Disc(x, y, 0.72 * radius * of_range(seen, 0, 0.6), mix(palette.accent, red, marked))
    ink = view.fade(mix(palette.ink, red, 0.6 * marked), of_range(seen, 0.4, 1))
    lines = 2 if place.label.height >= LABEL else 1
    if behind and node.label:
        wide = _LETTER * len(node.label)
        if wide > place.label.width:
            wide = min(place.label.width, wide / 1.6) if lines == 2 else place.label.width
        top = Box(x - wide / 2, place.label.y + 4, wide, min(place.label.height, 60.0) - 8)
        yield Rect(top, palette.background, 8)
    size = size_for_words(node.label, place.label.width, 26)
    yield Text(node.label, place.label, ink, size, place.align, lines=lines)


def _traveller(
    picture: Graph, places: Mapping[str, Place], lines: Mapping[tuple[str, str], tuple[Point, ...]],
    view: View, shown: Shown,
) -> Iterator[Shape]:  # fmt: skip
    """Yield the dot of the latest state that sends one along edges."""
    travel = latest_travel(picture, shown)
    if not travel:
        return
    stops, share = travel
    way: list[Point] = [places[stops[0]].middle]
    for start, end in pairwise(stops):
        line = lines.get((start, end)) or tuple(reversed(lines[(end, start)]))
        way += [*line, places[end].middle]
    yield from travelling_dot(point_on(way, share), _DOT, view.second, view.palette.background)


def _counter(picture: Graph, area: Box, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the date of the latest state, and the days that have passed."""
    days, until = 0, ""
    for name in picture.order():
        if name in picture.states and picture.verb(name)[0] == "until" and shown[name] > 0:
            until = picture.date_of(name)
            days += round((picture.days(until) - days) * shown[name])
    if until:
        english = primary_subtag(view.language) == "en"
        unit = ("day" if days == 1 else "days") if english else "d"
        passed = show(Quantity(days, unit), view.language)
        text = f"{shown_date(until, view.language)} · {passed}"
        box = Box(area.x, area.bottom + 6, area.width, _COUNTER - 6)
        yield Text(text, box, hue("red", view.palette), 32)


def _level_counts(
    picture: Graph, places: Mapping[str, Place], area: Box, view: View, shown: Shown
) -> Iterator[Shape]:
    """Yield the number of nodes below each level."""
    for level, count in enumerate(picture.level_counts()):
        ids = [node for node, at in picture.level_of.items() if at == level]
        x = places[ids[0]].middle[0]
        seen = min(shown[each] for each in ids)
        box = Box(x - 60, area.bottom + 4, 120, _COUNTER - 4)
        yield Text(f"{count}", box, view.fade(view.palette.accent, seen), 34)
