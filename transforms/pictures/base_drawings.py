"""Base drawings and icons: SVG paths with named parts and anchors, in data files."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from transforms.pictures.template import Name

DrawingName = Literal[
    "animal-cell",
    "beetles",
    "chloroplast",
    "circuit",
    "digestive-tract",
    "earth-section",
    "fault",
    "heart",
    "helix",
    "immune",
    "lamp",
    "landscape",
    "leaf",
    "magnet",
    "meiosis",
    "membrane",
    "mitochondrion",
    "mitosis",
    "neuron",
    "orbit",
    "peas",
    "plant-cell",
    "plates",
    "prism",
    "star",
    "sun-earth-moon",
    "tides",
    "volcano",
    "wave",
]
"""Names of the base drawings, each a file."""

IconName = Literal[
    "apple",
    "atom",
    "ball",
    "bird",
    "book",
    "box",
    "car",
    "cart",
    "cloud",
    "coin",
    "computer",
    "drop",
    "factory",
    "fish",
    "flag",
    "house",
    "lamp",
    "leaf",
    "microbe",
    "mouse",
    "person",
    "rock",
    "sun",
    "tree",
]
"""Names of the icons, each a table of ``icons.toml``."""

HUES = (
    "accent", "second", "ink", "muted", "line", "tint", "background",
    "green", "blue", "red", "yellow", "orange", "brown", "grey", "pink", "violet", "white",
)  # fmt: skip
"""Colours of shapes: of the theme, and of things whose colour is part of what they are."""
SHADES = ("", "pale-", "soft-", "deep-", "dark-")
"""Prefixes of a colour: mixed with the background, with the ink, or with the night."""
COLOURS = frozenset(shade + hue for shade in SHADES for hue in HUES)

ICON_SIDE = 100.0
"""Side of the square that the coordinates of an icon lie in."""

_FOLDER = Path(__file__).with_name("drawings")
_ICONS = "icons.toml"

Place = tuple[float, float]


class Shape(BaseModel):
    """A shape of a drawing: a path or a circle, filled, stroked or both.

    Attributes:
        part: the part of the drawing that it belongs to; empty for the surroundings.
        path: SVG path data.
        circle: middle and radius, instead of a path.
        fill: colour inside.
        line: colour of the outline.
        width: thickness of the outline.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    part: Name | Literal[""] = ""
    path: str = ""
    circle: tuple[float, float, float] | None = None
    fill: str = ""
    line: str = ""
    width: Annotated[float, Field(gt=0)] = 3.0

    @model_validator(mode="after")
    def _valid(self) -> Self:
        if bool(self.path) == bool(self.circle):
            raise ValueError("a shape is a path or a circle")
        if not {self.fill, self.line} <= COLOURS | {""} or not (self.fill or self.line):
            raise ValueError("a shape has a fill or a line of a known colour")
        return self


class BaseDrawing(BaseModel):
    """A reviewed drawing.

    Attributes:
        size: width and height of the room that its coordinates lie in.
        anchors: named places; those of a part have its name.
        shapes: from back to front.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: Place
    anchors: Mapping[Name, Place] = {}
    shapes: tuple[Shape, ...]

    def parts(self) -> Sequence[str]:
        """Return the names of the parts."""
        return tuple(dict.fromkeys(shape.part for shape in self.shapes if shape.part))

    @model_validator(mode="after")
    def _valid(self) -> Self:
        if not set(self.parts()) <= set(self.anchors):
            raise ValueError("each part needs an anchor of its name")
        wide, high = self.size
        if not all(0 <= x <= wide and 0 <= y <= high for x, y in self.anchors.values()):
            raise ValueError("an anchor lies outside of the drawing")
        return self


@lru_cache
def base_drawing(name: str) -> BaseDrawing:
    """Return a base drawing."""
    return BaseDrawing.model_validate(_read(f"{name}.toml"))


@lru_cache
def icons() -> Mapping[str, BaseDrawing]:
    """Return the icons by name, each in a square."""
    return {
        name: BaseDrawing(size=(ICON_SIDE, ICON_SIDE), shapes=shapes)
        for name, shapes in _read(_ICONS).items()
    }


def drawing_files() -> Sequence[str]:
    """Return the names of the base drawings that have a file."""
    return sorted(file.stem for file in _FOLDER.glob("*.toml") if file.name != _ICONS)


def _read(file: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / file).read_text(encoding="utf-8"))
