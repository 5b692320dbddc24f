"""What is heard of a lesson besides its voice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from transforms.process.singletons import process_singleton

INTRO_SECONDS = 2.4
"""How long a video's opening card needs before the first word."""


@dataclass(frozen=True)
class SoundSettings:
    """What a caller may choose about the sound.

    Attributes:
        music: a file of music, or a folder of which each lesson gets one file; None for none.
        intro: seconds before the first word, beyond the usual, for a video's opening card.
    """

    music: str | None = None
    intro: float = 0.0

    @property
    def identity(self) -> Mapping[str, str | float | None]:
        """Everything of it that shapes a narration."""
        from transforms.narration.music import digest  # brings PyAV along

        return {
            "music": process_singleton(digest, self.music) if self.music is not None else None,
            "intro": self.intro,
        }
