"""The texts of a script, each with the path by which a repair can name it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from transforms.model import Script
from transforms.pictures.picture import picture_labels


class PlacedText(NamedTuple):
    """A text and its path, such as ``scenes.2.narration``."""

    path: str
    text: str


def spoken_texts(script: Script) -> Iterator[PlacedText]:
    """Yield the texts that every lesson speaks: hook, narration and takeaways."""
    yield PlacedText("hook", script.hook)
    for at, scene in enumerate(script.scenes):
        yield PlacedText(f"scenes.{at}.narration", scene.narration)
    for at, text in enumerate(script.key_takeaways):
        yield PlacedText(f"key_takeaways.{at}", text)


def quiz_texts(script: Script) -> Iterator[PlacedText]:
    """Yield questions and explanations of the quiz, without its choices: most are wrong."""
    for at, quiz in enumerate(script.quiz):
        yield PlacedText(f"quiz.{at}.question", quiz.question)
        yield PlacedText(f"quiz.{at}.explanation", quiz.explanation)


def shown_texts(script: Script) -> Iterator[PlacedText]:
    """Yield the texts that only slides show: title, headings, bullets and texts of visuals.

    Formulas, and what is on either side of a comparison, are left out.
    """
    yield PlacedText("title", script.title)
    for at, scene in enumerate(script.scenes):
        yield PlacedText(f"scenes.{at}.heading", scene.heading)
        if scene.visual.kind == "picture":
            labels = picture_labels(scene.visual.text, script.language)
            for number, text in enumerate(labels):
                yield PlacedText(f"scenes.{at}.visual.labels.{number}", text)
        elif scene.visual.kind not in ("formula", "worked"):
            yield PlacedText(f"scenes.{at}.visual.text", scene.visual.text)
        if scene.visual.kind != "comparison":
            for number, text in enumerate(scene.bullets):
                yield PlacedText(f"scenes.{at}.bullets.{number}", text)
            for number, text in enumerate(scene.visual.items):
                yield PlacedText(f"scenes.{at}.visual.items.{number}", text)


def choice_texts(script: Script) -> Iterator[PlacedText]:
    """Yield the choices of the quiz."""
    for at, quiz in enumerate(script.quiz):
        for number, text in enumerate(quiz.choices):
            yield PlacedText(f"quiz.{at}.choices.{number}", text)


def all_texts(script: Script) -> Iterator[PlacedText]:
    """Yield every text of a script except its formulas."""
    yield from spoken_texts(script)
    yield from shown_texts(script)
    yield from quiz_texts(script)
    yield from choice_texts(script)
    for at, scene in enumerate(script.scenes):
        if scene.visual.kind == "comparison":
            for number, text in enumerate((*scene.bullets, *scene.visual.items)):
                yield PlacedText(f"scenes.{at}.bullets.{number}", text)


def whole_text(script: Script) -> str:
    """Return hook, narration and takeaways joined into one text."""
    return " ".join(placed.text for placed in spoken_texts(script))
