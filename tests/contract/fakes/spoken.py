"""Speech with known times: the offline voice, with pauses between and inside of sentences.

The pauses are random, but the same for the same text. Texts that the offline voice cannot speak
become a buzz in syllables, of similar length.
"""

from __future__ import annotations

import random
import re
import unicodedata
import zlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from threading import Lock

import numpy as np

from transforms.narration.engines.offline.offline_voice import OfflineVoice
from transforms.narration.mastering import Samples, trim

RATE = 24_000
_CLAUSE = re.compile(r"(?<=[,;:—–])\s+|\s+(?=[—–(])")
_speaking = Lock()
_NOTHING = np.zeros(0, np.float32)


@dataclass(frozen=True)
class Pauses:
    """Lengths of pauses in seconds, least and most.

    Attributes:
        asked: Pauses that the request asks for.
        other: Pauses between sentences for which it does not ask.
        inside: Pauses inside of sentences, after most commas and dashes.
        edge: Silence before and after everything.
    """

    asked: tuple[float, float] = (0.45, 0.8)
    other: tuple[float, float] = (0.2, 0.5)
    inside: tuple[float, float] = (0.1, 0.45)
    edge: tuple[float, float] = (0.05, 0.4)


@dataclass(frozen=True)
class Utterance:
    """A text in a recording, between its first and last audible samples."""

    text: str
    begin: int
    end: int


@dataclass(frozen=True)
class Recording:
    """A recording of texts, made again each time it is needed.

    Attributes:
        texts: What is spoken, in order.
        english: Whether the offline voice may speak them.
        asked: Whether the pauses between them are asked for.
        pauses: Lengths of pauses.
        rate: Speaking rate.
    """

    texts: tuple[str, ...]
    english: bool = True
    asked: bool = True
    pauses: Pauses = Pauses()  # immutable
    rate: float = 1.0

    @property
    def samples(self) -> Samples:
        """All samples at `RATE`."""
        return self._speak()[0]

    @cached_property
    def places(self) -> tuple[Utterance, ...]:
        """Place of each text."""
        return self._speak()[1]

    def sounds(self, text: str) -> list[Samples]:
        """Return the speech for a text, from its first to its last audible sample."""
        return [self.samples[each.begin : each.end] for each in self.places if each.text == text]

    def _speak(self) -> tuple[Samples, tuple[Utterance, ...]]:
        chance = random.Random(zlib.crc32("\n".join(self.texts).encode()))
        pauses = self.pauses
        between = pauses.asked if self.asked else pauses.other
        parts = [_silence(chance.uniform(*pauses.edge))]
        places: list[Utterance] = []
        for text in self.texts:
            if places:
                parts.append(_silence(chance.uniform(*between)))
            begin = sum(map(len, parts))
            parts += _sentence(text, self.english, pauses, chance, self.rate)
            places.append(Utterance(text, begin, sum(map(len, parts))))
        parts.append(_silence(chance.uniform(*pauses.edge)))
        return np.concatenate(parts), tuple(places)


def _sentence(
    text: str, english: bool, pauses: Pauses, chance: random.Random, rate: float
) -> list[Samples]:
    parts: list[Samples] = []
    for clause in _CLAUSE.split(text):
        said = _say(clause, english)
        if rate != 1.0:
            said = np.interp(np.arange(0, len(said), rate), np.arange(len(said)), said)
        if parts and chance.random() < 0.75:
            parts.append(_silence(chance.uniform(*pauses.inside)))
        parts.append(said.astype(np.float32))
    return parts


def _say(text: str, english: bool) -> Samples:
    with _speaking:  # or threads that need the same text would all have it spoken
        return _sound(text, english)


@lru_cache(maxsize=10_000)
def _sound(text: str, english: bool) -> Samples:
    if english and text.isascii():
        recording, _ = OfflineVoice().speak_sentence(text, language="en-US", timeout=60)
        clip = trim(recording.samples, RATE)
        return _NOTHING if clip is None else clip.samples[clip.begin : clip.end]
    wide = sum(unicodedata.east_asian_width(c) == "W" and c.isalpha() for c in text)
    return _buzz(0.06 * (max(4, len(text)) + 2 * wide))


def _buzz(seconds: float) -> Samples:
    time = np.arange(RATE) / RATE
    tone = sum(np.sin(2 * np.pi * 150 * k * time) / k for k in range(1, 12))
    second = 0.12 * tone * (0.55 - 0.45 * np.cos(2 * np.pi * 4 * time))
    length = round(seconds * RATE)
    return np.tile(second, length // RATE + 1)[:length].astype(np.float32)


def _silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)
