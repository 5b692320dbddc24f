"""Frames of the beats of a picture: each begins when its word is spoken."""

from __future__ import annotations

from collections.abc import Sequence

from transforms.model import Sentence, Visual
from transforms.pictures.picture import PictureError, read_picture
from transforms.pictures.template import APPEAR_SECONDS, MOST_SECONDS
from transforms.video.plan.timeline import EXIT, FPS, LEAD


def picture_beats(
    visual: Visual, spoken: Sequence[Sentence], length: int
) -> tuple[tuple[int, int], ...]:
    """Return first frame and number of frames of each beat of a picture.

    Args:
        visual: visual of the scene.
        spoken: sentences of the scene, with times relative to its start.
        length: frames of the shot.

    Returns:
        Beats that end before the slide clears. A movement takes at most four seconds, and no
        longer than the rest of its sentence unless that is too short to be seen.
    """
    if visual.kind != "picture":
        return ()
    try:
        picture = read_picture(visual.text)
    except PictureError:
        return ()
    latest = max(1, length - EXIT - 1)
    beats = []
    for beat in picture.beats:
        start, seconds = 0.0, picture.seconds(beat.show)
        if spoken:
            sentence = spoken[min(beat.sentence, len(spoken) - 1)]
            start = sentence.time_at(beat.share * len(sentence.text))
            rest = max(APPEAR_SECONDS, sentence.end - start)
            seconds = min(seconds, MOST_SECONDS, max(rest, seconds / 2))
        first = min(latest, max(1, round((start - LEAD) * FPS)))
        frames = min(max(1, round(seconds * FPS)), max(1, latest - first))
        beats.append((first, frames))
    return tuple(beats)
