"""Pictures: the union of all templates, and the one validator of cards and engines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, TypeAdapter, ValidationError

from transforms.pictures.algebra import Algebra
from transforms.pictures.bars import Bars
from transforms.pictures.bodies import Bodies
from transforms.pictures.cells import Cells
from transforms.pictures.drawing import Drawing
from transforms.pictures.graph import Graph
from transforms.pictures.particles import Particles
from transforms.pictures.plot import Plot
from transforms.pictures.timeline import Timeline

Picture = Bodies | Bars | Cells | Timeline | Plot | Algebra | Particles | Drawing | Graph
TemplateName = Literal[
    "bodies", "bars", "cells", "timeline", "plot", "algebra", "particles", "drawing", "graph"
]

LONGEST = 8_000
"""Most characters of a picture's JSON."""

_ADAPTER: TypeAdapter[Picture] = TypeAdapter(Annotated[Picture, Field(discriminator="template")])


class PictureError(ValueError):
    """A picture is not valid; `args` are pairs of a path and a message, without any value."""

    args: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return "; ".join(f"{path}: {problem}" if path else problem for path, problem in self.args)


def read_picture(text: str) -> Picture:
    """Return the picture of a JSON text.

    Raises:
        PictureError: it is no picture that can be drawn.
    """
    problems, picture = _read(text)
    if picture is None:
        raise PictureError(*problems)
    return picture


def build_picture(data: Mapping[str, Any]) -> Picture:
    """Return the picture of a table.

    Raises:
        PictureError: it is no picture that can be drawn.
    """
    try:
        return _ADAPTER.validate_python(data)
    except ValidationError as error:
        raise PictureError(*_problems(error)) from None


def write_picture(picture: Picture) -> str:
    """Return a picture as JSON, the `text` of a visual of the kind ``picture``."""
    return picture.model_dump_json(exclude_defaults=True)


def standing_picture(text: str) -> str:
    """Return the JSON of a picture as it stands after its last beat.

    Raises:
        PictureError: it is no picture that can be drawn.
    """
    picture = read_picture(text)
    return write_picture(picture.model_copy(update={"before": (*picture.order(),), "beats": ()}))


def picture_labels(text: str, language: str = "en") -> tuple[str, ...]:
    """Return what the picture of a JSON text shows, in words; empty if it cannot be drawn."""
    picture = _read(text)[1]
    return () if picture is None else tuple(picture.described(language))


@lru_cache(maxsize=256)  # checks, planning and drawing read the same text
def _read(text: str) -> tuple[tuple[tuple[str, str], ...], Picture | None]:
    if len(text) > LONGEST:
        return (("", f"must have at most {LONGEST} characters"),), None
    try:
        return (), _ADAPTER.validate_json(text)
    except ValidationError as error:
        return tuple(_problems(error)), None


_TEMPLATES = f"`template` must be one of {', '.join(get_args(TemplateName))}"
_MESSAGES = {
    "union_tag_invalid": _TEMPLATES,
    "union_tag_not_found": _TEMPLATES,
    "json_invalid": "must be one JSON object",
    "extra_forbidden": "is no key of the template",
    "missing": "is missing",
    "named_tuple_type": 'must be [number, "unit"]',
}


def _problems(error: ValidationError) -> Iterator[tuple[str, str]]:
    """Yield path and message of each error, without keys or values that are not of the schema."""
    for each in error.errors(include_url=False, include_input=False):
        loc = [str(part) for part in each["loc"][1:]]
        if each["type"] == "extra_forbidden":
            loc = loc[:-1]
        if loc[:1] == ["states"]:
            loc = ["states"]
        message = _MESSAGES.get(each["type"], each["msg"].removeprefix("Value error, "))
        yield ".".join(loc), message
