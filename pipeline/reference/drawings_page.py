"""Page of the base drawings with their anchors and parts, and of the icons."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from transforms.pictures.base_drawings import DrawingName, base_drawing, icons

_INTRODUCTION = """\
A picture of the template `drawing` shows one of these drawings ([how](../pictures.md)). Labels,
flows and close-ups name an anchor; the state `highlight` names a part, which has an anchor of its
name. The paths are in `transforms/pictures/drawings/`.

| drawing | parts | other anchors |
| --- | --- | --- |
"""


def page() -> str:
    """Return the drawings, with anchors and parts, and the icons, as Markdown."""
    rows = (
        (name, drawing.parts(), set(drawing.anchors) - set(drawing.parts()))
        for name in get_args(DrawingName)
        for drawing in [base_drawing(name)]
    )
    table = "".join(
        f"| `{name}` | {_listed(parts)} | {_listed(sorted(others))} |\n"
        for name, parts, others in rows
    )
    return f"{_INTRODUCTION}{table}\nIcons: {_listed(sorted(icons()))}.\n"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
