"""Converter of the marks in a composed lesson to beats of the card's pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from transforms.maths.arithmetic import Number
from transforms.model import Scene, Visual
from transforms.pictures.picture import build_picture, read_picture, write_picture
from transforms.script.cards.marks import remove_marks
from transforms.script.cards.pictures import Picture
from transforms.script.told_pictures import TellingScene, marked_beats, told


def show_pictures(
    scenes: Iterable[Scene], pictures: Iterable[Picture], numbers: Mapping[str, Number]
) -> Iterator[Scene]:
    """Convert the marks of each scene to beats of the picture they name; remove the marks.

    Args:
        scenes: scenes with marks in their narration.
        pictures: pictures of the card.
        numbers: numbers of the band by name.
    """
    owners = {name: each for each in pictures for name in (*each.elements(), *each.states)}
    by_id = {each.id: each for each in owners.values()}
    found = list(scenes)
    telling: list[TellingScene | None] = []
    for scene in found:
        beats = list(marked_beats(scene.narration))
        of = [by_id[beat.of] if beat.of else owners[beat.name] for beat in beats]
        own = tuple(beat for beat, picture in zip(beats, of, strict=True) if picture is of[0])
        telling.append(TellingScene(of[0].id, own) if beats else None)
    for scene, teller, fields in zip(found, telling, told(telling), strict=True):
        plain = replace(scene, narration=remove_marks(scene.narration))
        if teller is not None:
            drawn = by_id[str(teller.picture)].with_numbers(numbers, **fields)
            shown = Visual("picture", write_picture(drawn))
            plain = replace(plain, visual=shown, bullets=_without_columns(scene))
        yield plain


def _without_columns(scene: Scene) -> tuple[str, ...]:
    """Return the bullets of a scene, with rows of a replaced comparison table as text."""
    if scene.visual.kind != "comparison":
        return scene.bullets
    if len(scene.bullets) > 1:
        return tuple(row.replace(" | ", ": ") for row in scene.bullets)
    heads, cells = (row.split(" | ") for row in scene.visual.items)
    return tuple(f"{head}: {cell}" for head, cell in zip(heads, cells, strict=True))


def without_beats(visual: Visual) -> Visual:
    """Remove the beats of a picture visual, so that it shows its last state from the start."""
    if visual.kind != "picture":
        return visual
    data = read_picture(visual.text).model_dump(exclude_defaults=True, exclude={"later"})
    shown = [*data.pop("before", ()), *(beat["show"] for beat in data.pop("beats", ()))]
    return replace(visual, text=write_picture(build_picture(data | {"before": shown})))
