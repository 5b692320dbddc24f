"""Coverage of published curricula by concept cards."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from pydantic import TypeAdapter

from transforms.errors import PermanentError
from transforms.script.matching.topics import TopicIndex


@dataclass(frozen=True)
class Topic:
    """A topic of a curriculum, with questions that a student may ask about it."""

    code: str
    title: str
    ask: tuple[str, ...]


@dataclass(frozen=True)
class Curriculum:
    """A published list of topics, with its source and address."""

    name: str
    source: str
    url: str
    topics: tuple[Topic, ...]


@dataclass(frozen=True)
class Covered:
    """A topic with the card id that answers each of its questions; None if no card does."""

    topic: Topic
    cards: Mapping[str, str | None]

    @property
    def missing(self) -> tuple[str, ...]:
        """The questions that no card answers."""
        return tuple(question for question, card in self.cards.items() if card is None)


@cache
def load_curricula() -> tuple[Curriculum, ...]:
    """Return the curricula that ship with the cards."""
    text = (resources.files("transforms.script.cards") / "curricula.toml").read_text("utf-8")
    return TypeAdapter(tuple[Curriculum, ...]).validate_python(tomllib.loads(text)["curricula"])


def coverage(curriculum: Curriculum, index: TopicIndex) -> tuple[Covered, ...]:
    """Match the questions of each topic of a curriculum with the cards that answer them."""
    return tuple(
        Covered(topic, {question: _card(question, index) for question in topic.ask})
        for topic in curriculum.topics
    )


def _card(question: str, index: TopicIndex) -> str | None:
    try:
        return index.resolve(question).id
    except PermanentError:
        return None
