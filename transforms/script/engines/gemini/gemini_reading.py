"""Parser of Gemini's answer: extracts the JSON, reports all problems, builds a script."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from transforms.model import ContentRequest, QuizQuestion, Scene, Script
from transforms.script.cards.marks import remove_marks
from transforms.script.engines.gemini.gemini_answer import (
    CHARACTERS,
    WORDS,
    Answer,
    LessonAnswer,
    VisualAnswer,
)
from transforms.script.engines.gemini.gemini_pictures import mark_problems, show_pictures
from transforms.script.engines.script_engine import Problem, Refused, Severity, UnusableAnswer
from transforms.script.sources.citations import Citations
from transforms.script.sources.passage import Passage
from transforms.script.spoken_quiz import spoken_question
from transforms.text.language import is_unspaced

_DECLINED = {
    "unsafe": "it is not safe to answer for a student",
    "not_a_topic": "it names nothing that can be taught; ask about a school topic",
    "unclear": "it cannot be understood; ask in other words",
}

_OPENING = re.compile(r'\{\s*"(?:decline|lesson)"\s*:')
"""The beginning of an answer; objects within it have other keys."""

MOST_PROBLEMS = 40

_DRAWN_AS_BULLETS = re.compile(r"\.visual: ")
"""Problem of a visual that bullets replace at little loss."""


def read_answer(
    text: str, request: ContentRequest, model: str, passages: Sequence[Passage] = ()
) -> tuple[Script, tuple[Problem, ...]]:
    """Validate Gemini's answer and convert it to a script.

    Args:
        text: the answer, JSON with or without text around it.
        request: the request; gives grade and language.
        model: name of the model, for errors.
        passages: the passages that the model was given, which the lesson may cite.

    Returns:
        The script, and the problems with which it can be used.

    Raises:
        UnusableAnswer: the answer breaks the schema or a rule; it names all problems together.
        Refused: the model declined the request.
    """
    found = find_json(text)
    try:
        answer = Answer.model_validate_json(found)
    except ValidationError as error:
        problems = [*_schema_problems(error), *_other_problems(found, request.language)]
        draft = _partial_script(found, request)
        raise UnusableAnswer(model, problems[:MOST_PROBLEMS], text, draft=draft) from None
    if answer.decline:
        raise Refused(f"{model} declined the request: {_DECLINED[answer.decline]}")
    if answer.lesson is None:
        raise UnusableAnswer(model, ["lesson: must be set unless the request is declined"], text)
    pictures = list(_picture_problems(answer.lesson))
    length = _length_problem(answer.lesson.spoken_texts(), request.language)
    if length:
        draft = _script(answer.lesson, request, Citations(passages))
        raise UnusableAnswer(model, [length, *pictures][:MOST_PROBLEMS], text, draft=draft)
    cited = Citations(passages)
    script = _script(answer.lesson, request, cited)
    spoken = spoken_question(script, _limits(request.language)[1], _spoken)
    return spoken, (
        *(Problem(text, _severity(pictures, script), "pictures") for text in pictures),
        *(Problem(text, "note") for text in cited.problems),
    )


def _severity(problems: Sequence[str], script: Script) -> Severity:
    """Return "repair" if a picture or a mark is wrong, or most visuals cannot be drawn."""
    told = any(not _DRAWN_AS_BULLETS.search(problem) for problem in problems)
    return "repair" if told or 2 * len(problems) > len(script.scenes) else "note"


def find_json(text: str) -> str:
    """Extract the JSON object of an answer from a code fence or from text around it.

    Nothing inside the object is changed. The text is returned as it is if it holds no whole answer,
    or several that differ.
    """
    decoder = json.JSONDecoder()
    found: dict[str, str] = {}
    position = 0
    while opening := _OPENING.search(text, position):
        try:
            value, position = decoder.raw_decode(text, opening.start())
        except (ValueError, RecursionError):
            position = opening.end()
        else:
            found.setdefault(repr(value), text[opening.start() : position])
    return next(iter(found.values())) if len(found) == 1 else text


def _schema_problems(error: ValidationError) -> Iterator[str]:
    """Yield each schema error with its field, but not the value: it may quote a student."""
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        yield f"{'.'.join(map(str, problem['loc'])) or 'answer'}: {problem['msg']}"


def _other_problems(text: str, language: str) -> Iterator[str]:
    """Yield the length and picture problems of an answer that does not follow the schema."""
    try:
        lesson = json.loads(text)["lesson"]
        scenes, takeaways = list(lesson["scenes"]), list(lesson["key_takeaways"])
        texts = [lesson["hook"], *(scene["narration"] for scene in scenes), *takeaways]
    except (ValueError, LookupError, TypeError, RecursionError):
        return
    if all(isinstance(each, str) for each in texts):
        length = _length_problem([remove_marks(each) for each in texts], language)
        if length:
            yield length
    for at, scene in enumerate(scenes):
        try:
            visual = VisualAnswer.model_validate(scene.get("visual"))
        except ValidationError:
            continue  # reported as a schema error
        narration = scene.get("narration")
        yield from _scene_problems(at, narration if isinstance(narration, str) else "", visual)


def _picture_problems(lesson: LessonAnswer) -> Iterator[str]:
    for at, scene in enumerate(lesson.scenes):
        yield from _scene_problems(at, scene.narration, scene.visual)


def _scene_problems(at: int, narration: str, visual: VisualAnswer) -> Iterator[str]:
    for path, problem in visual.problems():
        yield f"lesson.scenes.{at}.{path}: {problem}"
    for problem in mark_problems(narration, visual):
        yield f"lesson.scenes.{at}.narration: {problem}"


def _length_problem(texts: Sequence[str], language: str) -> str:
    least, most = _limits(language)
    spoken = sum(_size(text, language) for text in texts)
    if least <= spoken <= most:
        return ""
    unit = "characters" if is_unspaced(language) else "words"
    return (
        f"lesson: hook, narration and takeaways have {spoken} spoken {unit} together; "
        f"write {least} to {most}"
    )


def _limits(language: str) -> tuple[int, int]:
    return CHARACTERS if is_unspaced(language) else WORDS


def _spoken(script: Script) -> int:
    return sum(_size(section.narration, script.language) for section in script.sections())


def _size(text: str, language: str) -> int:
    words = text.split()
    return len("".join(words)) if is_unspaced(language) else len(words)


def _partial_script(text: str, request: ContentRequest) -> Script | None:
    """Build a partial script from an answer that does not follow the schema, or None.

    Its texts are enough to check them; visuals are checked as a part of the form.
    """

    def text_of(part: Any, key: str) -> str:
        value = part.get(key) if isinstance(part, dict) else None
        return value if isinstance(value, str) else ""

    def parts_of(part: Any, key: str) -> list[Any]:
        value = part.get(key) if isinstance(part, dict) else None
        return value if isinstance(value, list) else []

    def texts_of(part: Any, key: str) -> tuple[str, ...]:
        return tuple(each for each in parts_of(part, key) if isinstance(each, str))

    try:
        lesson = json.loads(text)["lesson"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    if not isinstance(lesson, dict):
        return None
    quiz = [
        QuizQuestion(text_of(q, "question"), choices, answer, text_of(q, "explanation"))
        for q in parts_of(lesson, "quiz")
        if isinstance(q, dict)
        and isinstance(answer := q.get("answer"), int)
        and 0 <= answer < len(choices := texts_of(q, "choices"))
    ]
    return Script(
        title=text_of(lesson, "title"),
        hook=text_of(lesson, "hook"),
        scenes=tuple(
            Scene(
                text_of(s, "heading"),
                remove_marks(text_of(s, "narration")),
                texts_of(s, "bullets"),
            )
            for s in parts_of(lesson, "scenes")
        ),
        key_takeaways=texts_of(lesson, "key_takeaways"),
        quiz=tuple(quiz),
        topic=text_of(lesson, "topic"),
        subject=text_of(lesson, "subject"),
        grade_level=request.grade_level,
        language=request.language,
    )


def _script(lesson: LessonAnswer, request: ContentRequest, cited: Citations) -> Script:
    scenes = tuple(
        Scene(s.heading, s.narration, tuple(s.bullets), s.visual.to_visual(), cited(at, s.sources))
        for at, s in enumerate(lesson.scenes)
    )
    return Script(
        title=lesson.title,
        hook=lesson.hook,
        scenes=tuple(show_pictures(scenes, lesson.scenes)),
        key_takeaways=tuple(lesson.key_takeaways),
        quiz=tuple(
            QuizQuestion(q.question, tuple(q.choices), q.answer, q.explanation) for q in lesson.quiz
        ),
        topic=lesson.topic,
        subject=lesson.subject,
        grade_level=request.grade_level,
        language=request.language,
        sources=cited.sources,
    )
