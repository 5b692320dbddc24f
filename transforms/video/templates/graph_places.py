"""Places of the nodes of a graph, and rooms of their labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, cos, pi, sin, sqrt
from typing import NamedTuple

from transforms.pictures.graph import Graph, Node
from transforms.video.draw.canvas import Box
from transforms.video.templates.shapes import Point

LABEL = 56.0
"""Height of a label of two lines."""
_LINE = 34.0
_LARGEST = 34.0
_SPACE = 10.0
_STACK = 4
"""Nodes of a group that stand in one column where edges lead to other groups."""


class Place(NamedTuple):
    """Middle and radius of a node, the room of its label, and how the label is aligned."""

    middle: Point
    radius: float
    label: Box
    align: str


class Panel(NamedTuple):
    """The room of a group and that of its label."""

    box: Box
    label: Box


def node_places(graph: Graph, area: Box) -> dict[str, Place]:
    """Return the place of each node."""
    if graph.layout in ("ring", "cycle"):
        return dict(_ring(graph, area))
    if graph.layout == "groups":
        return dict(_grouped(graph, area))
    return dict(_levels(graph, area))


def ring_of(area: Box) -> tuple[Point, Point]:
    """Return the middle of a ring, and its radii."""
    middle = (area.x + area.width / 2, area.y + area.height / 2)
    return middle, (area.width * 0.215, area.height / 2 - _LARGEST - _LINE - 2)


def ring_angle(at: int, count: int) -> float:
    """Return the angle of a node of a ring: clockwise from the top."""
    return -pi / 2 + 2 * pi * at / count


def _ring(graph: Graph, area: Box) -> Iterator[tuple[str, Place]]:
    (mx, my), (rx, ry) = ring_of(area)
    count = len(graph.nodes)
    radius = min(_LARGEST, 2.4 * ry / max(1, count - 2))
    for at, node in enumerate(graph.nodes):
        angle = ring_angle(at, count)
        x, y = mx + rx * cos(angle), my + ry * sin(angle)
        if abs(cos(angle)) < 0.05:
            above = sin(angle) < 0
            top = y - radius - _LINE if above else y + radius
            yield node.id, Place((x, y), radius, Box(x - 170, top, 340, _LINE), "center")
            continue
        gap = radius + _SPACE
        if cos(angle) > 0:
            box, align = Box(x + gap, y - LABEL / 2, area.right - x - gap, LABEL), "start"
        else:
            box, align = Box(area.x, y - LABEL / 2, x - gap - area.x, LABEL), "end"
        yield node.id, Place((x, y), radius, box, align)


def _levels(graph: Graph, area: Box) -> Iterator[tuple[str, Place]]:
    """Yield places in columns, each node near those that lead to it."""
    columns = _columns(graph)
    wide = area.width / len(columns)
    rooms = [area.height / len(column) for column in columns]
    unders = [_under(column, room) for column, room in zip(columns, rooms, strict=True)]
    radius = min(
        _LARGEST,
        *((room - under) / 2 - 3 for room, under in zip(rooms, unders, strict=True)),
    )
    for number, (column, room, under) in enumerate(zip(columns, rooms, unders, strict=True)):
        x = area.x + (number + 0.5) * wide
        for at, node in enumerate(column):
            y = area.y + (at + 0.5) * room - under / 2
            label = Box(x - wide / 2 + 6, y + radius, wide - 12, under)
            yield node.id, Place((x, y), radius, label, "center")


def _under(nodes: Sequence[Node], room: float) -> float:
    """Return the height below each node for its label: two lines if there is room."""
    if not any(node.label for node in nodes):
        return 0.0
    return LABEL if room >= LABEL + 1.6 * _LARGEST + 6 else _LINE


def _columns(graph: Graph) -> list[list[Node]]:
    columns: list[list[Node]] = [[] for _ in graph.level_counts()]
    for node in graph.nodes:
        columns[graph.level_of[node.id]].append(node)
    height = {node.id: (at + 0.5) / len(columns[0]) for at, node in enumerate(columns[0])}
    for column in columns[1:]:
        wanted = {
            node.id: [height[link.ends[0]] for link in graph.links if link.ends[1] == node.id]
            for node in column
        }
        column.sort(key=lambda node: sum(wanted[node.id]) / len(wanted[node.id]))
        height |= {node.id: (at + 0.5) / len(column) for at, node in enumerate(column)}
    return columns


def group_panels(graph: Graph, area: Box) -> Sequence[Panel]:
    """Return the rooms of the groups, side by side."""
    between = 130.0 if graph.edges else 40.0
    count = len(graph.groups)
    wide = (area.width - between * (count - 1)) / count
    boxes = [Box(area.x + at * (wide + between), area.y, wide, area.height) for at in range(count)]
    return [Panel(box, Box(box.x + 12, box.y + 6, box.width - 24, 40)) for box in boxes]


def _grouped(graph: Graph, area: Box) -> Iterator[tuple[str, Place]]:
    for group, panel in zip(graph.groups, group_panels(graph, area), strict=True):
        nodes = graph.members(group.id)
        if not nodes:
            continue
        room = Box(panel.box.x + 10, panel.box.y + 48, panel.box.width - 20, panel.box.height - 54)
        across = min(len(nodes), max(1, round(sqrt(len(nodes) * room.width / room.height * 0.7))))
        if graph.edges and len(nodes) <= _STACK:
            across = 1
        wide, tall = room.width / across, room.height / ceil(len(nodes) / across)
        under = _under(nodes, tall)
        radius = min(_LARGEST, (tall - under) / 2 - 3, wide / 2 - 4)
        for at, node in enumerate(nodes):
            in_row = min(across, len(nodes) - at // across * across)
            left = room.x + (room.width - in_row * wide) / 2
            x = left + (at % across + 0.5) * wide
            y = room.y + (at // across + 0.5) * tall - under / 2
            label = Box(x - wide / 2 + 2, y + radius, wide - 4, under)
            yield node.id, Place((x, y), radius, label, "center")
