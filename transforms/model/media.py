"""What is known of a lesson's sound and picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sentence:
    """A spoken sentence as a reader sees it, with its measured place in the audio (seconds)."""

    text: str
    start: float
    end: float
    section: int


@dataclass(frozen=True)
class Narration:
    """The timing of a narration, measured from its audio.

    Attributes:
        duration: seconds of audio.
        sections: start and end (seconds) of each of `Script.sections()`, without gaps.
        sentences: every sentence in order.
        voice: the engine's name for the voice.
        loudness: integrated loudness in LUFS (ITU-R BS.1770).
    """

    duration: float
    sections: tuple[tuple[float, float], ...]
    sentences: tuple[Sentence, ...]
    voice: str
    language: str
    loudness: float


@dataclass(frozen=True)
class Video:
    """Facts about a rendered video.

    Attributes:
        alt: what its thumbnail shows, in words.
    """

    duration: float
    width: int
    height: int
    frames: int
    alt: str = ""
