"""Start times of the words of a sentence, as its caption shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from transforms.narration.engines.voice_engine import SpokenWord
from transforms.narration.mastering import Samples, audible_frames

_PAUSE_MARKS: Final = (*",;:—–)", "،", "؛")
_SHORTEST_PAUSE: Final = 0.1  # seconds of silence; in closed plosives it is shorter
_FARTHEST_PAUSE: Final = 0.8  # seconds of speech between a pause and its place by characters
_PREFERENCE: Final = 2.0  # seconds of distance that a silence longer by one second makes up for


class _Silence(NamedTuple):
    """A silence inside a sentence, with its position and length.

    Attributes:
        spoken: seconds of speech before it.
        seconds: its length.
    """

    spoken: float
    seconds: float


def words_from_spoken(text: str, spoken: Sequence[SpokenWord], end: float) -> tuple[float, ...]:
    """Return the start times of a text's words, from those of the words the voice spoke.

    Words that are spoken otherwise, such as "50 N", share the time between their neighbours.

    Args:
        text: words separated by white space.
        spoken: in order, with their seconds.
        end: second at which the last word ends.
    """
    shown = text.split()
    begins = [*(word.start for word in spoken), end]
    matcher = SequenceMatcher(
        None, [_bare(word) for word in shown], [_bare(word.text) for word in spoken], autojunk=False
    )
    found: list[float] = []
    for tag, first, last, from_spoken, to_spoken in matcher.get_opcodes():
        if tag == "equal":
            found += begins[from_spoken:to_spoken]
        else:
            found += _share(shown[first:last], begins[from_spoken], begins[to_spoken])
    return tuple(found)


def words_from_pauses(text: str, samples: Samples, rate: int) -> tuple[float, ...]:
    """Estimate the start times of a text's words from the silences in its recording.

    A long silence is taken as the pause at a punctuation mark near it. Between pauses, the time in
    which something is audible is divided by characters.

    Args:
        text: words separated by white space.
        samples: mono, from the first to the last audible sample.
        rate: samples per second.
    """
    shown = text.split()
    seconds = len(samples) / rate
    silences = _silences(samples, rate)
    spoken = seconds - sum(silence.seconds for silence in silences)
    marked = {
        at: place
        for at, place in enumerate(_share(shown, 0.0, spoken))
        if at and shown[at - 1].endswith(_PAUSE_MARKS)
    }
    clauses = [(0, 0.0), *_pauses(marked, silences), (len(shown), spoken)]
    return tuple(
        place + sum(silence.seconds for silence in silences if silence.spoken <= place)
        for (first, begin), (last, end) in pairwise(clauses)
        for place in _share(shown[first:last], begin, end)
    )


def _bare(word: str) -> str:
    return "".join(filter(str.isalnum, word)).casefold()


def _share(words: Sequence[str], begin: float, end: float) -> Iterator[float]:
    """Yield the start time of each word, in proportion to its characters."""
    characters, before = sum(len(word) + 1 for word in words), 0
    for word in words:
        yield begin + (end - begin) * before / characters
        before += len(word) + 1


def _silences(samples: Samples, rate: int) -> list[_Silence]:
    """Find the silences in a recording that are long enough for a pause."""
    frame, audible = audible_frames(samples, rate)
    edges = np.flatnonzero(np.diff(audible.astype(np.int8), prepend=1, append=1)) * frame / rate
    found: list[_Silence] = []
    for begin, end in edges.reshape(-1, 2).tolist():
        if begin and end < len(samples) / rate and end - begin >= _SHORTEST_PAUSE:
            spoken = begin - sum(silence.seconds for silence in found)
            found.append(_Silence(spoken, end - begin))
    return found


def _pauses(marked: Mapping[int, float], silences: Sequence[_Silence]) -> list[tuple[int, float]]:
    """Assign silences to punctuation marks, in order, at the least cost.

    Args:
        marked: seconds of speech before each word that follows a mark, by the word's index.
        silences: in order.

    Returns:
        Words that follow a pause, each with the seconds of speech before it.
    """
    # best[n]: the cheapest assignment of the marks so far to the first n silences
    best: list[tuple[float, list[tuple[int, float]]]] = [(0.0, [])] * (len(silences) + 1)
    for word, place in marked.items():
        row = [(best[0][0] + _FARTHEST_PAUSE, best[0][1])]
        for number, silence in enumerate(silences):
            cost, before = best[number]
            distance = abs(silence.spoken - place) - _PREFERENCE * silence.seconds
            row.append(
                min(
                    (cost + distance, [*before, (word, silence.spoken)]),
                    (best[number + 1][0] + _FARTHEST_PAUSE, best[number + 1][1]),
                    row[-1],
                    key=lambda way: way[0],
                )
            )
        best = row
    return best[-1][1]
