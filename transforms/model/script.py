"""A lesson in words, and how it is cut into what is spoken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from transforms.text.labels import labels_for

VisualKind = Literal[
    "bullets", "formula", "worked", "steps", "comparison", "process", "cycle", "timeline", "plot",
    "number-line", "quote", "definition",
]  # fmt: skip

THINKING = 4.0
"""Seconds of silence between a question and its answer."""

LETTERS = "ABCDEFGHIJ"
"""Names of the choices of a question."""

_STOPS = (".", "!", "?", "。", "！", "？", "।", "؟")


@dataclass(frozen=True)
class Visual:
    """What a scene shows beside its heading.

    Attributes:
        kind: the layout the content suggests.
        text: a formula in matplotlib mathtext (`kind="formula"` and `"worked"`, no surrounding
            ``$``), the words of a quote or a definition, or a caption.
        items: steps (of a worked example too), stages of a process or of a cycle, ``"when: what"``
            for a timeline, ``"left | right"`` rows for a comparison (the first row heads the
            columns), ``"label: number"`` for a plot or a number line, symbols of a formula, the
            author of a quote, the term that is defined.
    """

    kind: VisualKind = "bullets"
    text: str = ""
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scene:
    """One idea: what is said, and what is on the slide while it is said."""

    heading: str
    narration: str
    bullets: tuple[str, ...]
    visual: Visual = Visual()


@dataclass(frozen=True)
class QuizQuestion:
    """A multiple-choice question; `answer` is the index of the right choice."""

    question: str
    choices: tuple[str, ...]
    answer: int
    explanation: str


@dataclass(frozen=True)
class Section:
    """A stretch of narration that belongs to one slide.

    Attributes:
        question: what is asked in a `quiz` section, and answered in the `answer` that follows it.
        pause: seconds of silence after it, beyond those between any two sections.
    """

    kind: Literal["title", "scene", "takeaways", "quiz", "answer"]
    heading: str
    narration: str
    bullets: tuple[str, ...] = ()
    visual: Visual = Visual()
    question: QuizQuestion | None = None
    pause: float = 0.0


@dataclass(frozen=True)
class Script:
    """A lesson in words.

    Attributes:
        title: a line of text.
        hook: one or two spoken sentences that open the lesson.
        scenes: the body, in order.
        key_takeaways: full sentences, spoken and shown at the end.
        quiz: questions for afterwards.
        topic: what the lesson is about, as the engine resolved it.
        subject: school subject; picks the theme of the slides.
        grade_level: 1-16, the level it was written for.
        language: BCP-47 tag of everything above.
        sources: where the statements come from.
        asked: index of the quiz question that is asked aloud at the end, with time to think; None
            where the words of the lesson leave no room for one.
    """

    title: str
    hook: str
    scenes: tuple[Scene, ...]
    key_takeaways: tuple[str, ...]
    quiz: tuple[QuizQuestion, ...]
    topic: str
    subject: str
    grade_level: int
    language: str = "en-US"
    sources: tuple[str, ...] = ()
    asked: int | None = None

    def sections(self) -> tuple[Section, ...]:
        """What is spoken, in order: title with hook, each scene, the takeaways, a question."""
        heading = labels_for(self.language).takeaways
        return (
            Section("title", self.title, self.hook),
            *(Section("scene", s.heading, s.narration, s.bullets, s.visual) for s in self.scenes),
            Section("takeaways", heading, " ".join(self.key_takeaways), self.key_takeaways),
            *self._question(),
        )

    def _question(self) -> tuple[Section, ...]:
        """The question with its choices, and after a pause its answer."""
        if self.asked is None:
            return ()
        asked, names = self.quiz[self.asked], labels_for(self.language)
        choices = [c if c.endswith(_STOPS) else f"{c}." for c in asked.choices]
        lettered = [f"{a}: {choice}" for a, choice in zip(LETTERS, choices, strict=False)]
        question = " ".join((asked.question, *lettered))
        right = f"{names.answer}: {LETTERS[asked.answer]}, {choices[asked.answer]}"
        answer = f"{right} {asked.explanation}"
        return (
            Section("quiz", names.quiz, question, asked.choices, question=asked, pause=THINKING),
            Section("answer", names.answer, answer, asked.choices, question=asked),
        )

    @property
    def spoken_words(self) -> int:
        """Number of words spoken."""
        return sum(len(section.narration.split()) for section in self.sections())
