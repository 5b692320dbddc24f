"""Base of the templates: elements that appear, states that change them, and spoken beats."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Label = Annotated[str, StringConstraints(max_length=40)]
Change = Annotated[str, StringConstraints(min_length=1, max_length=120)]

APPEAR_SECONDS = 0.8
"""Time in which an element appears."""
MOST_SECONDS = 4.0
"""Longest time of one movement."""


class Part(BaseModel):
    """Base class of the tables of a picture; unknown keys are errors."""

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
        states: changes by name; the first word is the verb.
        beats: elements and states that the narration shows, in order.
        before: those that an earlier scene has shown.
    """

    VERBS: ClassVar[dict[str, float]] = {}
    """Verbs of the template's states, each with the seconds that it takes."""

    states: Annotated[dict[Name, Change], Field(max_length=8)] = {}
    beats: Annotated[tuple[Beat, ...], Field(max_length=24)] = ()
    before: tuple[Name, ...] = ()

    @abstractmethod
    def elements(self) -> Sequence[str]:
        """Return the ids of the elements, in the order of drawing."""

    @abstractmethod
    def labels(self, language: str = "en") -> Iterator[str]:
        """Yield what the picture shows in words and numbers, also as alternative text."""

    @abstractmethod
    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the inputs, the states and the stated results."""

    def verb(self, name: str) -> tuple[str, list[str]]:
        """Return verb and arguments of a state."""
        verb, *arguments = self.states[name].split()
        return verb, arguments

    def seconds(self, name: str) -> float:
        """Return how long an element or a state takes to be shown."""
        return self.VERBS[self.verb(name)[0]] if name in self.states else APPEAR_SECONDS

    def at_start(self) -> dict[str, float]:
        """Return how far each element and state is shown before the first beat, 0 or 1."""
        told = {beat.show for beat in self.beats}
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
        verbs = " or ".join(self.VERBS) or "none, since it only shows its elements"
        if any(self.verb(name)[0] not in self.VERBS for name in self.states):
            yield f"a state begins with an unknown verb; known: {verbs}"
        if not {*(beat.show for beat in self.beats), *self.before} <= set(names):
            yield "a beat shows neither an element nor a state"
        yield from self.problems()
