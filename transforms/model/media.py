"""Data classes for the timing of a narration and the properties of a video."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sentence:
    """A spoken sentence with its measured position in the audio.

    Attributes:
        text: The sentence as captions show it.
        start: Seconds from the start of the audio.
        end: Seconds from the start of the audio.
        section: Index of its section in `Script.sections()`.
    """

    text: str
    start: float
    end: float
    section: int


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
