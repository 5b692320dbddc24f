"""The interface (port) that voice engines implement."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from transforms.errors import StageTimeout
from transforms.model import Usage
from transforms.prices import total
from transforms.stage.paid_call import PaidCalls

MASTERING_VERSION: Final = 4
"""Increased when the same script and voice no longer give the same narration."""


@dataclass(frozen=True)
class Speech:
    """A spoken script.

    Attributes:
        sections: mono samples in -1..1, shape (n,), of each sentence of each section, at the
            engine's sample rate; none for a sentence in which nothing can be spoken.
        usage: what was used besides paid calls.
    """

    sections: tuple[tuple[NDArray[np.float32], ...], ...]
    usage: tuple[Usage, ...] = ()


class VoiceEngine(Protocol):
    """Speaks scripts. One instance serves one process and may be called from several threads."""

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

    def at_pace(self, words_per_minute: float) -> VoiceEngine:
        """Return the engine with its speech slowed down or sped up to a pace.

        Args:
            words_per_minute: target, pauses between sentences included.
        """
        ...

    def speak(
        self, sections: Sequence[Sequence[str]], *, language: str, calls: PaidCalls
    ) -> Speech:
        """Speak the sentences of a script and return the recording of each.

        Args:
            sections: sentences of each section as written, with marked formulas; the engine
                normalises them for speech.
            language: BCP-47 tag.
            calls: runs every call that costs money; its deadline holds for all other work too.

        Raises:
            PermanentError: a sentence can never be spoken.
            TransientError: the engine may succeed later.
            StageTimeout: the deadline has passed.
        """
        ...


class SentenceVoice(ABC):
    """Base class of voices that speak one sentence at a time, without paid calls."""

    def at_pace(self, words_per_minute: float) -> Self:
        """Return the voice itself, which has one pace."""
        del words_per_minute
        return self

    @abstractmethod
    def speak_sentence(
        self, sentence: str, *, language: str, timeout: float
    ) -> tuple[NDArray[np.float32], tuple[Usage, ...]]:
        """Return the samples of a sentence, as in `Speech`, and what was used.

        Args:
            sentence: text as written; formulas may be marked as LaTeX.
            language: BCP-47 tag.
            timeout: seconds it may take.
        """

    def speak(
        self, sections: Sequence[Sequence[str]], *, language: str, calls: PaidCalls
    ) -> Speech:
        """Speak sentence by sentence."""
        used: list[Usage] = []
        spoken: list[tuple[NDArray[np.float32], ...]] = []
        for section in sections:
            recordings = []
            for sentence in section:
                left = calls.left
                if left <= 0:
                    raise StageTimeout(f"the narration took longer than {calls.timeout:g} s")
                samples, usage = self.speak_sentence(sentence, language=language, timeout=left)
                recordings.append(samples)
                used.extend(usage)
            spoken.append(tuple(recordings))
        return Speech(tuple(spoken), total(used))
