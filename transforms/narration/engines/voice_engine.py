"""The interface (port) that voice engines implement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from transforms.model import Usage
from transforms.stage.paid_call import PaidCalls

MASTERING_VERSION: Final = 2
"""Increased when the same script and voice no longer give the same narration."""


@dataclass(frozen=True)
class Speech:
    """Mono samples in -1..1, shape (n,), at the engine's sample rate.

    Attributes:
        usage: resources consumed, besides those of paid calls.
    """

    samples: NDArray[np.float32]
    usage: tuple[Usage, ...] = ()


class VoiceEngine(Protocol):
    """Speaks sentences. One instance serves one process and may be called from several threads."""

    name: str
    voice: str
    sample_rate: int

    @property
    def identity(self) -> Mapping[str, str | int | float | None]:
        """Return everything that shapes the sound: version, voice, speaking rate."""
        ...

    def check(self) -> str:
        """Reach the services the engine needs, at no cost, and return what was found.

        Raises:
            ContentError: a service cannot be reached or used.
        """
        ...

    def check_language(self, language: str) -> None:
        """Raise if the engine cannot speak a BCP-47 language.

        Raises:
            PermanentError: names the languages that are spoken.
        """
        ...

    def speak(self, sentence: str, *, language: str, calls: PaidCalls) -> Speech:
        """Speak one sentence and return the recording.

        Args:
            sentence: plain text as a reader sees it; the engine normalises it for speech.
            language: BCP-47 tag.
            calls: the deadline, and the calls to services that cost money.

        Raises:
            PermanentError: the sentence can never be spoken.
            TransientError: the engine may succeed later.
        """
        ...
