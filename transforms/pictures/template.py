"""Base of the templates: elements that appear, states that change them, and spoken beats."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from transforms.pictures.beside import with_changes
from transforms.pictures.quantities import Quantity

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Label = Annotated[str, StringConstraints(max_length=40)]
Hue = Literal["red", "orange", "yellow", "green", "blue", "violet", "brown", "grey", "pink"]
"""Natural colour of a thing that has one; others take the colours of the theme."""
Change = Annotated[str, StringConstraints(min_length=1, max_length=120)]

APPEAR_SECONDS = 0.8
"""Time in which an element appears."""
MOST_SECONDS = 4.0
"""Longest time of one movement."""
BESIDE = "beside"
"""Verb of every template: ``beside cart.mass=40`` shows the picture again with other inputs."""
_BESIDE_SECONDS = 1.2
COMPUTED = frozenset({"beats", "before", "later"})
"""Fields that are made from the marks of the narration."""


class Part(BaseModel):
    """Base class of the tables of a picture; unknown keys are errors."""

    STATED: ClassVar[frozenset[str]] = frozenset()
    """Results that the writer states; they are checked, and hold for these inputs alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Beat(Part):
    """A change and its place in the narration.

    Attributes:
        sentence: number of the sentence in the scene, from 0.
        share: part of the sentence that is spoken before it, 0-1.
        show: element or state.
    """

    sentence: Annotated[int, Field(ge=0)]
    share: Annotated[float, Field(ge=0, le=1)] = 0.0
    show: Name


class Template(Part, ABC):
    """Base class of the templates.

    Attributes:
        caption: what the picture shows, above it; optional.
        states: changes by name; the first word is the verb.
        beats: elements and states that the narration shows, in order.
        before: those that an earlier scene has shown; they stand from the start.
        later: elements that a later scene shows first; they are hidden.
    """

    VERBS: ClassVar[dict[str, float]] = {}
    """Verbs of the template's states, each with the seconds that it takes."""

    caption: Annotated[str, StringConstraints(max_length=60)] = ""
    states: Annotated[dict[Name, Change], Field(max_length=8)] = {}
    beats: Annotated[tuple[Beat, ...], Field(max_length=24)] = ()
    before: tuple[Name, ...] = ()
    later: tuple[Name, ...] = ()

    @abstractmethod
    def elements(self) -> Sequence[str]:
        """Return the ids of the elements, in the order of drawing."""

    @abstractmethod
    def labels(self, language: str = "en") -> Iterator[str]:
        """Yield what the picture shows in words and numbers, also as alternative text."""

    @abstractmethod
    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the inputs, the states and the stated results."""

    @classmethod
    def known_names(cls) -> str:
        """Return names that inputs may use, for engines; empty if the fields say them all."""
        return ""

    def verb(self, name: str) -> tuple[str, list[str]]:
        """Return verb and arguments of a state."""
        verb, *arguments = self.states[name].split()
        return verb, arguments

    def seconds(self, name: str) -> float:
        """Return how long an element or a state takes to be shown."""
        verbs = {**self.VERBS, BESIDE: _BESIDE_SECONDS}
        return verbs[self.verb(name)[0]] if name in self.states else APPEAR_SECONDS

    @property
    def beside(self) -> str:
        """Name of the state that shows the picture a second time; empty without one."""
        return next((name for name in self.states if self.verb(name)[0] == BESIDE), "")

    @property
    def first(self) -> Self:
        """The picture without the one beside it."""
        states = {name: state for name, state in self.states.items() if name != self.beside}
        return self.model_copy(update={"states": states}) if self.beside else self

    @cached_property
    def second(self) -> Self | None:
        """The picture with the inputs that `beside` changes; None without such a state."""
        if not self.beside:
            return None
        data = with_changes(self.inputs(), self.verb(self.beside)[1])
        found = type(self).model_validate({**data, "states": self.first.states})
        found = self.with_units(found)
        return found.model_copy(update={name: getattr(self, name) for name in COMPUTED})

    def with_units(self, other: Self) -> Self:
        """Return a picture of other inputs, its results in the units of the stated ones."""
        return other

    def inputs(self) -> dict[str, Any]:
        """Return the inputs as plain data, without stated results, states and beats."""
        given: dict[str, Any] = _inputs(self)
        return {key: value for key, value in given.items() if key not in {*COMPUTED, "states"}}

    def described(self, language: str = "en") -> Iterator[str]:
        """Yield caption and labels, and those that differ in the picture beside it."""
        labels = list(filter(None, (self.caption, *self.first.labels(language))))
        yield from labels
        if self.second is not None:
            yield from (label for label in self.second.described(language) if label not in labels)

    def at_start(self) -> dict[str, float]:
        """Return how far each element and state is shown before the first beat, 0 or 1."""
        told = {*(beat.show for beat in self.beats), *self.later}
        shown = {name: float(name not in told) for name in self.elements()}
        return {**shown, **dict.fromkeys(self.states, 0.0), **dict.fromkeys(self.before, 1.0)}

    def at_end(self) -> dict[str, float]:
        """Return how far each element and state is shown after the last beat, 0 or 1."""
        return {**self.at_start(), **{beat.show: 1.0 for beat in self.beats}}

    def order(self) -> Sequence[str]:
        """Return what an earlier scene and this one show, in order."""
        return (*self.before, *(beat.show for beat in self.beats))

    @model_validator(mode="after")
    def _valid(self) -> Self:
        problem = next(self._all_problems(), "")
        if problem:
            raise ValueError(problem)
        return self

    def _all_problems(self) -> Iterator[str]:
        names = (*self.elements(), *self.states)
        if max(Counter(names).values(), default=0) > 1:
            yield "an id names two things; give each its own"
        verbs = (*self.VERBS, BESIDE)
        if any(self.verb(name)[0] not in verbs for name in self.states):
            yield f"a state begins with an unknown verb; known: {' or '.join(verbs)}"
        if not {*(beat.show for beat in self.beats), *self.before, *self.later} <= set(names):
            yield "a beat shows neither an element nor a state"
        yield from self.first.problems()
        if sum(self.verb(name)[0] == BESIDE for name in self.states) > 1:
            yield "only one state may be beside"
        try:
            self.second  # noqa: B018  (computed once)
        except ValidationError as error:
            message = error.errors(include_url=False, include_input=False)[0]["msg"]
            yield f"the picture beside is not valid: {message.removeprefix('Value error, ')}"
        except ValueError as error:
            yield str(error)


def _inputs(value: Any) -> Any:
    """Return the inputs of a part as plain data, without the results that its writer states."""
    if isinstance(value, Part):
        given = {key: getattr(value, key) for key in type(value).model_fields.keys() - value.STATED}
        return {key: _inputs(each) for key, each in given.items() if each is not None}
    if isinstance(value, tuple) and not isinstance(value, Quantity):
        return [_inputs(inner) for inner in value]
    return value
