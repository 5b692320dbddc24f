"""Pictures of a card: typed templates with inputs, which marks in the text bring to life."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, StringConstraints

Template = Literal[
    "plot", "bodies", "drawing", "bars", "cells", "graph", "particles", "algebra", "timeline"
]

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$")]


@dataclass(frozen=True)
class Picture:
    """A picture.

    Attributes:
        id: its name in the card.
        template: what computes and draws it.
        data: inputs of the template; every table with an ``id`` is an element that a mark can name.
        states: changes of the whole picture by name, such as ``merge push rub``.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    id: Name
    template: Template
    data: Mapping[str, Any]
    states: Mapping[Name, Annotated[str, StringConstraints(min_length=1)]] = field(
        default_factory=dict
    )

    def elements(self) -> tuple[str, ...]:
        """Return the ids of the picture's elements."""
        return tuple(_ids(self.data))

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield key and message of each name that is not usable."""
        elements = self.elements()
        for name, times in Counter((*elements, *self.states)).items():
            if times > 1:
                yield "data", f"{name!r} names {times} things; give each its own id"


def find_marked(
    pictures: Sequence[Picture], used: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, str]]:
    """Yield key and message of each mark without a picture, and of each picture without a mark.

    Args:
        pictures: the pictures of a card.
        used: names of the marks in each text, by the text's key.
    """
    owners: dict[str, list[str]] = defaultdict(list)
    for picture in pictures:
        for name in (*picture.elements(), *picture.states):
            owners[name].append(picture.id)
    drawn = set()
    for key, names in used.items():
        for name in names:
            of, _, local = name.rpartition(".")
            having = [owner for owner in owners.get(local, []) if of in ("", owner)]
            drawn.update(having)
            if not having:
                known = ", ".join(sorted(owners)) or "none, since the card has no pictures"
                yield key, f"no picture has [[{name}]]; known marks: {known}"
            elif len(having) > 1:
                choices = " or ".join(f"[[{owner}.{local}]]" for owner in having)
                yield key, f"several pictures have [[{name}]]; write {choices}"
    for at, picture in enumerate(pictures):
        if picture.id not in drawn:
            yield f"pictures.{at}", f"no text marks {picture.id!r}; put a [[mark]] where it is told"


def _ids(data: object) -> Iterator[str]:
    if isinstance(data, Mapping):
        if isinstance(data.get("id"), str):
            yield data["id"]
        for value in data.values():
            yield from _ids(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _ids(value)
