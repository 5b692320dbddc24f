"""Format and loader of concept cards, the reviewed material that the offline engine composes from.

A card is a TOML file ``<subject>/<id>.toml`` in this package. The numbers of a worked example are
computed while the card is loaded and inserted into its text, so they cannot disagree.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated, Literal

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

Level = Literal["core", "advanced"]
Text = Annotated[str, StringConstraints(min_length=1, pattern=r"^\S(.*\S)?$")]
Lines = Annotated[tuple[Text, ...], Field(min_length=2, max_length=3)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class CardError(ValueError):
    """A card does not follow the format; the message names the file and the key."""


class _Strict:
    """Base class that rejects unknown keys."""

    __pydantic_config__ = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Definition(_Strict):
    """Definition of the topic: `simple` for grades up to 8, `standard` from grade 9."""

    simple: Text
    standard: Text
    bullets: Lines


@dataclass(frozen=True)
class Fact(_Strict):
    """One true statement; advanced facts are used from grade 9."""

    level: Level
    text: Text
    bullet: Text


@dataclass(frozen=True)
class Process(_Strict):
    """Ordered steps of the topic; the slide shows `labels` while `steps` are spoken."""

    heading: Text
    kind: Literal["steps", "process", "cycle", "timeline", "comparison"]
    intro: Text
    steps: Annotated[tuple[Text, ...], Field(min_length=3, max_length=5)]
    labels: tuple[Text, ...]


@dataclass(frozen=True)
class WorkedExample(_Strict):
    """A worked example whose numbers are computed.

    `text`, `bullets` and `plot` hold placeholders ``{name:format}`` until `with_numbers`.
    """

    heading: Text
    text: Annotated[tuple[Text, ...], Field(min_length=2, max_length=4)]
    bullets: Lines
    values: Mapping[str, int | float] = field(default_factory=dict)
    compute: Mapping[str, str] = field(default_factory=dict)
    formula: str = ""
    plot: Annotated[tuple[Text, ...], Field(max_length=8)] = ()
    plot_caption: str = ""

    def with_numbers(self) -> WorkedExample:
        """Return a copy whose placeholders are replaced with the computed numbers.

        Raises:
            ValueError: a number cannot be computed or is unknown.
        """
        numbers = arithmetic.compute(self.values, self.compute)

        def fill(lines: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(arithmetic.fill(line, numbers) for line in lines)

        return replace(self, text=fill(self.text), bullets=fill(self.bullets), plot=fill(self.plot))


@dataclass(frozen=True)
class Misconception(_Strict):
    """A common mistake and its correction; `bullets` are ``Myth: …`` and ``Fact: …``."""

    claim: Text
    truth: Text
    bullets: Annotated[tuple[Text, ...], Field(min_length=2, max_length=2)]


@dataclass(frozen=True)
class Term(_Strict):
    """A key term and its meaning."""

    term: Text
    meaning: Text


@dataclass(frozen=True)
class Question(_Strict):
    """A multiple-choice question; `answer` is the index of the correct choice."""

    level: Level
    question: Text
    choices: Annotated[tuple[Text, ...], Field(min_length=4, max_length=4)]
    answer: Annotated[int, Field(ge=0, le=3)]
    explanation: Text


@dataclass(frozen=True)
class Card(_Strict):
    """Teaching material for one topic.

    Attributes:
        grades: lowest and highest grade that the card suits.
        aliases: other names of the topic; no two cards share one.
        distinct_from: ids of cards that a question must not confuse with this one.
        hook: opening sentences, independent of the interest.
        analogies: analogy for each interest; ``general`` is the fallback.
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
    worked: WorkedExample | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All names of the topic, the title first."""
        return (self.title, *self.aliases)


@dataclass(frozen=True)
class Library:
    """Cards by id, and the SHA-256 digest (hex) of the files they were read from."""

    cards: Mapping[str, Card]
    digest: str


_ADAPTER = TypeAdapter(Card)


def parse_card(text: str, source: str) -> Card:
    """Parse a TOML document into a card and compute its numbers.

    Args:
        text: the document.
        source: ``<subject>/<id>.toml``; the card must agree with it, and messages name it.

    Raises:
        CardError: the document does not follow the format.
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
        return replace(card, worked=card.worked.with_numbers())
    except ValueError as error:
        raise CardError(f"{source}: worked: {error}") from error


@cache
def load_cards() -> Library:
    """Return the cards of this package; they are read once per process.

    Raises:
        CardError: a card breaks the format, or two cards have the same id.
    """
    return read_library(resources.files("transforms.script.cards"))


def read_library(root: Traversable) -> Library:
    """Read the cards of a folder, which has one subfolder per subject and one file per topic.

    Raises:
        CardError: a card breaks the format, two share an id, or `distinct_from` names no card.
    """
    cards: dict[str, Card] = {}
    digest = hashlib.sha256()
    for source, data in _files(root):
        card = parse_card(data.decode(), source)
        if card.id in cards:
            raise CardError(f"{source}: id: {card.id!r} is also the id of another card")
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
    """Yield key and message of each error that no single field's type can express."""
    if source != f"{card.subject}/{card.id}.toml":
        yield "id", f"the file of {card.id!r} is {card.subject}/{card.id}.toml"
    if not 1 <= card.grades[0] <= card.grades[1] <= 16:
        yield "grades", "must be two grades between 1 and 16, the lower one first"
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
        yield "facts", "a card without a worked example needs at least four"
    if card.worked is not None and card.worked.formula and card.worked.plot:
        yield "worked.plot", "a worked example may have a formula or a plot, not both"
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
