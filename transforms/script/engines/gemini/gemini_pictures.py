"""Converter of the marks in Gemini's narration to beats of pictures, or to problems."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from transforms.model import Scene, Visual
from transforms.pictures.picture import Picture, PictureError, build_picture, write_picture
from transforms.script.cards.marks import MOST_MARKS, remove_marks, split_marks
from transforms.script.engines.gemini.gemini_answer import VisualAnswer
from transforms.script.told_pictures import TellingScene, marked_beats, told


class AnsweredScene(Protocol):
    """A scene of Gemini's answer: narration with marks, and visual."""

    narration: str
    visual: VisualAnswer


def mark_problems(narration: str, visual: VisualAnswer) -> Iterator[str]:
    """Yield each fault in the marks of a scene, without quoting its text."""
    sentences = list(split_marks(narration))
    if any(len(sentence.marks) > MOST_MARKS for sentence in sentences):
        yield f"a sentence may have at most {MOST_MARKS} marks"
    beats = list(marked_beats(narration))
    if not beats:
        if visual.kind == "picture":
            yield "a picture needs a mark [[id]] before the word at which it changes"
        return
    if visual.kind != "picture":
        yield "marks need a visual of the kind picture in the same scene"
        return
    picture = _picture(visual)
    if picture is not None and not {beat.name for beat in beats} <= _names(picture):
        yield "a mark names neither an id nor a state of the scene's picture"


def show_pictures(scenes: Sequence[Scene], answered: Sequence[AnsweredScene]) -> Iterator[Scene]:
    """Convert the marks of scenes with a picture to beats; remove marks from all scenes.

    Scenes with the same inputs show one picture. A mark of nothing in it is left out.

    Args:
        scenes: scenes with marks in their narration.
        answered: the same scenes as Gemini gave them.
    """
    pictures = [_picture(each.visual) for each in answered]
    telling = [
        None if picture is None else _telling(scene.narration, picture)
        for scene, picture in zip(scenes, pictures, strict=True)
    ]
    for scene, picture, fields in zip(scenes, pictures, told(telling), strict=True):
        plain = replace(scene, narration=remove_marks(scene.narration))
        if picture is not None:
            plain = replace(plain, visual=_shown(picture, fields))
        yield plain


def _picture(visual: VisualAnswer) -> Picture | None:
    if visual.kind != "picture":
        return None
    try:
        return visual.picture()
    except PictureError:
        return None


def _names(picture: Picture) -> set[str]:
    return {*picture.elements(), *picture.states}


def _telling(narration: str, picture: Picture) -> TellingScene:
    names = _names(picture)
    beats = tuple(beat for beat in marked_beats(narration) if beat.name in names)
    return TellingScene(json.dumps(picture.inputs(), sort_keys=True), beats)


def _shown(picture: Picture, fields: dict[str, object]) -> Visual:
    names = _names(picture)
    for key in ("before", "later"):  # scenes of one picture may have different states
        kept = fields[key]
        assert isinstance(kept, tuple)
        fields[key] = tuple(name for name in kept if name in names)
    data = picture.model_dump(exclude_defaults=True)
    return Visual("picture", write_picture(build_picture(data | fields)))
