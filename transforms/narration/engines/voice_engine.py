"""The interface (port) that voice engines implement."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from transforms.errors import StageTimeout
from transforms.model import Usage
from transforms.prices import total
from transforms.stage.paid_call import PaidCalls

MASTERING_VERSION: Final = 5
"""Increased when the same script and voice no longer give the same narration."""


class SpokenWord(NamedTuple):
    """A spoken word with its start time.

    Attributes:
        text: "fifty" where the sentence has "50".
        start: seconds from the first sample.
    """

    text: str
    start: float


@dataclass(frozen=True)
class Recording:
    """The samples of a spoken sentence, with the times of its words.

    Attributes:
        samples: mono, in -1..1, shape (n,), at the engine's sample rate; none if nothing in the
            sentence can be spoken.
        words: in order; empty if the engine does not tell when words begin.
    """

    samples: NDArray[np.float32]
    words: tuple[SpokenWord, ...] = ()


@dataclass(frozen=True)
class Speech:
    """The recordings of all sentences of a script.

    Attributes:
        sections: a recording of each sentence of each section.
        usage: what was used besides paid calls.
    """

    sections: tuple[tuple[Recording, ...], ...]
    usage: tuple[Usage, ...] = ()


class VoiceEngine(Protocol):
    """Speaks the sentences of scripts; one instance serves several threads."""

    name: str
    voice: str
    sample_rate: int

    @property
    def identity(self) -> Mapping[str, str | int | float | None]:
        """Return the settings that the sound depends on: version, voice, speaking rate."""
        ...

    def check(self) -> str:
        """Verify, at no cost, that the services can be reached; return a line that says so.

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
        """Return the engine with its speaking rate set to a pace.

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
        """Return the voice itself, since it has only one pace."""
        del words_per_minute
        return self

    @abstractmethod
    def speak_sentence(
        self, sentence: str, *, language: str, timeout: float
    ) -> tuple[Recording, tuple[Usage, ...]]:
        """Speak a sentence; return its recording and usage.

        Args:
            sentence: text as written; formulas may be marked as LaTeX.
            language: BCP-47 tag.
            timeout: seconds it may take.
        """

    def speak(
        self, sections: Sequence[Sequence[str]], *, language: str, calls: PaidCalls
    ) -> Speech:
        """Speak a script sentence by sentence, within the deadline."""
        used: list[Usage] = []
        spoken: list[tuple[Recording, ...]] = []
        for section in sections:
            recordings = []
            for sentence in section:
                left = calls.left
                if left <= 0:
                    raise StageTimeout(f"the narration took longer than {calls.timeout:g} s")
                recording, usage = self.speak_sentence(sentence, language=language, timeout=left)
                recordings.append(recording)
                used.extend(usage)
            spoken.append(tuple(recordings))
        return Speech(tuple(spoken), total(used))
