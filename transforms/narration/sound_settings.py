"""Settings of a narration's sound besides the voice: music and the pause for an opening card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from transforms.process.singletons import process_singleton

INTRO_SECONDS = 2.4
"""Seconds before the first word that a video's opening card needs."""


@dataclass(frozen=True)
class SoundSettings:
    """Music and opening pause of a narration.

    Attributes:
        music: a music file, or a folder from which each lesson gets one file; None for no music.
        intro: extra seconds before the first word, for a video's opening card.
    """

    music: str | None = None
    intro: float = 0.0

    @property
    def identity(self) -> Mapping[str, str | float | None]:
        """Return the settings and music digest that a narration depends on."""
        from transforms.narration.music import digest  # loads PyAV

        return {
            "music": process_singleton(digest, self.music) if self.music is not None else None,
            "intro": self.intro,
        }
