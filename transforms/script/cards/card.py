"""Data classes of a concept card: teaching material for one topic in two bands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from transforms.maths import arithmetic
from transforms.script.cards.marks import remove_marks
from transforms.script.cards.pictures import Picture

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

BandName = Literal["middle", "high"]
"""Band of grades: ``middle`` up to 8, ``high`` from 9."""

HIGHEST_MIDDLE_GRADE = 8

Level = Literal["core", "advanced"]
Text = Annotated[str, StringConstraints(min_length=1, pattern=r"^\S(.*\S)?$")]
Heading = Annotated[Text, StringConstraints(max_length=48)]
Lines = Annotated[tuple[Text, ...], Field(min_length=2, max_length=3)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class Strict:
    """Base class of card parts: pydantic rejects unknown keys."""

    __pydantic_config__ = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Source(Strict):
    """A work that supports the card, with the chapter and its address."""

    work: Text
    chapter: str = ""
    url: Annotated[str, StringConstraints(pattern=r"^(https://\S+)?$")] = ""

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.work, self.chapter, self.url)))


@dataclass(frozen=True)
class Headings(Strict):
    """Heading of each scene of a lesson; it states the scene's point."""

    definition: Heading
    facts: Heading
    process: Heading
    analogy: Heading
    misconception: Heading
    worked: Heading | None = None


@dataclass(frozen=True)
class Definition(Strict):
    """Definition of the topic, as spoken and as bullets."""

    text: Text
    bullets: Lines


@dataclass(frozen=True)
class Facts(Strict):
    """Spoken facts about the topic, with one bullet for each."""

    text: Annotated[tuple[Text, ...], Field(min_length=2, max_length=5)]
    bullets: tuple[Text, ...]


@dataclass(frozen=True)
class Process(Strict):
    """Ordered steps of the topic; the slide shows `labels` while `steps` are spoken."""

    kind: Literal["steps", "process", "cycle", "timeline", "comparison"]
    intro: Text
    steps: Annotated[tuple[Text, ...], Field(min_length=3, max_length=5)]
    labels: tuple[Text, ...]


@dataclass(frozen=True)
class WorkedExample(Strict):
    """A worked example whose numbers are computed.

    `text`, `bullets` and `plot` hold placeholders ``{name:format}`` until `with_numbers`.
    """

    text: Annotated[tuple[Text, ...], Field(min_length=2, max_length=5)]
    bullets: Lines
    values: Mapping[str, int | float] = field(default_factory=dict)
    compute: Mapping[str, str] = field(default_factory=dict)
    formula: str = ""
    plot: Annotated[tuple[Text, ...], Field(max_length=4)] = ()
    plot_caption: Annotated[str, StringConstraints(max_length=60)] = ""

    def numbers(self) -> Mapping[str, arithmetic.Number]:
        """Compute the numbers of the example; return them and its values by name.

        Raises:
            ValueError: a number cannot be computed.
        """
        return arithmetic.compute(self.values, self.compute)

    def with_numbers(self) -> WorkedExample:
        """Return a copy whose placeholders are replaced with the computed numbers.

        Raises:
            ValueError: a number cannot be computed or is unknown.
        """
        numbers = self.numbers()

        def fill(lines: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(arithmetic.fill(line, numbers) for line in lines)

        return replace(self, text=fill(self.text), bullets=fill(self.bullets), plot=fill(self.plot))


@dataclass(frozen=True)
class Term(Strict):
    """A term, and the sentence that explains it where it is first used."""

    term: Text
    meaning: Text

    @property
    def pattern(self) -> re.Pattern[str]:
        """Pattern that finds the term in a text, in its plural too."""
        return re.compile(rf"(?<!\w){re.escape(self.term)}(?:e?s)?(?!\w)", re.I)


@dataclass(frozen=True)
class Band(Strict):
    """Material of a card for one band; `worked` is None where numbers make no sense."""

    headings: Headings
    definition: Definition
    facts: Facts
    process: Process
    terms: Annotated[tuple[Term, ...], Field(max_length=5)] = ()
    worked: WorkedExample | None = None

    def numbers(self) -> Mapping[str, arithmetic.Number]:
        """Return the numbers of the worked example by name.

        Raises:
            ValueError: a number cannot be computed.
        """
        return self.worked.numbers() if self.worked else {}

    def narrated(self) -> Iterator[tuple[str, str]]:
        """Yield key and marked text of each narration that precedes the analogy, in order."""
        yield "definition.text", self.definition.text
        yield from _numbered("facts.text", self.facts.text)
        yield "process.intro", self.process.intro
        yield from _numbered("process.steps", self.process.steps)
        yield from _numbered("worked.text", self.worked.text if self.worked else ())


@dataclass(frozen=True)
class Misconception(Strict):
    """A common mistake and its correction; `bullets` are ``Myth: …`` and ``Fact: …``."""

    claim: Text
    truth: Text
    bullets: Annotated[tuple[Text, ...], Field(min_length=2, max_length=2)]


@dataclass(frozen=True)
class Question(Strict):
    """A multiple-choice question; `answer` is the index of the correct choice."""

    level: Level
    question: Text
    choices: Annotated[tuple[Text, ...], Field(min_length=4, max_length=4)]
    answer: Annotated[int, Field(ge=0, le=3)]
    explanation: Text


@dataclass(frozen=True)
class Card(Strict):
    """A concept card: teaching material for one topic.

    Attributes:
        grades: lowest and highest grade that the card suits.
        aliases: other names of the topic; no two cards share one.
        distinct_from: ids of cards that a question must not confuse with this one.
        hook: opening sentences, independent of the interest.
        analogies: analogy for each interest; ``general`` is the fallback.
        middle: material for grades up to 8; None if the card is for higher grades only.
        high: material for grades from 9; None if the card is for lower grades only.
        reviewed_by: name of the person who has reviewed the card; empty until then.
    """

    id: Identifier
    title: Text
    subject: Subject
    grades: tuple[int, int]
    aliases: Annotated[tuple[Text, ...], Field(min_length=3, max_length=12)]
    distinct_from: tuple[Identifier, ...]
    hook: Text
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    takeaways: Annotated[tuple[Text, ...], Field(min_length=3, max_length=3)]
    misconception: Misconception
    analogies: Mapping[str, Text]
    quiz: Annotated[tuple[Question, ...], Field(min_length=3, max_length=3)]
    middle: Band | None = None
    high: Band | None = None
    pictures: tuple[Picture, ...] = ()
    reviewed_by: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """All names of the topic, the title first."""
        return (self.title, *self.aliases)

    @property
    def bands(self) -> Mapping[BandName, Band]:
        """The bands that the card has material for, the lower one first."""
        bands: Mapping[BandName, Band | None] = {"middle": self.middle, "high": self.high}
        return {name: band for name, band in bands.items() if band is not None}

    def band_of_grade(self, grade: int) -> BandName:
        """Return the band of a grade; a grade outside the card's range counts as the nearest."""
        wanted: BandName = "middle" if grade <= HIGHEST_MIDDLE_GRADE else "high"
        return wanted if wanted in self.bands else next(iter(self.bands))

    def texts(self) -> Iterator[str]:
        """Yield all texts of both bands without marks; leave out analogies and quiz."""
        yield from (self.hook, *self.takeaways, *self.names)
        yield from map(remove_marks, (self.misconception.claim, self.misconception.truth))
        for band in self.bands.values():
            yield from (remove_marks(text) for _, text in band.narrated())
            yield from (*band.definition.bullets, *band.facts.bullets, *band.process.labels)
            yield from (heading for heading in vars(band.headings).values() if heading)
            for term in band.terms:
                yield from (term.term, remove_marks(term.meaning))

    def scene_texts(self) -> Iterator[tuple[str, str]]:
        """Yield key and marked text of everything that a scene may narrate."""
        for name, band in self.bands.items():
            for key, text in band.narrated():
                yield f"{name}.{key}", text
            for at, term in enumerate(band.terms):
                yield f"{name}.terms.{at}.meaning", term.meaning
        yield "misconception.claim", self.misconception.claim
        yield "misconception.truth", self.misconception.truth
        for interest, analogy in self.analogies.items():
            yield f"analogies.{interest}", analogy


def _numbered(key: str, texts: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for at, text in enumerate(texts):
        yield f"{key}.{at}", text
