"""Pictures of a composed lesson: marks in its narration become beats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from transforms.maths.arithmetic import Number
from transforms.model import Scene, Visual
from transforms.pictures.picture import build_picture, read_picture, write_picture
from transforms.script.cards.marks import remove_marks, split_marks
from transforms.script.cards.pictures import Picture


def show_pictures(
    scenes: Iterable[Scene], pictures: Iterable[Picture], numbers: Mapping[str, Number]
) -> Iterator[Scene]:
    """Yield scenes without marks; a scene whose narration has marks shows the picture they name.

    What an earlier scene has shown of a picture stands from the start, and what a later scene
    shows first is hidden until then.

    Args:
        scenes: scenes with marks in their narration.
        pictures: pictures of the card.
        numbers: numbers of the band by name.
    """
    owners = {name: each for each in pictures for name in (*each.elements(), *each.states)}
    by_id = {each.id: each for each in owners.values()}
    found = list(scenes)
    told = [list(_told(scene, owners, by_id)) for scene in found]
    shown: dict[str, list[str]] = {}
    for number, scene in enumerate(found):
        narration = remove_marks(scene.narration)
        if not told[number]:
            yield replace(scene, narration=narration)
            continue
        picture = told[number][0].picture
        before = tuple(shown.setdefault(picture.id, []))
        beats = []
        for each in told[number]:
            if each.picture is picture and each.beat["show"] not in shown[picture.id]:
                shown[picture.id].append(str(each.beat["show"]))
                beats.append(each.beat)
        coming = (each for scene in told[number + 1 :] for each in scene if each.picture is picture)
        later = dict.fromkeys(str(each.beat["show"]) for each in coming)
        drawn = picture.with_numbers(
            numbers,
            beats=beats,
            before=before,
            later=[name for name in later if name not in shown[picture.id]],
        )
        yield replace(scene, narration=narration, visual=Visual("picture", write_picture(drawn)))


class _Told(NamedTuple):
    """A mark of a scene as a beat, and the picture that it changes."""

    picture: Picture
    beat: Mapping[str, object]


def _told(
    scene: Scene, owners: Mapping[str, Picture], by_id: Mapping[str, Picture]
) -> Iterator[_Told]:
    for number, (sentence, marks) in enumerate(split_marks(scene.narration)):
        for mark in marks:
            of, _, name = mark.name.rpartition(".")
            share = round(mark.at / max(1, len(sentence)), 3)
            beat = {"sentence": number, "share": share, "show": name}
            yield _Told(by_id[of] if of else owners[name], beat)


def without_beats(visual: Visual) -> Visual:
    """Return a visual whose picture, if it is one, shows its last state from the start."""
    if visual.kind != "picture":
        return visual
    data = read_picture(visual.text).model_dump(exclude_defaults=True, exclude={"later"})
    shown = [*data.pop("before", ()), *(beat["show"] for beat in data.pop("beats", ()))]
    return replace(visual, text=write_picture(build_picture(data | {"before": shown})))
