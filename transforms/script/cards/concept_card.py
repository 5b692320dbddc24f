"""Concept cards: the reviewed teaching material that the offline script engine composes from.

A card is a TOML file ``cards/<subject>/<id>.toml`` inside this package. Numbers of a worked example
are never written by hand: `load_cards` computes them and puts them into the text.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated, Literal, get_args

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from transforms.script.cards import arithmetic

Subject = Literal[
    "physics",
    "chemistry",
    "biology",
    "maths",
    "economics",
    "earth-science",
    "computing",
    "history",
]
SUBJECTS: tuple[Subject, ...] = get_args(Subject)

Level = Literal["core", "advanced"]
Text = Annotated[str, StringConstraints(min_length=1, pattern=r"^\S(.*\S)?$")]
Lines = Annotated[tuple[Text, ...], Field(min_length=2, max_length=3)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class CardError(ValueError):
    """A card that breaks the format; the message names the file and the key."""


class _Strict:
    """Makes an unknown key an error in every table of a card."""

    __pydantic_config__ = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Definition(_Strict):
    """The idea in a nutshell: `simple` for grades up to 8, `standard` from 9."""

    simple: Text
    standard: Text
    bullets: Lines


@dataclass(frozen=True)
class Fact(_Strict):
    """One true statement; advanced ones are told from grade 9."""

    level: Level
    text: Text
    bullet: Text


@dataclass(frozen=True)
class Process(_Strict):
    """How it works, in order; `labels` is what the slide shows for the spoken `steps`."""

    heading: Text
    kind: Literal["steps", "process", "cycle", "timeline", "comparison"]
    intro: Text
    steps: Annotated[tuple[Text, ...], Field(min_length=3, max_length=5)]
    labels: tuple[Text, ...]


@dataclass(frozen=True)
class Worked(_Strict):
    """A worked example; `text`, `bullets` and `plot` hold ``{name:format}`` until `filled`."""

    heading: Text
    text: Annotated[tuple[Text, ...], Field(min_length=2, max_length=4)]
    bullets: Lines
    values: Mapping[str, int | float] = field(default_factory=dict)
    compute: Mapping[str, str] = field(default_factory=dict)
    formula: str = ""
    plot: Annotated[tuple[Text, ...], Field(max_length=8)] = ()
    plot_caption: str = ""

    def filled(self) -> Worked:
        """This example with its numbers computed and put into the text.

        Raises:
            ValueError: a number cannot be computed or is not known.
        """
        numbers = arithmetic.compute(self.values, self.compute)

        def fill(lines: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(arithmetic.fill(line, numbers) for line in lines)

        return replace(self, text=fill(self.text), bullets=fill(self.bullets), plot=fill(self.plot))


@dataclass(frozen=True)
class Misconception(_Strict):
    """What many people believe, and what is true; `bullets` are ``Myth: …`` and ``Fact: …``."""

    claim: Text
    truth: Text
    bullets: Annotated[tuple[Text, ...], Field(min_length=2, max_length=2)]


@dataclass(frozen=True)
class Term(_Strict):
    """A key term."""

    term: Text
    meaning: Text


@dataclass(frozen=True)
class Question(_Strict):
    """A multiple-choice question; `answer` is the index of the right choice."""

    level: Level
    question: Text
    choices: Annotated[tuple[Text, ...], Field(min_length=4, max_length=4)]
    answer: Annotated[int, Field(ge=0, le=3)]
    explanation: Text


@dataclass(frozen=True)
class Card(_Strict):
    """Everything the offline engine knows about one topic.

    Attributes:
        grades: lowest and highest grade it suits.
        aliases: other names a student may use; no two cards share one.
        distinct_from: ids of cards it must never be taken for.
        hook: opens the lesson for anybody.
        analogies: by interest; ``general`` is for everybody else.
        worked: None where numbers make no sense.
    """

    id: Identifier
    title: Text
    subject: Subject
    grades: tuple[int, int]
    aliases: Annotated[tuple[Text, ...], Field(min_length=3, max_length=10)]
    distinct_from: tuple[Identifier, ...]
    hook: Text
    sources: Annotated[tuple[Text, ...], Field(min_length=1)]
    takeaways: Annotated[tuple[Text, ...], Field(min_length=3, max_length=3)]
    definition: Definition
    facts: Annotated[tuple[Fact, ...], Field(min_length=3, max_length=5)]
    process: Process
    misconception: Misconception
    terms: Annotated[tuple[Term, ...], Field(min_length=3, max_length=5)]
    analogies: Mapping[str, Text]
    quiz: Annotated[tuple[Question, ...], Field(min_length=3, max_length=3)]
    worked: Worked | None = None

    @property
    def phrases(self) -> tuple[str, ...]:
        """Every name of the topic, the title first."""
        return (self.title, *self.aliases)


@dataclass(frozen=True)
class Library:
    """All cards by id, with a digest (SHA-256, hex) of the files they were read from."""

    cards: Mapping[str, Card]
    digest: str


_ADAPTER = TypeAdapter(Card)


def parse_card(text: str, source: str) -> Card:
    """The card that a TOML document describes, its numbers computed.

    Args:
        text: the document.
        source: ``<subject>/<id>.toml``, for messages and because the card must agree with it.

    Raises:
        CardError: names `source`, the key at fault and what is wrong with it.
    """
    try:
        card = _ADAPTER.validate_python(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise CardError(f"{source}: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise CardError(f"{source}: {key}: {first['msg']}") from error
    for key, problem in _problems(card, source):
        raise CardError(f"{source}: {key}: {problem}")
    if card.worked is None:
        return card
    try:
        return replace(card, worked=card.worked.filled())
    except ValueError as error:
        raise CardError(f"{source}: worked: {error}") from error


@cache
def load_cards() -> Library:
    """The cards that ship with this package, read once per process.

    Raises:
        CardError: a card breaks the format, or two cards have the same id.
    """
    return read_library(resources.files("transforms.script.cards"))


def read_library(root: Traversable) -> Library:
    """The cards below a folder: one folder per subject, one file per topic.

    Raises:
        CardError: a card breaks the format, two have the same id, or one refers to none.
    """
    cards: dict[str, Card] = {}
    digest = hashlib.sha256()
    for source, data in _files(root):
        card = parse_card(data.decode(), source)
        if card.id in cards:
            raise CardError(f"{source}: id: {card.id!r} is the id of another card too")
        cards[card.id] = card
        digest.update(f"{source}\0{len(data)}\0".encode() + data)
    for card in cards.values():
        for other in card.distinct_from:
            if other not in cards or other == card.id:
                source = f"{card.subject}/{card.id}.toml"
                raise CardError(f"{source}: distinct_from: {other!r} is not another card")
    return Library(cards, digest.hexdigest())


def _files(root: Traversable) -> Iterator[tuple[str, bytes]]:
    for folder in sorted(root.iterdir(), key=lambda entry: entry.name):
        if folder.is_dir():
            for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
                if file.name.endswith(".toml"):
                    yield f"{folder.name}/{file.name}", file.read_bytes()


def _problems(card: Card, source: str) -> Iterator[tuple[str, str]]:
    """What no single field can tell: the key at fault and what is wrong."""
    if source != f"{card.subject}/{card.id}.toml":
        yield "id", f"the file of {card.id!r} is {card.subject}/{card.id}.toml"
    if not 1 <= card.grades[0] <= card.grades[1] <= 16:
        yield "grades", "two grades between 1 and 16, the lower one first"
    if "general" not in card.analogies:
        yield "analogies.general", "is missing"
    levels = [fact.level for fact in card.facts]
    if levels.count("core") < 2 or "advanced" not in levels:
        yield "facts", "at least two must be core and one advanced"
    if sorted(question.level for question in card.quiz) != ["advanced", "core", "core"]:
        yield "quiz", "two questions must be core and one advanced"
    for number, question in enumerate(card.quiz):
        if len(set(question.choices)) != len(question.choices):
            yield f"quiz.{number}.choices", "two choices are the same"
    if card.worked is None and len(card.facts) < 4:
        yield "facts", "a card without a worked example needs four"
    if card.worked is not None and card.worked.formula and card.worked.plot:
        yield "worked.plot", "a worked example has a formula or a plot, not both"
    for bullet, prefix in zip(card.misconception.bullets, ("Myth: ", "Fact: "), strict=True):
        if not bullet.startswith(prefix):
            yield "misconception.bullets", f"{bullet!r} must start with {prefix!r}"
    yield from _label_problems(card.process)


def _label_problems(process: Process) -> Iterator[tuple[str, str]]:
    extra = len(process.labels) - len(process.steps)
    if process.kind == "comparison":
        if extra not in (0, 1):
            yield "process.labels", "a comparison has as many rows as steps, or one more"
        if any(label.count(" | ") != 1 for label in process.labels):
            yield "process.labels", "every row of a comparison holds one ' | '"
    else:
        if extra:
            yield "process.labels", "there must be one for each step"
        if process.kind == "timeline" and any(": " not in label for label in process.labels):
            yield "process.labels", "every label of a timeline is 'when: what'"
