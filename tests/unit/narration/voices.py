"""A voice engine for tests, whose sounds have known start and end, and a script factory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from transforms.errors import PermanentError
from transforms.model import Scene, Script, Usage
from transforms.narration.engines.voice_engine import Recording, SentenceVoice
from transforms.narration.mastering import Samples


def buzz(seconds: float, rate: int, level: float = 0.1) -> Samples:
    """Return a voice-like sound: a hum with overtones, modulated but never silent."""
    time = np.arange(round(seconds * rate)) / rate
    tone = sum(np.sin(2 * np.pi * 150 * k * time) / k for k in range(1, 9))
    syllables = 0.6 + 0.4 * np.cos(2 * np.pi * 4 * time)
    return (level * tone * syllables).astype(np.float32)


def silence(seconds: float, rate: int) -> Samples:
    return np.zeros(round(seconds * rate), np.float32)


@dataclass
class BuzzVoice(SentenceVoice):
    """Voice that buzzes for each character, with silence on either side.

    Attributes:
        said: sentences it spoke, each with its timeout.
        seconds: of sound for each character.
        before: called with each sentence before it is spoken.
    """

    name: str = "buzz"
    voice: str = "buzz-1"
    sample_rate: int = 24_000
    level: float = 0.1
    seconds: float = 0.02
    said: list[tuple[str, float]] = field(default_factory=list)
    before: Callable[[str], None] = lambda sentence: None

    @property
    def identity(self) -> Mapping[str, str | int | float | None]:
        return {"engine": self.name}

    def check(self) -> str:
        return self.voice

    def check_language(self, language: str) -> None:
        if not language.startswith("en"):
            raise PermanentError(f"no {language}, only en-US")

    def speak_sentence(
        self, sentence: str, *, language: str, timeout: float
    ) -> tuple[Recording, tuple[Usage, ...]]:
        self.said.append((sentence, timeout))
        self.before(sentence)
        sound = buzz(self.seconds * len(sentence), self.sample_rate, self.level)
        around = silence(0.31, self.sample_rate), sound, silence(0.48, self.sample_rate)
        return Recording(np.concatenate(around)), (Usage("letters", len(sentence)),)


def lesson(*narrations: str, hook: str = "Why is that?", language: str = "en-US") -> Script:
    """Return a script with one scene for each narration."""
    return Script(
        title="A lesson",
        hook=hook,
        scenes=tuple(Scene(f"Scene {n}", text, ()) for n, text in enumerate(narrations, 1)),
        key_takeaways=("Remember this.", "And that."),
        quiz=(),
        topic="testing",
        subject="physics",
        grade_level=9,
        language=language,
    )
