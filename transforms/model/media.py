"""Data classes for the timing of a narration and the properties of a video."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class Sentence:
    """A spoken sentence with its measured position in the audio.

    Attributes:
        text: The sentence as captions show it.
        start: Seconds from the start of the audio.
        end: Seconds from the start of the audio.
        section: Index of its section in `Script.sections()`.
        words: Seconds from `start` at which each word of the text begins; empty if unknown.
    """

    text: str
    start: float
    end: float
    section: int
    words: tuple[float, ...] = ()

    def time_at(self, index: float) -> float:
        """Return the second at which the character at an index is spoken.

        Inside a word, or in a sentence whose words have no times, time is divided by characters.
        """
        found = [match.start() for match in _WORD.finditer(self.text)]
        places = [0, *found[1:], len(self.text)]
        times = [0.0, *self.words[1:], self.end - self.start]
        if len(self.words) != len(found):
            places, times = [0, len(self.text)], [0.0, self.end - self.start]
        part = max(0, min(bisect_right(places, index), len(places) - 1) - 1)
        share = (index - places[part]) / max(1, places[part + 1] - places[part])
        return self.start + times[part] + min(1.0, share) * (times[part + 1] - times[part])


@dataclass(frozen=True)
class Narration:
    """The timing of a narration, measured from its audio.

    Attributes:
        duration: Seconds of audio.
        sections: Start and end in seconds of each of `Script.sections()`, without gaps.
        sentences: All sentences in order.
        voice: The engine's name of the voice.
        language: BCP-47 tag.
        loudness: Integrated loudness in LUFS (ITU-R BS.1770).
    """

    duration: float
    sections: tuple[tuple[float, float], ...]
    sentences: tuple[Sentence, ...]
    voice: str
    language: str
    loudness: float


@dataclass(frozen=True)
class Video:
    """Properties of a rendered video.

    Attributes:
        duration: Seconds.
        width: Pixels.
        height: Pixels.
        frames: Number of frames.
        alt: Alternative text of its thumbnail.
    """

    duration: float
    width: int
    height: int
    frames: int
    alt: str = ""
