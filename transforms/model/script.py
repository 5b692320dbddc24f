"""The script of a lesson and its spoken sections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from transforms.text.labels import labels_for

VisualKind = Literal[
    "bullets", "formula", "worked", "steps", "comparison", "process", "cycle", "timeline", "plot",
    "number-line", "quote", "definition", "picture",
]  # fmt: skip

THINKING = 4.0
"""Seconds of silence between a question and its answer."""

LETTERS = "ABCDEFGHIJ"
"""Letters that name the choices of a question."""

_STOPS = (".", "!", "?", "。", "！", "？", "।", "؟")


@dataclass(frozen=True)
class Visual:
    """Kind and content of a scene's slide.

    Attributes:
        kind: Layout that suits the content.
        text: A formula in the notation of `transforms.maths` (`kind="formula"` and `"worked"`, no
            surrounding ``$``), the words of a quote or a definition, the JSON of a picture
            (`transforms.pictures`), or a caption.
        items: Steps (of a worked example too), stages of a process or of a cycle, ``"when: what"``
            for a timeline, ``"left | right"`` rows for a comparison (the first row heads the
            columns), ``"label: number"`` for a plot or a number line, symbols of a formula, the
            author of a quote, the term that is defined.
    """

    kind: VisualKind = "bullets"
    text: str = ""
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scene:
    """One idea of a lesson: its narration and its slide.

    Attributes:
        sources: Numbers of the script's sources that it rests on, from 1.
    """

    heading: str
    narration: str
    bullets: tuple[str, ...]
    visual: Visual = Visual()
    sources: tuple[int, ...] = ()


@dataclass(frozen=True)
class QuizQuestion:
    """A multiple-choice question; `answer` is the index of the correct choice."""

    question: str
    choices: tuple[str, ...]
    answer: int
    explanation: str


@dataclass(frozen=True)
class Section:
    """A part of the narration that belongs to one slide.

    Attributes:
        question: The question of a `quiz` section and of the `answer` section that follows.
        pause: Seconds of silence after it, in addition to those between any two sections.
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
    """The text of a lesson.

    Attributes:
        title: One line of text.
        hook: One or two spoken sentences that open the lesson.
        scenes: The body, in order.
        key_takeaways: Full sentences, spoken and shown at the end.
        quiz: Questions for after the lesson.
        topic: The subject matter, as the engine resolved it.
        subject: School subject; selects the theme of the slides.
        grade_level: 1-16, the level it was written for.
        language: BCP-47 tag of everything above.
        sources: Sources that it was written from; empty if none was checked.
        asked: Index of the quiz question that is spoken at the end; None if the lesson is too
            long for one.
        model: The model that wrote it; empty if none did.
        fallback: True if the engine or model that was chosen first did not write it.
        highest_grade: Highest grade it was written for; None if `grade_level` is the only one.
        explanations: Sentences of the narration that explain a new term; a pause follows.
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
    model: str = ""
    fallback: bool = False
    highest_grade: int | None = None
    explanations: tuple[str, ...] = ()

    @property
    def grades(self) -> str:
        """The grades it was written for, as text: ``"7"`` or ``"6–8"``."""
        return "–".join(map(str, filter(None, (self.grade_level, self.highest_grade))))

    def sections(self) -> tuple[Section, ...]:
        """Return the spoken sections: title with hook, scenes, takeaways, question with answer."""
        heading = labels_for(self.language).takeaways
        return (
            Section("title", self.title, self.hook),
            *(Section("scene", s.heading, s.narration, s.bullets, s.visual) for s in self.scenes),
            Section("takeaways", heading, " ".join(self.key_takeaways), self.key_takeaways),
            *self._question(),
        )

    def _question(self) -> tuple[Section, ...]:
        """Return the spoken question with its choices, and its answer after a pause."""
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
