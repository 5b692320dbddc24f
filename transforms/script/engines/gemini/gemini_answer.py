"""Schema of Gemini's answer: pydantic models, which also validate it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, model_validator

from transforms.maths.parser import parse
from transforms.maths.tokens import FormulaError
from transforms.model import Visual
from transforms.pictures.picture import (
    Picture,
    PictureError,
    build_picture,
    read_picture,
    write_picture,
)
from transforms.pictures.template import COMPUTED
from transforms.script.cards.concept_card import Subject
from transforms.script.cards.marks import has_brackets, remove_marks
from transforms.script.engines.gemini.plain_text import has_markup
from transforms.script.visual_rules import visual_problem
from transforms.text.hidden import without_hidden

WORDS = (150, 450)
"""Minimum and maximum number of spoken words of a lesson."""

CHARACTERS = (300, 1_100)
"""`WORDS` in characters, for languages written without spaces (2 to 2.5 per English word)."""

LINE = 90
"""Maximum number of characters of a bullet or a heading."""

_WEB_ADDRESS = re.compile(r"https?://|\bwww\.\w")


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
        if has_markup(text):
            raise ValueError("must be plain text: no markup, Markdown or list marker")
        return text

    return check


_line = _plain(LINE)
_text = _plain(400)
_Line = Annotated[str, AfterValidator(_line)]
_Text = Annotated[str, AfterValidator(_text)]


AnswerKind = Literal[
    "bullets", "formula", "worked", "steps", "comparison", "process", "cycle", "timeline", "quote",
    "definition", "picture",
]  # fmt: skip
"""Kinds of visuals that an answer may have."""


class VisualAnswer(BaseModel):
    """The visual of a scene, as Gemini describes it."""

    kind: AnswerKind
    text: str
    items: list[str]

    def to_visual(self) -> Visual:
        """Convert to a `Visual`; use bullets if the content does not fit its kind.

        A visual that cannot be drawn is no reason to refuse a good lesson.
        """
        try:
            return self._visual()
        except ValueError:
            return Visual()

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield path and message of each reason why the visual cannot be drawn."""
        try:
            self._visual()
        except PictureError as error:
            for path, problem in error.args:
                yield ".".join(filter(None, ("picture", path))), problem
        except ValueError as error:
            yield "visual", f"{self.kind} cannot be drawn: {error}"

    def _visual(self) -> Visual:
        if self.kind == "bullets":
            return Visual()
        if self.kind == "picture":
            return Visual("picture", write_picture(self.picture()))
        formula = self.kind in ("formula", "worked")
        text = self.text.strip()
        if formula and not _is_formula(text):
            raise ValueError("`text` must be LaTeX of the allowed commands")
        text = _text(text) if text and not formula else text
        items = tuple(_line(item) for item in self.items)
        if self.kind in ("quote", "definition"):
            items = (", ".join(items),) if items else ()
        visual = Visual(self.kind, text, items)
        problem = visual_problem(visual)
        if problem:
            raise ValueError(problem)
        return visual

    def picture(self) -> Picture:
        """Parse and validate the picture, without beats.

        Raises:
            PictureError: it cannot be drawn, or a text of it is not plain.
        """
        picture = read_picture(self.text.strip())
        picture = build_picture(picture.model_dump(exclude_defaults=True, exclude=set(COMPUTED)))
        for path, text in _texts(picture.model_dump(), ()):
            try:
                plain = _line(text) if text else text
            except ValueError as error:
                raise PictureError((path, str(error))) from None
            if plain != text:
                raise PictureError((path, "must be plain text on one line"))
        return picture


def _texts(value: object, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield ".".join(path), value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, path if path == ("states",) else (*path, str(key)))
    elif isinstance(value, list | tuple):
        for at, inner in enumerate(value):
            yield from _texts(inner, (*path, str(at)))


def _is_formula(text: str) -> bool:
    try:
        parse(text)
    except FormulaError:
        return False
    return len(text) <= _LONGEST_FORMULA


_LONGEST_FORMULA = 120


_narration = _plain(1_500)


def _check_narration(text: str) -> str:
    """Validate a narration with marks: check the marks, and the length of the rest."""
    if has_brackets(text):
        raise ValueError("a mark is written [[name]], with small letters, digits and hyphens")
    _narration(remove_marks(text))
    return unicodedata.normalize("NFC", " ".join(without_hidden(text).split()))


class _Scene(BaseModel):
    heading: _Line
    narration: Annotated[str, AfterValidator(_check_narration)]
    bullets: Annotated[list[_Line], Field(min_length=2, max_length=4)]
    visual: VisualAnswer
    sources: Annotated[list[int], Field(description="numbers of the passages it rests on")]


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


class LessonAnswer(BaseModel):
    """A lesson, as Gemini writes it."""

    topic: _Line
    subject: Literal[Subject, "general"]
    title: _Line
    hook: _Text
    scenes: Annotated[list[_Scene], Field(min_length=3, max_length=8)]
    key_takeaways: Annotated[list[_Text], Field(min_length=3, max_length=3)]
    quiz: Annotated[list[_Question], Field(min_length=2, max_length=2)]

    @model_validator(mode="after")
    def _no_web_address(self) -> Self:
        """Refuse web addresses, except in lessons that may be about them."""
        if self.subject != "computing" and _WEB_ADDRESS.search(self.model_dump_json()):
            raise ValueError("must be plain text: no web address")
        return self

    def spoken_texts(self) -> list[str]:
        """Return hook, narrations and takeaways, without marks."""
        narrations = (remove_marks(scene.narration) for scene in self.scenes)
        return [self.hook, *narrations, *self.key_takeaways]


class Answer(BaseModel):
    """Gemini's answer: a lesson, or the reason for declining the request."""

    decline: Literal["unsafe", "not_a_topic", "unclear"] | None
    lesson: LessonAnswer | None
