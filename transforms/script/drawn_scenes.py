"""Statistics of the pictures in a card's lessons, and a search for pictures in two cards."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from transforms.model import ContentRequest, Scene, Script
from transforms.pictures.picture import picture_labels, read_picture
from transforms.script.cards.card import BandName, Card
from transforms.script.cards.pictures import Picture
from transforms.script.engines.offline.compose import compose
from transforms.script.matching.interests import GENERAL, INTERESTS
from transforms.script.matching.word_lists import FILLER
from transforms.script.matching.words import roots, words

WANTED = 4
"""Scenes of a lesson that should explain a picture."""
LEAST_BEATS, LEAST_LABELS = 1, 2

_LABEL_END = re.compile(r"[,;:=×|()→←↑↓–]+")


@dataclass(frozen=True)
class DrawnScene:
    """The picture of a scene, with its beats and spoken labels.

    Attributes:
        heading: heading of the scene.
        template: template of its picture; empty without one.
        beats: changes of the picture that the scene tells.
        labels: labels of the picture that the scene says.
    """

    heading: str
    template: str = ""
    beats: int = 0
    labels: tuple[str, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether the narration explains the picture: it has beats and speaks labels."""
        return self.beats >= LEAST_BEATS and len(self.labels) >= LEAST_LABELS

    def __str__(self) -> str:
        if not self.template:
            return f"{self.heading}: no picture"
        said = ", ".join(self.labels) or "none"
        return f"{self.heading}: {self.template}, {self.beats} beats, labels spoken: {said}"


def drawn_scenes(script: Script) -> tuple[DrawnScene, ...]:
    """Return the picture, beats and spoken labels of each scene of a lesson."""
    return tuple(_drawn(scene, script.language) for scene in script.scenes)


def drawn_by_band(card: Card) -> Mapping[BandName, tuple[DrawnScene, ...]]:
    """Return the drawn scenes of each band, of the lesson with the fewest pictures."""
    found = {}
    for band in card.bands:
        lessons = (drawn_scenes(script) for script in lessons_of(card, band))
        found[band] = min(lessons, key=count_drawn)
    return found


def count_drawn(scenes: tuple[DrawnScene, ...]) -> int:
    """Count the scenes whose narration explains a picture."""
    return sum(scene.counts for scene in scenes)


def shared_pictures(cards: Mapping[str, Card]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield file, key and remedy of each picture that an earlier card has too.

    Args:
        cards: cards by file.
    """
    owners: dict[str, str] = {}
    for file, card in cards.items():
        for at, picture in enumerate(card.pictures):
            owner = owners.setdefault(_canonical_inputs(picture), card.id)
            if owner != card.id:
                problem = f"{owner!r} shows the same template and data; draw something else"
                yield file, (f"pictures.{at}", problem)


def lesson(card: Card, grade: int, interest: str = GENERAL) -> Script:
    """Compose the lesson of a card for a grade and an interest."""
    request = ContentRequest(
        request_id="3f2b8f7e-59a5-4b43-9a38-0c3f6f9f2a10",
        student_id="review",
        student_query=card.title,
        grade_level=grade,
        correlation_id="review",
    )
    return compose(card, request, INTERESTS.get(interest))


def lowest_grade(card: Card, band: BandName) -> int:
    """Return the lowest grade that hears a band of a card."""
    lowest, _ = card.grades
    return next(grade for grade in range(lowest, 17) if card.band_of_grade(grade) == band)


def lessons_of(card: Card, band: BandName) -> Iterator[Script]:
    """Compose the lessons of a band, one with each analogy of the card."""
    grade = lowest_grade(card, band)
    return (lesson(card, grade, interest) for interest in card.analogies)


def _drawn(scene: Scene, language: str) -> DrawnScene:
    if scene.visual.kind != "picture":
        return DrawnScene(scene.heading)
    picture = read_picture(scene.visual.text)
    said = set(roots(words(scene.narration)))
    labels = dict.fromkeys(
        part.strip()
        for label in picture_labels(scene.visual.text, language)
        for part in _LABEL_END.split(label)
    )
    spoken = tuple(label for label in labels if said & _content_roots(label))
    return DrawnScene(scene.heading, picture.template, len(picture.beats), spoken)


def _content_roots(label: str) -> set[str]:
    """Return the roots of the content words and numbers in a label."""
    found = words(label)
    pairs = zip(found, roots(found), strict=True)
    return {root for word, root in pairs if len(word) > 2 or word.isdigit()} - FILLER


def _canonical_inputs(picture: Picture) -> str:
    """Return template and data of a picture as JSON, with element ids replaced by numbers."""
    names = {name: f"#{at}" for at, name in enumerate(picture.elements())}

    def renamed(value: object) -> object:
        if isinstance(value, Mapping):
            return {
                key: inner if key == "label" else renamed(inner) for key, inner in value.items()
            }
        if isinstance(value, list | tuple):  # a quantity may name a number like an id
            quantity = len(value) == 2 and not names.keys() >= {*map(str, value)}
            return [inner if quantity and isinstance(inner, str) else renamed(inner)
                    for inner in value]  # fmt: skip
        return names.get(value, value) if isinstance(value, str) else value

    return json.dumps([picture.template, renamed(picture.data)], sort_keys=True)
