"""Computes the beats of a picture that several scenes share: shown before, now and later."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from transforms.script.cards.marks import split_marks


@dataclass(frozen=True)
class MarkedBeat:
    """A mark in a narration, with its sentence and its position in the sentence.

    Attributes:
        of: picture that the mark names, as in ``[[cart.push]]``; empty if it names none.
        name: element or state.
        sentence: number of the sentence, from 0.
        share: part of the sentence that is spoken before it, 0-1.
    """

    of: str
    name: str
    sentence: int
    share: float


@dataclass(frozen=True)
class TellingScene:
    """The picture that a scene shows, with the beats from its marks.

    Attributes:
        picture: identity of the picture; scenes with the same one show one picture.
        beats: its marks, in order.
    """

    picture: Hashable
    beats: tuple[MarkedBeat, ...]


def marked_beats(narration: str) -> Iterator[MarkedBeat]:
    """Parse the marks of a narration, each with its sentence and position."""
    for number, (sentence, marks) in enumerate(split_marks(narration)):
        for mark in marks:
            of, _, name = mark.name.rpartition(".")
            yield MarkedBeat(of, name, number, round(mark.at / max(1, len(sentence)), 3))


def told(scenes: Sequence[TellingScene | None]) -> Iterator[dict[str, object]]:
    """Compute the fields ``beats``, ``before`` and ``later`` of each scene's picture.

    What an earlier scene has shown of a picture stands from the start, and what a later scene shows
    first is hidden until then.

    Args:
        scenes: the scenes in order; None for one without a picture.
    """
    shown: dict[Hashable, list[str]] = {}
    for number, scene in enumerate(scenes):
        if scene is None:
            yield {}
            continue
        standing = shown.setdefault(scene.picture, [])
        before = tuple(standing)
        beats = []
        for beat in scene.beats:
            if beat.name not in standing:
                standing.append(beat.name)
                place = {"sentence": beat.sentence, "share": beat.share}
                beats.append({**place, "show": beat.name})
        coming = (
            beat.name
            for other in scenes[number + 1 :]
            if other is not None and other.picture == scene.picture
            for beat in other.beats
            if beat.name not in standing
        )
        yield {"beats": beats, "before": before, "later": tuple(dict.fromkeys(coming))}
