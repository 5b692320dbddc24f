"""Pictures of a composed lesson: marks in its narration become beats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from transforms.maths.arithmetic import Number
from transforms.model import Scene, Visual
from transforms.pictures.picture import build_picture, read_picture, write_picture
from transforms.script.cards.marks import remove_marks, split_marks
from transforms.script.cards.pictures import Picture


def show_pictures(
    scenes: Iterable[Scene], pictures: Iterable[Picture], numbers: Mapping[str, Number]
) -> Iterator[Scene]:
    """Yield scenes without marks; a scene whose narration has marks shows the picture they name.

    What an earlier scene has shown of a picture stands from the start.

    Args:
        scenes: scenes with marks in their narration.
        pictures: pictures of the card.
        numbers: numbers of the band by name.
    """
    owners = {name: each for each in pictures for name in (*each.elements(), *each.states)}
    by_id = {each.id: each for each in owners.values()}
    shown: dict[str, list[str]] = {}
    for scene in scenes:
        picture, beats = None, []
        for number, (sentence, marks) in enumerate(split_marks(scene.narration)):
            for mark in marks:
                of, _, name = mark.name.rpartition(".")
                owner = by_id[of] if of else owners[name]
                picture = picture or owner
                told = shown.setdefault(picture.id, [])
                if owner is picture and name not in told:
                    told.append(name)
                    share = round(mark.at / max(1, len(sentence)), 3)
                    beats.append({"sentence": number, "share": share, "show": name})
        narration = remove_marks(scene.narration)
        if picture is None:
            yield replace(scene, narration=narration)
            continue
        new = {beat["show"] for beat in beats}
        before = [name for name in shown[picture.id] if name not in new]
        drawn = picture.with_numbers(numbers, beats=beats, before=before)
        yield replace(scene, narration=narration, visual=Visual("picture", write_picture(drawn)))


def without_beats(visual: Visual) -> Visual:
    """Return a visual whose picture, if it is one, shows its last state from the start."""
    if visual.kind != "picture":
        return visual
    data = read_picture(visual.text).model_dump(exclude_defaults=True)
    shown = [*data.pop("before", ()), *(beat["show"] for beat in data.pop("beats", ()))]
    return replace(visual, text=write_picture(build_picture(data | {"before": shown})))
