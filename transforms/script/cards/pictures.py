"""Pictures of a card: a template with its inputs; marks in the text animate it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import ConfigDict, StringConstraints

from transforms.maths import arithmetic
from transforms.pictures.picture import Picture as Drawn
from transforms.pictures.picture import PictureError, TemplateName, build_picture

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$")]

_NAMES = frozenset({"ends", "way"})
"""Keys of rows of names; two of them are no quantity, even if they are called like numbers."""


@dataclass(frozen=True)
class Picture:
    """A picture of a card: template, inputs and named states.

    Attributes:
        id: its name in the card.
        template: name of the template that draws it.
        data: inputs of the template; every table with an ``id`` is an element that a mark can name.
        states: changes of the whole picture by name, such as ``merge push rub``.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    id: Name
    template: TemplateName
    data: Mapping[str, Any]
    states: Mapping[Name, Annotated[str, StringConstraints(min_length=1)]] = field(
        default_factory=dict
    )

    def elements(self) -> tuple[str, ...]:
        """Return the ids of the picture's elements."""
        return tuple(_ids(self.data))

    def with_numbers(self, numbers: Mapping[str, arithmetic.Number], **more: object) -> Drawn:
        """Return the picture with numbers in place of its expressions, ready to draw.

        Args:
            numbers: values of the names and expressions that stand for numbers.
            more: beats, and what was shown before.

        Raises:
            PictureError: a number is unknown, or the template refuses the data.
        """
        data, states = _evaluated(self.data, numbers), _evaluated(self.states, numbers)
        return build_picture({**data, "template": self.template, "states": states, **more})

    def problems(
        self, numbers: Sequence[Mapping[str, arithmetic.Number]]
    ) -> Iterator[tuple[str, str]]:
        """Yield key and message of each duplicate id and each input that the template refuses.

        Args:
            numbers: the values for each band that shows the picture.
        """
        elements = self.elements()
        clashes = [n for n, times in Counter((*elements, *self.states)).items() if times > 1]
        for name in clashes:
            yield "data", f"{name!r} names several things; give each its own id"
        if clashes:
            return
        for values in numbers:
            try:
                self.with_numbers(values)
            except PictureError as error:
                for path, problem in error.args:
                    key = path if path.startswith("states") else f"data.{path}".rstrip(".")
                    yield key, problem
                return


def find_mark_problems(
    pictures: Sequence[Picture], used: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, str]]:
    """Yield key and message of each mark without a picture and picture without a mark.

    A scene shows one picture, so all its marks must be of the same one.

    Args:
        pictures: the pictures of a card.
        used: names of the marks in each text, by the text's key.
    """
    owners: dict[str, list[str]] = defaultdict(list)
    for picture in pictures:
        for name in (*picture.elements(), *picture.states):
            owners[name].append(picture.id)
    drawn = set()
    scenes: dict[str, str] = {}
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
            elif scenes.setdefault(_scene(key), having[0]) != having[0]:
                yield key, "the scene has marks of two pictures; keep to one"
    for at, picture in enumerate(pictures):
        if picture.id not in drawn:
            yield f"pictures.{at}", f"no text marks {picture.id!r}; put a [[mark]] where it is told"


def _scene(key: str) -> str:
    """Return the key of a text's scene: ``middle.facts`` of ``middle.facts.text.0``."""
    return ".".join(key.split(".")[: 1 if key.startswith("misconception") else 2])


def _evaluated(data: Any, numbers: Mapping[str, arithmetic.Number]) -> Any:
    """Replace the expressions in quantities, labels and states with their values."""
    if isinstance(data, Mapping):
        return {
            key: value if key in _NAMES else _evaluated(value, numbers)
            for key, value in data.items()
        }
    if isinstance(data, list | tuple):
        if len(data) == 2 and all(isinstance(value, str) for value in data):
            with suppress(ValueError):
                return [arithmetic.evaluate(data[0], numbers), data[1]]
        return [_evaluated(value, numbers) for value in data]
    if isinstance(data, str) and "{" in data:
        with suppress(ValueError):
            return arithmetic.fill(data, numbers)
    return data


def _ids(data: object) -> Iterator[str]:
    if isinstance(data, Mapping):
        if isinstance(data.get("id"), str):
            yield data["id"]
        for value in data.values():
            yield from _ids(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _ids(value)
