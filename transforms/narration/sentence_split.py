"""Splitter of a recording of several sentences, at the silences between them.

Every sentence ends at a silence, a clause may, and speech between two silences lasts about as long
as its letters let expect. This is a hidden Markov model whose states are pairs of a clause's end
and a silence; its posterior (forward-backward algorithm) tells where each sentence ends, and how
sure that is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from transforms.narration.mastering import Samples, audible_frames
from transforms.narration.speech_length import spoken_letters

_GATES_DB: Final = (40.0, 34.0, 28.0)  # tried in order, as noise or breath may fill pauses
_SHORTEST_SILENCE: Final = 0.07  # seconds; the closure of a consonant is shorter
_LONGEST_SILENCE: Final = 1.0  # seconds; longer ones count as this long
_MARGIN: Final = 0.08  # seconds of silence kept on either side of a sentence
_SURE: Final = 0.98  # posterior probability

# Median in seconds, and standard deviation of the logarithm, of silences.
_AT_SENTENCE: Final = (0.55, 0.5)
_AT_CLAUSE: Final = (0.28, 0.6)
_CLAUSE_IS_HEARD: Final = 0.6  # probability of a silence after a clause
# Silences elsewhere: number for each end, mean seconds above the shortest, lowest density.
_ELSEWHERE: Final = (0.5, 0.06, 0.02)
_CLAUSE_LETTERS: Final = 1.5  # the last syllable of a clause is longer
# Standard deviation of the seconds of speech: of those expected, and in addition.
_SPREAD: Final = (0.10, 0.12)
# Standard deviations that one sentence may differ, and all of them (root mean square). More means
# that the recording lacks a sentence, or has one twice.
_FARTHEST: Final = (3.3, 1.4)

_CLAUSE_END = re.compile(r"(?<=[,;:…،؛、，；：—–)])\s*|\s+(?=[-–—(])")

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Span:
    """Part of a recording: indices of its first sample and of the one after its last."""

    begin: int
    end: int


def split_at_silences(
    samples: Samples, rate: int, sentences: Sequence[str]
) -> tuple[Span | None, ...]:
    """Find the span of each sentence in a recording, by aligning text and silences.

    Args:
        samples: mono, shape (n,), at `rate` samples per second.
        rate: samples per second.
        sentences: what is spoken, in order; each has a letter or a digit.

    Returns:
        The place of each sentence; None where it is not sure.
    """
    found: tuple[Span | None, ...] = (None,) * len(sentences)
    for gate in _GATES_DB:
        silences = _find_silences(samples, rate, gate)
        if len(silences) > len(sentences):
            spans = _Alignment(silences, sentences).spans(rate)
            found = max(found, spans, key=lambda each: len(each) - each.count(None))
        if None not in found:
            break
    return found


@dataclass(frozen=True)
class _Silences:
    """The silences of a recording; the first and last, at its ends, may have length 0.

    Attributes:
        begin: first sample of each.
        end: sample after each.
        seconds: length of each.
        speech: seconds of speech before each.
    """

    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    seconds: _Floats
    speech: _Floats

    def __len__(self) -> int:
        return len(self.begin)


def _find_silences(samples: Samples, rate: int, gate_db: float) -> _Silences:
    frame, audible = audible_frames(samples, rate, gate_db)
    edges = np.flatnonzero(np.diff(audible.astype(np.int8), prepend=0, append=0)) * frame
    begin = np.minimum(np.concatenate([[0], edges[1::2]]), len(samples))
    end = np.concatenate([edges[0::2], [len(samples)]])
    seconds = (end - begin) / rate
    kept = seconds >= _SHORTEST_SILENCE
    kept[[0, -1]] = True
    begin, end, seconds = begin[kept], end[kept], seconds[kept]
    speech = begin / rate - np.concatenate([[0.0], np.cumsum(seconds)[:-1]])
    return _Silences(begin, end, np.minimum(seconds, _LONGEST_SILENCE), speech)


class _Alignment:
    """Aligns sentences with the silences of their recording, by a hidden Markov model."""

    def __init__(self, silences: _Silences, sentences: Sequence[str]) -> None:
        self._silences = silences
        clauses = [
            [
                spoken_letters(clause) + _CLAUSE_LETTERS
                for clause in _CLAUSE_END.split(sentence)
                if clause.strip()
            ]
            for sentence in sentences
        ]
        self._ends = list(accumulate(len(parts) for parts in clauses))  # of sentences, in clauses
        letters = np.cumsum([0.0, *(letters for parts in clauses for letters in parts)])
        self._expected = letters * silences.speech[-1] / letters[-1]  # seconds before each end
        self._start = [0]  # of the sentence to which each clause belongs
        for first, end in pairwise([0, *self._ends]):
            self._start += [first] * (end - first)

    def spans(self, rate: int) -> tuple[Span | None, ...]:
        """Return the span of each sentence; None where the alignment is uncertain."""
        probability = np.exp(self._forward + self._backward - self._forward[-1, -1])
        places = [0, *(int(np.argmax(probability[end])) for end in self._ends)]
        sure = [True, *(bool(probability[end].max() >= _SURE) for end in self._ends)]
        differences = self._differences(places)
        one, all_together = _FARTHEST
        if np.sqrt(np.mean(differences**2)) > all_together:
            return (None,) * len(differences)
        return tuple(
            self._span(first, second, rate)
            if all(both) and first < second and abs(difference) <= one
            else None
            for (first, second), both, difference in zip(
                pairwise(places), pairwise(sure), differences, strict=True
            )
        )

    def _differences(self, places: Sequence[int]) -> _Floats:
        """Return how much longer each sentence is than expected, in standard deviations."""
        expected = np.diff(self._expected[[0, *self._ends]])
        spoken = np.diff(self._silences.speech[np.asarray(places)])
        return np.asarray((spoken - expected) / [_spread(seconds) for seconds in expected])

    def _span(self, first: int, second: int, rate: int) -> Span:
        begin = self._silences.end[first] - self._margin(first, rate)
        return Span(int(begin), int(self._silences.begin[second] + self._margin(second, rate)))

    def _margin(self, silence: int, rate: int) -> int:
        """Return the number of samples of a silence that the adjacent sentence keeps."""
        length = int(self._silences.end[silence] - self._silences.begin[silence])
        shared = 0 < silence < len(self._silences) - 1
        return min(round(_MARGIN * rate), length // 2 if shared else length)

    @cached_property
    def _forward(self) -> _Floats:
        """Forward log probabilities: that a clause ends at a silence, given all before it."""
        scores = np.full((len(self._start), len(self._silences)), -np.inf)
        scores[0, 0] = 0.0
        for clause in range(1, len(scores)):
            before = range(self._start[clause], clause)
            arrivals = [scores[n][:, None] + self._transitions[n, clause] for n in before]
            scores[clause] = _log_sum(np.concatenate(arrivals), axis=0)
        return scores

    @cached_property
    def _backward(self) -> _Floats:
        """Backward log probabilities: of all after, given that a clause ends at a silence."""
        scores = np.full((len(self._start), len(self._silences)), -np.inf)
        scores[-1, -1] = 0.0
        for clause in range(len(scores) - 2, -1, -1):
            after = [n for n in range(clause + 1, len(scores)) if self._start[n] <= clause]
            onward = [self._transitions[clause, n] + scores[n] for n in after]
            scores[clause] = _log_sum(np.concatenate(onward, axis=1), axis=1)
        return scores

    @cached_property
    def _transitions(self) -> dict[tuple[int, int], _Floats]:
        """Log transition probabilities between clause ends, by pairs of silences."""
        last = len(self._start) - 1
        return {
            (first, second): self._transition(first, second)
            for second in range(1, last + 1)
            for first in range(self._start[second], second)
        }

    def _transition(self, first: int, second: int) -> _Floats:
        expected = self._expected[second] - self._expected[first]
        score = (
            _log_normal(self._speech_between - expected, 0.0, _spread(expected))
            + self._passed_density
        )
        score += (second - first - 1) * np.log(1 - _CLAUSE_IS_HEARD)
        return score + self._silence_density(second)

    def _silence_density(self, clause: int) -> _Floats:
        """Log density of each silence's length, given that a clause ends there."""
        if clause == len(self._start) - 1:
            at_end = np.full(len(self._silences), -np.inf)
            at_end[-1] = 0.0
            return at_end
        lengths = np.log(np.maximum(self._silences.seconds, _SHORTEST_SILENCE))
        if clause in self._ends:
            score = _log_normal(lengths, np.log(_AT_SENTENCE[0]), _AT_SENTENCE[1]) - lengths
        else:
            score = _log_normal(lengths, np.log(_AT_CLAUSE[0]), _AT_CLAUSE[1]) - lengths
            score += np.log(_CLAUSE_IS_HEARD)
        score[[0, -1]] = -np.inf
        return score

    @cached_property
    def _speech_between(self) -> _Floats:
        """Seconds of speech between each pair of silences."""
        return self._silences.speech[None, :] - self._silences.speech[:, None]

    @cached_property
    def _passed_density(self) -> _Floats:
        """Log density of the silences between each pair, given that no clause ends at them."""
        number, mean, lowest = _ELSEWHERE
        above = self._silences.seconds - _SHORTEST_SILENCE
        density = np.log(number * np.maximum(lowest, np.exp(-above / mean) / mean))
        before = np.concatenate(
            [[0.0, 0.0], np.cumsum(density[1:])]
        )  # up to each, without the first
        passed = before[None, :-1] - before[1:, None]
        index = np.arange(len(self._silences))
        return np.where(index[None, :] > index[:, None], passed, -np.inf)


def _spread(expected: float) -> float:
    share, seconds = _SPREAD
    return float(np.hypot(share * expected, seconds))


def _log_normal(values: _Floats, mean: float, spread: float) -> _Floats:
    return -0.5 * ((values - mean) / spread) ** 2 - np.log(spread * np.sqrt(2 * np.pi))


def _log_sum(scores: _Floats, axis: int) -> _Floats:
    most = scores.max(axis=axis, keepdims=True)
    most = np.where(np.isfinite(most), most, 0.0)
    with np.errstate(divide="ignore"):
        return np.squeeze(most, axis) + np.log(np.exp(scores - most).sum(axis=axis))
