"""Schema of Gemini's answer: pydantic models that also validate it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator

from transforms.errors import PermanentError
from transforms.model import ContentRequest, QuizQuestion, Scene, Script, Visual, VisualKind
from transforms.script.cards.concept_card import Subject
from transforms.script.engines.gemini.gemini_formula import is_supported_formula
from transforms.script.spoken_quiz import spoken_question
from transforms.text.hidden import without_hidden
from transforms.text.language import primary_subtag

WORDS = (150, 450)
"""Minimum and maximum number of spoken words of a lesson."""

CHARACTERS = (300, 1_100)
"""`WORDS` in characters, for languages written without spaces (2 to 2.5 per English word)."""

LINE = 90
"""Maximum number of characters of a bullet or a heading."""

_UNSPACED = {"zh", "cmn", "yue", "ja", "th", "lo", "km", "my", "bo"}

_DECLINED = {
    "unsafe": "it is not safe to answer for a student",
    "not_a_topic": "it names nothing that can be taught; ask about a school topic",
    "unclear": "it cannot be understood; ask in other words",
}

_MARKUP = re.compile(
    r"</?[A-Za-z][^<>]*>|<!|&(?:\w+|#\w+);"  # HTML, SSML
    r"|```|`|\*\*|__\w|\]\(|^#{1,6}\s|^\s*(?:[-*+•]|\d{1,2}[.)])\s"  # Markdown
    r"|https?://|www\."
)


class UnusableAnswer(Exception):
    """The answer breaks the schema or a rule; the text lists the errors, for a repair request."""


def _plain(limit: int) -> Callable[[str], str]:
    """Return a validator for plain text of 1 to `limit` characters; it joins lines and normalizes.

    The length is no schema constraint: Gemini refuses schemas with many string lengths because
    they have too many states. The result is in NFC and has no hidden characters.
    """

    def check(text: str) -> str:
        text = unicodedata.normalize("NFC", " ".join(without_hidden(text).split()))
        if not text:
            raise ValueError("must not be empty")
        if len(text) > limit:
            raise ValueError(f"must have at most {limit} characters, has {len(text)}")
        if any(unicodedata.category(c) in ("Cc", "Cs", "Cn", "Co") for c in text):
            raise ValueError("must not hold control characters")
        if _MARKUP.search(text):
            raise ValueError("must be plain text: no markup, Markdown, list marker or web address")
        return text

    return check


_line = _plain(LINE)
_text = _plain(400)
_Line = Annotated[str, AfterValidator(_line)]
_Text = Annotated[str, AfterValidator(_text)]


class _Visual(BaseModel):
    kind: VisualKind
    text: str
    items: list[str]

    def to_visual(self) -> Visual:
        """Return the visual, or plain bullets if the content does not fit its kind.

        A visual that cannot be drawn is no reason to refuse a good lesson.
        """
        try:
            items = tuple(_line(item) for item in self.items)
            if self.kind == "formula" and is_supported_formula(self.text.strip()):
                return Visual("formula", text=self.text.strip())
            if self.kind == "quote":
                return Visual("quote", text=_text(self.text))
            if self.kind == "definition":
                return Visual("definition", text=_text(self.text), items=items[:1])
            if (
                self.kind == "worked"
                and is_supported_formula(self.text.strip())
                and 2 <= len(items) <= 6
            ):
                return Visual("worked", text=self.text.strip(), items=items)
        except ValueError:
            return Visual()
        pattern = _ITEMS.get(self.kind)
        if pattern and 2 <= len(items) <= 6 and all(map(pattern.fullmatch, items)):
            return Visual(self.kind, items=items)
        return Visual()


_ITEMS = {
    "steps": re.compile(".+"),
    "process": re.compile(".+"),
    "cycle": re.compile(".+"),
    "timeline": re.compile(r"[^:]+: .+"),
    "comparison": re.compile(r"[^|]+ \| [^|]+"),
    "plot": re.compile(r"[^:]+: -?\d+(?:\.\d+)?"),
    "number-line": re.compile(r"[^:]+: -?\d+(?:\.\d+)?"),
}


class _Scene(BaseModel):
    heading: _Line
    narration: Annotated[str, AfterValidator(_plain(1_500))]
    bullets: Annotated[list[_Line], Field(min_length=2, max_length=4)]
    visual: _Visual


_Choice = Annotated[str, AfterValidator(_plain(150))]


class _Question(BaseModel):
    question: _Text
    choices: Annotated[list[_Choice], Field(min_length=4, max_length=4)]
    answer: Annotated[int, Field(ge=0, le=3, description="index of the right choice, from 0")]
    explanation: _Text

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({choice.casefold() for choice in self.choices}) < len(self.choices):
            raise ValueError("the choices must differ")
        return self


class _Lesson(BaseModel):
    topic: _Line
    subject: Literal[Subject, "general"]
    title: _Line
    hook: _Text
    scenes: Annotated[list[_Scene], Field(min_length=3, max_length=8)]
    key_takeaways: Annotated[list[_Text], Field(min_length=3, max_length=3)]
    quiz: Annotated[list[_Question], Field(min_length=2, max_length=2)]


class Answer(BaseModel):
    """Gemini's answer: a lesson, or the reason for declining the request."""

    decline: Literal["unsafe", "not_a_topic", "unclear"] | None
    lesson: _Lesson | None


def read_answer(text: str, request: ContentRequest, model: str) -> Script:
    """Validate Gemini's answer and convert it to a script.

    Args:
        text: the answer as JSON.
        request: the request; gives grade and language.
        model: name of the model, stored as the source of the lesson.

    Raises:
        UnusableAnswer: the answer breaks the schema or a rule.
        PermanentError: the model declined the request.
    """
    try:
        answer = Answer.model_validate_json(text)
    except ValidationError as error:
        raise UnusableAnswer(_problems(error)) from None
    if answer.decline:
        raise PermanentError(f"{model} declined the request: {_DECLINED[answer.decline]}")
    if answer.lesson is None:
        raise UnusableAnswer("- lesson: must be set unless the request is declined")
    script = _script(answer.lesson, request, model)
    _check_length(script)
    _, most = _limits(script)[0]
    return spoken_question(script, most, _spoken)


def _problems(error: ValidationError) -> str:
    """List each error and its field, without the invalid text, which may hold a student's words."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [
        f"- {'.'.join(map(str, problem['loc'])) or 'answer'}: {problem['msg']}" for problem in found
    ]
    return "\n".join(lines[:12])


def _script(lesson: _Lesson, request: ContentRequest, model: str) -> Script:
    return Script(
        title=lesson.title,
        hook=lesson.hook,
        scenes=tuple(
            Scene(s.heading, s.narration, tuple(s.bullets), s.visual.to_visual())
            for s in lesson.scenes
        ),
        key_takeaways=tuple(lesson.key_takeaways),
        quiz=tuple(
            QuizQuestion(q.question, tuple(q.choices), q.answer, q.explanation) for q in lesson.quiz
        ),
        topic=lesson.topic,
        subject=lesson.subject,
        grade_level=request.grade_level,
        language=request.language,
        sources=(f"Written by {model}",),
    )


def _check_length(script: Script) -> None:
    (least, most), unit = _limits(script)
    spoken = _spoken(script)
    if not least <= spoken <= most:
        raise UnusableAnswer(
            f"- lesson: hook, narration and takeaways have {spoken} spoken {unit} together; "
            f"write {least} to {most}"
        )


def _limits(script: Script) -> tuple[tuple[int, int], str]:
    return (CHARACTERS, "characters") if _unspaced(script) else (WORDS, "words")


def _spoken(script: Script) -> int:
    if _unspaced(script):
        return sum(len("".join(section.narration.split())) for section in script.sections())
    return script.spoken_words


def _unspaced(script: Script) -> bool:
    return primary_subtag(script.language) in _UNSPACED
