"""When something appears: bullets as they are spoken, and every frame that changes the picture."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import regex  # type: ignore[import-untyped]

from transforms.model import Sentence

FPS = 30
"""The grid of the timeline; every change of the picture falls on it."""
FADE = 8
"""Frames over which an element appears."""
EXIT = 6
"""Frames over which a slide clears before the next one."""
LEAD = 0.15
"""Seconds by which an element appears before its words; the eye is slower than the ear."""
_UNEVEN, _CROWDED = 0.06, 0.4
"""What it costs, against a match of all words, to be a sentence away from an even spread, and to
share a sentence with the text before."""
_STEM = 5
"""Letters of a word that count, so that "doubles" meets "doubling"."""
_WORD = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]|[\p{L}\p{M}\p{N}]+")
_FILLERS = frozenset(
    """
    a an and are as at be by for from in is it its of on or so that the then this to was with
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True)
class State:
    """What a slide looks like in a frame.

    Attributes:
        shown: 0 (hidden) to `FADE` (there) for each element.
        cleared: 0 to `EXIT`; `EXIT` would be the blank slide.
        progress: share of the section that is done, 0-1.
        caption: how many times the caption has changed.
    """

    shown: tuple[int, ...]
    cleared: int
    progress: float
    caption: int = 0


def spoken_at(texts: Sequence[str], sentences: Sequence[Sentence]) -> list[float]:
    """When each text is spoken, in seconds.

    Each is given to the sentence it shares most words with, in order; one that shares none goes
    where an even spread would put it.

    Args:
        texts: what is to appear, in the order it does.
        sentences: what is spoken meanwhile, in order; not empty.
    """
    words = [_stems(sentence.text) for sentence in sentences]
    wanted = [frozenset(_stems(text)) for text in texts]
    weights = {
        word: 1 / sum(word in heard for heard in (*words, *wanted))
        for heard in words
        for word in heard
    }
    times: list[float] = []
    last = -1
    for text, place in zip(wanted, _places(wanted, words, weights), strict=True):
        sentence = sentences[place]
        share = 0.0
        if place == last:
            heard_at = [i for i, word in enumerate(words[place]) if word in text]
            share = sum(heard_at) / len(heard_at) / len(words[place]) if heard_at else 0.5
        at = sentence.start + share * (sentence.end - sentence.start)
        times.append(max([at, *times]))
        last = place
    return times


def reveal_frames(times: Sequence[float], length: int) -> tuple[int, ...]:
    """The frame, counted from the start of a shot, at which each element begins to appear.

    Args:
        times: seconds from the start of the shot, ascending.
        length: frames of the shot.

    Returns:
        0 for what stands from the beginning, so that a viewer who jumps to a chapter sees it.
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
) -> list[tuple[int, State]]:
    """Every frame that differs from the one before it, from frame 0 on.

    Args:
        reveals: when elements begin to appear; 0: they stand from the beginning.
        length: frames of the shot.
        progress: frames with the share of the section that is done from then on, ascending.
        clears: whether the slide clears at its end.
        captions: frames at which the caption changes, ascending.
    """
    clearing = length - EXIT if clears and length > 4 * EXIT else length
    candidates = {0, *captions, *(frame for frame, _ in progress), *range(clearing, length)}
    for reveal in reveals:
        candidates.update(range(reveal, reveal + FADE))
    changes: list[tuple[int, State]] = []
    for frame in sorted(frame for frame in candidates if 0 <= frame < length):
        state = State(
            tuple(_shown(frame - reveal) if reveal else FADE for reveal in reveals),
            max(0, frame - clearing + 1),
            max((share for since, share in progress if since <= frame), default=0.0),
            bisect_right(captions, frame),
        )
        if not changes or changes[-1][1] != state:
            changes.append((frame, state))
    return changes


def _shown(frames: int) -> int:
    """How far an element has appeared, so many frames after it began to."""
    return min(FADE, max(0, frames + 1))


def _places(
    wanted: Sequence[frozenset[str]], words: Sequence[Sequence[str]], weights: Mapping[str, float]
) -> list[int]:
    """For each text the index of its sentence: non-descending, with the best sum of matches."""
    best: list[tuple[float, list[int]]] = [(0.0, [])] * len(words)
    for i, text in enumerate(wanted):
        row = []
        ahead: tuple[float, list[int]] = (-inf, [])
        for j, heard in enumerate(words):
            same = (best[j][0] - _CROWDED, best[j][1]) if i else best[j]
            score, path = max(ahead, same, key=lambda way: way[0])
            most = sum(weights.get(word, 0.0) for word in text)
            match = sum(weights[word] for word in text.intersection(heard)) / most if most else 0.0
            even = i * len(words) / len(wanted)
            row.append((score + match - _UNEVEN * abs(j - even), [*path, j]))
            ahead = max(ahead, best[j], key=lambda way: way[0])
        best = row
    return max(best, key=lambda way: way[0])[1]


def _stems(text: str) -> list[str]:
    words = (word.casefold() for word in _WORD.findall(text))
    return [word[:_STEM] for word in words if word not in _FILLERS]
