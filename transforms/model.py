"""What flows through the graph: frozen values, written and read by one codec (`encode`, `decode`).

Elements carry URIs, never media bytes. Every class here is plain data; the JSON form made by
`encode` is what crosses a shuffle (`transforms.coder`), what the ledger keeps and what the artifact
store holds, so a field is only ever added with a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, TypeVar

from pydantic import ConfigDict, TypeAdapter

from transforms.phrases import phrases

STAGES = ("script", "narration", "video", "publish")
"""The stages in the order data takes."""

Modality = Literal["text", "audio", "video"]
MODALITIES: tuple[Modality, ...] = ("text", "audio", "video")
"""Shallowest first: each needs the stages of those before it."""

VisualKind = Literal[
    "bullets", "formula", "worked", "steps", "comparison", "process", "cycle", "timeline", "plot",
    "number-line", "quote", "definition",
]  # fmt: skip

THINKING = 4.0
"""Seconds of silence between a question and its answer."""

LETTERS = "ABCDEFGHIJ"
"""Names of the choices of a question."""

_STOPS = (".", "!", "?", "。", "！", "？", "।", "؟")

T = TypeVar("T")


@dataclass(frozen=True)
class Message:
    """One message as it arrived, kept whole so that a dead letter can be replayed.

    Attributes:
        data: the bytes that were published.
        attributes: the message's attributes.
        message_id: Pub/Sub's id, or one made by the launcher that has no Pub/Sub.
        publish_time: when it was published, timezone-aware UTC.
        delivery_attempt: how often Pub/Sub has delivered it; 0 when Pub/Sub does not say.
    """

    __pydantic_config__ = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    data: bytes
    attributes: Mapping[str, str]
    message_id: str
    publish_time: datetime
    delivery_attempt: int = 0


@dataclass(frozen=True)
class ContentRequest:
    """A validated request; only `transforms.parse` makes one from outside data."""

    request_id: str
    student_id: str
    student_query: str
    grade_level: int
    correlation_id: str
    interest: str = "general"
    requested_modalities: tuple[Modality, ...] = ("video",)
    preferred_modality: Modality | None = None
    language: str = "en-US"
    environment: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def modality(self) -> Modality:
        """The deepest modality asked for; it decides which stages run."""
        return max(self.requested_modalities, key=MODALITIES.index)


@dataclass(frozen=True)
class Received:
    """A message and the valid request that was read from it."""

    message: Message
    request: ContentRequest


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
        heading = phrases(self.language).takeaways
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
        asked, names = self.quiz[self.asked], phrases(self.language)
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


@dataclass(frozen=True)
class Sentence:
    """A spoken sentence as a reader sees it, with its measured place in the audio (seconds)."""

    text: str
    start: float
    end: float
    section: int


@dataclass(frozen=True)
class Narration:
    """The timing of a narration, measured from its audio.

    Attributes:
        duration: seconds of audio.
        sections: start and end (seconds) of each of `Script.sections()`, without gaps.
        sentences: every sentence in order.
        voice: the engine's name for the voice.
        loudness: integrated loudness in LUFS (ITU-R BS.1770).
    """

    duration: float
    sections: tuple[tuple[float, float], ...]
    sentences: tuple[Sentence, ...]
    voice: str
    language: str
    loudness: float


@dataclass(frozen=True)
class Video:
    """Facts about a rendered video.

    Attributes:
        alt: what its thumbnail shows, in words.
    """

    duration: float
    width: int
    height: int
    frames: int
    alt: str = ""


@dataclass(frozen=True)
class Usage:
    """Something a stage consumed: `quantity` of `sku`, as `transforms.prices` lists it."""

    sku: str
    quantity: float


@dataclass(frozen=True)
class Artifact:
    """A file that a stage left in the artifact store.

    Attributes:
        alt: what a picture shows, in words, for those who do not see it.
    """

    name: str
    uri: str
    size: int
    sha256: str
    content_type: str
    alt: str = ""


@dataclass(frozen=True)
class StageRecord:
    """How one stage went.

    Attributes:
        fingerprint: hex digest of everything that shaped the result.
        seconds: wall time of the work itself; for a reused result, of the work that made it.
        reused: true when a valid result was found and no engine was called.
        attempts: tries it took, the successful one included.
    """

    stage: str
    engine: str
    fingerprint: str
    seconds: float
    cost_usd: float
    usage: tuple[Usage, ...]
    artifacts: tuple[Artifact, ...]
    attempts: int = 1
    reused: bool = False


@dataclass(frozen=True)
class Claim:
    """The right to work on a request: void as soon as the ledger's row carries another token.

    Attributes:
        token: the fencing token.
        attempt: how often the request has been claimed, this time included.
        lease: seconds after which somebody else may take the request over, unless extended.
        alone: its message came before and was not settled; nothing else is to be worked on beside
            it, so that it is known if it is what stops the process.
    """

    token: str
    attempt: int
    lease: float = 120.0
    alone: bool = False


@dataclass(frozen=True)
class Lesson:
    """A claimed request on its way through the stages, with what each stage has left so far."""

    message: Message
    request: ContentRequest
    claim: Claim
    records: tuple[StageRecord, ...] = ()

    def with_record(self, record: StageRecord) -> Lesson:
        """This lesson, one stage further."""
        return replace(self, records=(*self.records, record))

    def artifact(self, name: str) -> Artifact:
        """The artifact of that name.

        Raises:
            KeyError: no stage has left it.
        """
        for record in self.records:
            for artifact in record.artifacts:
                if artifact.name == name:
                    return artifact
        raise KeyError(name)

    @property
    def cost_usd(self) -> float:
        """What the stages so far cost, in US dollars."""
        return sum(record.cost_usd for record in self.records)


@dataclass(frozen=True)
class Attempt:
    """One failed try."""

    at: datetime
    error_type: str
    message: str


@dataclass(frozen=True)
class DeadLetter:
    """A message that cannot be completed, with the reason.

    Attributes:
        stage: where it failed: ``parse``, ``claim`` or one of `STAGES`.
        claim: the claim it was worked on under; None before it was claimed.
        field: the field of the message at fault, if one is.
        traceback: set when the cause was a bug of ours.
        retryable: a replay may succeed with nothing changed.
        records: the stages that went well before.
    """

    message: Message
    stage: str
    error_type: str
    error: str
    occurred_at: datetime
    request_id: str | None = None
    request: ContentRequest | None = None
    claim: Claim | None = None
    field: str | None = None
    traceback: str | None = None
    retryable: bool = False
    attempts: tuple[Attempt, ...] = ()
    records: tuple[StageRecord, ...] = ()


@dataclass(frozen=True)
class Saving:
    """A stage that was not asked for, and the US dollars it would have cost."""

    stage: str
    engine: str
    usd: float


OutcomeStatus = Literal["completed", "duplicate", "dead_lettered", "superseded"]


@dataclass(frozen=True)
class Outcome:
    """What became of one message, emitted after it was committed to the ledger.

    `superseded` is the one status that settles nothing: another worker took the request over, and
    the message stays unacknowledged until that worker's outcome is known.

    Attributes:
        seconds: from the publication of the message until this was committed.
        error_type: why it is a dead letter; None if it is not, or was one before.
    """

    message_id: str
    status: OutcomeStatus
    request_id: str | None = None
    stage: str | None = None
    reason: str | None = None
    records: tuple[StageRecord, ...] = ()
    cost_usd: float = 0.0
    savings: tuple[Saving, ...] = ()
    seconds: float = 0.0
    error_type: str | None = None

    @property
    def cost_saved_usd(self) -> float:
        """What the stages that were not asked for would have cost, in US dollars."""
        return sum(saving.usd for saving in self.savings)


_adapters: dict[type, TypeAdapter[Any]] = {}


def _adapter(cls: type) -> TypeAdapter[Any]:
    if cls not in _adapters:
        _adapters[cls] = TypeAdapter(cls)
    return _adapters[cls]


def encode(value: object) -> bytes:
    """The JSON form of any class of this module."""
    return _adapter(type(value)).dump_json(value)


def decode(cls: type[T], data: bytes | str) -> T:
    """The value `encode` made.

    Raises:
        pydantic.ValidationError: `data` is not the JSON form of a `cls`.
    """
    value: T = _adapter(cls).validate_json(data)
    return value
