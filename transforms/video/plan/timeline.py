"""Timeline of one slide: when elements appear, and which frames differ from the one before."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import regex  # type: ignore[import-untyped]

from transforms.model import Sentence

FPS = 30
"""Frames per second; every change of the picture falls on a frame."""
FADE = 8
"""Frames over which an element fades in."""
SMOOTH = 45
"""Frames from which a beat is a movement, drawn in each of them; shorter ones at half the rate."""
EXIT = 6
"""Frames over which a slide fades out before the next one."""
LEAD = 0.15
"""Seconds by which an element appears before its words; reading is slower than listening."""
_UNEVEN_COST, _SHARED_COST = 0.06, 0.4
"""Costs relative to a match of all words: of each sentence away from an even spread, and of
sharing a sentence with the text before.
"""
_STEM_LENGTH = 5
"""Letters of a word that are compared, so that "doubles" matches "doubling"."""
_WORD = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]|[\p{L}\p{M}\p{N}]+")
_STOP_WORDS = frozenset(
    """
    a an and are as at be by for from in is it its of on or so that the then this to was with
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True)
class SlideState:
    """Appearance of a slide in one frame.

    Attributes:
        shown: fade-in step of each element, 0 (hidden) to `FADE` (fully shown).
        cleared: fade-out step, 0 to `EXIT`; `EXIT` is the blank slide.
        progress: completed share of the section, 0-1.
        caption: number of caption changes so far.
        beats: for each beat of the picture, the frames for which it has run.
    """

    shown: tuple[int, ...]
    cleared: int
    progress: float
    caption: int = 0
    beats: tuple[int, ...] = ()


def spoken_times(texts: Sequence[str], sentences: Sequence[Sentence]) -> list[float]:
    """Return the time in seconds at which each text is spoken.

    Each text is matched to the sentence that shares most words with it, in order. A text that
    shares none takes its place in an even spread.

    Args:
        texts: texts of the elements, in order of appearance.
        sentences: sentences spoken meanwhile, in order; not empty.
    """
    words = [_stems(sentence.text) for sentence in sentences]
    wanted = [frozenset(_stems(text)) for text in texts]
    weights = {
        word: 1 / sum(word in spoken_words for spoken_words in (*words, *wanted))
        for spoken_words in words
        for word in spoken_words
    }
    times: list[float] = []
    last = -1
    for text, place in zip(wanted, _match_sentences(wanted, words, weights), strict=True):
        sentence = sentences[place]
        share = 0.0
        if place == last:
            positions = [i for i, word in enumerate(words[place]) if word in text]
            share = sum(positions) / len(positions) / len(words[place]) if positions else 0.5
        at = sentence.start + share * (sentence.end - sentence.start)
        times.append(max([at, *times]))
        last = place
    return times


def reveal_frames(times: Sequence[float], length: int) -> tuple[int, ...]:
    """Return the frame, relative to the start of a shot, at which each element begins to appear.

    Args:
        times: seconds from the start of the shot, ascending.
        length: frames of the shot.

    Returns:
        0 for elements that are visible from the beginning: a viewer who jumps to the chapter
        sees them at once.
    """
    latest = max(0, length - EXIT - 2 * FADE)
    frames: list[int] = []
    for time in times:
        frame = min(latest, max(0, round((time - LEAD) * FPS)))
        if frame < FADE:
            frame = 0
        frames.append(max(frame, frames[-1] + FADE // 2) if frames else frame)
    overrun = max(0, frames[-1] - latest) if frames else 0
    return tuple(max(0, frame - overrun) for frame in frames)


def change_points(
    reveals: Sequence[int],
    length: int,
    progress: Sequence[tuple[int, float]],
    *,
    clears: bool,
    captions: Sequence[int] = (),
    beats: Sequence[tuple[int, int]] = (),
) -> list[tuple[int, SlideState]]:
    """Return every frame that differs from the one before it, starting with frame 0.

    Args:
        reveals: frames at which elements begin to appear; 0 means visible from the beginning.
        length: frames of the shot.
        progress: pairs of a frame and the completed share of the section from then on, ascending.
        clears: fade the slide out at its end.
        captions: frames at which the caption changes, ascending.
        beats: first frame and number of frames of each beat of the picture.
    """
    clearing = length - EXIT if clears and length > 4 * EXIT else length
    candidates = {0, *captions, *(frame for frame, _ in progress), *range(clearing, length)}
    for reveal in reveals:
        candidates.update(range(reveal, reveal + FADE))
    for start, frames in beats:
        candidates.update(range(start, start + frames, _step(frames)))
    changes: list[tuple[int, SlideState]] = []
    for frame in sorted(frame for frame in candidates if 0 <= frame < length):
        state = SlideState(
            tuple(_fade_step(frame - reveal) if reveal else FADE for reveal in reveals),
            max(0, frame - clearing + 1),
            max((share for since, share in progress if since <= frame), default=0.0),
            bisect_right(captions, frame),
            tuple(frames_run(frame - start, frames) for start, frames in beats),
        )
        if not changes or changes[-1][1] != state:
            changes.append((frame, state))
    return changes


def frames_run(passed: int, frames: int) -> int:
    """Return for how many of its frames a beat has run, `passed` frames after its first one."""
    step = _step(frames)
    return min(frames, (passed // step + 1) * step) if passed >= 0 else 0


def _step(frames: int) -> int:
    """Return after how many frames a beat is drawn again: each changed frame costs time."""
    return 1 if frames >= SMOOTH else 2


def _fade_step(frames: int) -> int:
    """Return the fade-in step of an element, `frames` after it began to appear."""
    return min(FADE, max(0, frames + 1))


def _match_sentences(
    wanted: Sequence[frozenset[str]], words: Sequence[Sequence[str]], weights: Mapping[str, float]
) -> list[int]:
    """Assign a sentence to each text, in order, so that they share the most words."""
    best: list[tuple[float, list[int]]] = [(0.0, [])] * len(words)
    for i, text in enumerate(wanted):
        row = []
        ahead: tuple[float, list[int]] = (-inf, [])
        for j, spoken_words in enumerate(words):
            same = (best[j][0] - _SHARED_COST, best[j][1]) if i else best[j]
            score, path = max(ahead, same, key=lambda way: way[0])
            most = sum(weights.get(word, 0.0) for word in text)
            match = (
                sum(weights[word] for word in text.intersection(spoken_words)) / most
                if most
                else 0.0
            )
            even = i * len(words) / len(wanted)
            row.append((score + match - _UNEVEN_COST * abs(j - even), [*path, j]))
            ahead = max(ahead, best[j], key=lambda way: way[0])
        best = row
    return max(best, key=lambda way: way[0])[1]


def _stems(text: str) -> list[str]:
    words = (word.casefold() for word in _WORD.findall(text))
    return [word[:_STEM_LENGTH] for word in words if word not in _STOP_WORDS]
