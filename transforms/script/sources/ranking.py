"""Search index: ranks texts by BM25 and by the share of a question's words they have.

BM25 as in Robertson and Zaragoza, "The Probabilistic Relevance Framework" (2009), section 3.4.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from transforms.script.matching.word_lists import FILLER
from transforms.script.matching.words import roots, words

_K1, _B = 1.2, 0.75
_UNKNOWN = 1.0
"""Weight of a word that no text holds; most are chatter, so it is less than that of a rare word."""

_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]+")
"""Text of Thai, Lao, Japanese and Chinese, which have no spaces between words."""


class Ranked(NamedTuple):
    """A search result: a text that shares words with a question.

    Attributes:
        at: Index of the text.
        score: Its BM25 score.
        coverage: Part of the question's words that it holds (0-1), rare words weighing more.
    """

    at: int
    score: float
    coverage: float


class Ranking:
    """Inverted index of texts by the roots of their words.

    Args:
        texts: The texts.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(terms(text)) for text in texts]
        self._lengths = [sum(count.values()) for count in counts]
        self._mean = max(1.0, sum(self._lengths) / max(1, len(texts)))
        self._postings: dict[str, list[tuple[int, int]]] = {}
        for at, count in enumerate(counts):
            for term, often in count.items():
                self._postings.setdefault(term, []).append((at, often))

    def search(self, question: str) -> list[Ranked]:
        """Search texts for the words of a question; return the best first."""
        asked = dict.fromkeys(terms(question))
        whole = sum(map(self._weight, asked))
        scores: dict[int, float] = {}
        covered: dict[int, float] = {}
        for term in asked:
            weight = self._weight(term)
            for at, often in self._postings.get(term, ()):
                longer = 1 - _B + _B * self._lengths[at] / self._mean
                part = weight * often * (_K1 + 1) / (often + _K1 * longer)
                scores[at] = scores.get(at, 0.0) + part
                covered[at] = covered.get(at, 0.0) + weight
        found = [Ranked(at, score, covered[at] / whole) for at, score in scores.items()]
        return sorted(found, key=lambda ranked: (-ranked.score, ranked.at))

    def _weight(self, term: str) -> float:
        holding = len(self._postings.get(term, ()))
        if not holding:
            return _UNKNOWN
        return math.log(1 + (len(self._lengths) - holding + 0.5) / (holding + 0.5))


def terms(text: str) -> list[str]:
    """Return the roots of a text's content words, and character pairs of unspaced scripts."""
    found = []
    for term in roots(words(text)):
        if _UNSPACED.fullmatch(term) and len(term) > 1:
            found += [term[at : at + 2] for at in range(len(term) - 1)]
        elif term not in FILLER:
            found.append(term)
    return found
