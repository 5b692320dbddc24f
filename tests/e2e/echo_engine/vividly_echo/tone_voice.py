"""Voice engine that plays a tone instead of speech."""

import os

import numpy as np

from transforms.narration.engines.voice_engine import Recording, SentenceVoice


class ToneVoice(SentenceVoice):
    """Plays a fifth of a second of tone for every sentence (the `VoiceEngine` port)."""

    name = "tone"
    voice = f"tone-{os.getpid()}"  # shows in which process it was loaded
    sample_rate = 24_000

    @property
    def identity(self) -> dict[str, str | int | float | None]:
        """Return everything that shapes the sound."""
        return {"version": 1}

    def check(self) -> str:
        """Return a fixed text."""
        return "hums"

    def check_language(self, language: str) -> None:
        """Accept every language."""

    def speak_sentence(self, sentence: str, *, language: str, timeout: float) -> tuple:
        """Return the tone, and that it uses nothing."""
        times = np.arange(self.sample_rate // 5) / self.sample_rate
        return Recording((0.5 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)), ()
