"""The port between the narration stage and whatever speaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from transforms.model import Usage

MASTERING_VERSION: Final = 2
"""Raised whenever the same script and voice would no longer give the same narration."""


@dataclass(frozen=True)
class Speech:
    """Mono samples in -1..1, shape (n,), at the engine's sample rate."""

    samples: NDArray[np.float32]
    usage: tuple[Usage, ...] = ()


class VoiceEngine(Protocol):
    """Speaks sentences. One instance serves one process and may be called from several threads."""

    name: str
    voice: str
    sample_rate: int

    @property
    def identity(self) -> Mapping[str, str | int | float | None]:
        """Everything of the engine that shapes its sound (version, voice, rate…)."""
        ...

    def check(self) -> str:
        """Reach whatever it needs, at no cost, and say what that is.

        Raises:
            ContentError: it cannot be reached or used.
        """
        ...

    def check_language(self, language: str) -> None:
        """Refuse a BCP-47 language the engine cannot speak, before any work is done.

        Raises:
            PermanentError: names the languages that are spoken.
        """
        ...

    def speak(self, sentence: str, *, language: str, timeout: float) -> Speech:
        """Speak one sentence.

        Args:
            sentence: plain text as a reader sees it; the engine normalises it for speech.
            language: BCP-47 tag.
            timeout: seconds it may take.

        Raises:
            PermanentError: it can never be spoken.
            TransientError: the engine may succeed later.
        """
        ...
