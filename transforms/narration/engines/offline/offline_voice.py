"""The offline voice engine: hibari, a small neural voice for American English on one CPU core.

The model is part of the package: nothing is downloaded, and no text leaves the machine.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import regex  # type: ignore[import-untyped]

from transforms.errors import PermanentError, StageTimeout
from transforms.model import Usage
from transforms.narration.engines.offline.timed_speech import speak_phonemes, with_durations
from transforms.narration.engines.voice_engine import Recording, SentenceVoice, SpokenWord
from transforms.narration.mastering import Samples, trim
from transforms.narration.normalization.speech_text import to_speech
from transforms.narration.speech_length import is_speakable
from transforms.process.singletons import process_singleton
from transforms.text.language import primary_subtag
from transforms.text.sentences import split_sentences

VOICE = "heart"
"""The only voice whose model is in the package."""

# Words that the voice speaks in a minute at its own speed, pauses between sentences included.
_WORDS_PER_MINUTE = 173

# Characters the model sees at once, each of which takes about 0.27 MB while it speaks.
_LONGEST_SPOKEN = 400

# Greek letters are read by name, letters common to all scripts are signs such as "ℓ".
_LETTER = regex.compile(r"\p{L}")
_FOREIGN_LETTER = regex.compile(r"[\p{L}--[\p{Latin}\p{Greek}\p{Common}]]", regex.V1)


def _is_foreign(sentence: str) -> bool:
    """Return True if most letters belong to scripts that the voice cannot speak."""
    foreign = len(_FOREIGN_LETTER.findall(sentence))
    return 2 * foreign > len(_LETTER.findall(sentence))


def load_voice() -> Any:
    """Load the voice, which takes 40 MB and 0.3 s; call it through `process_singleton`."""
    # onnxruntime reports usage to its makers from 1.29 on; it reads this when it is imported.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    from hibari import Hibari
    from hibari.g2p import G2P
    from hibari.voices import voice_path

    # One thread makes the sound the same on any number of cores, and other work can run beside it.
    model = with_durations(Path(voice_path(VOICE)).read_bytes())
    return Hibari(voice=VOICE, model=model, threads=1, g2p=G2P())


class OfflineVoice(SentenceVoice):
    """Speaks American English without a network. Has no state, so it may be pickled and forked.

    Args:
        speed: of speech; 1 is the voice's own.
    """

    name = "offline"
    voice = f"hibari-{VOICE}"
    sample_rate = 24_000

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed

    @property
    def identity(self) -> Mapping[str, str | int | float | None]:
        """Return the versions that the sound depends on, for the fingerprint."""
        return {
            "engine": "hibari",
            "voice": VOICE,
            "hibari": version("hibari-tts"),
            "onnxruntime": version("onnxruntime"),
        }

    def check(self) -> str:
        """Verify that the model can be loaded."""
        process_singleton(load_voice)
        return f"{self.voice} speaks"

    def check_language(self, language: str) -> None:
        """Accept every English locale; the accent is American."""
        if primary_subtag(language) != "en":
            raise PermanentError(
                f"the offline voice speaks English only, not {language!r}: ask for a language such "
                "as en-US, or choose the google voice engine"
            )

    def at_pace(self, words_per_minute: float) -> OfflineVoice:
        """Return the voice with its speed set to a pace."""
        return OfflineVoice(words_per_minute / _WORDS_PER_MINUTE)

    def speak_sentence(
        self, sentence: str, *, language: str, timeout: float
    ) -> tuple[Recording, tuple[Usage, ...]]:
        """Speak a sentence; return the recording, empty if nothing can be spoken, and CPU time."""
        self.check_language(language)
        spoken = to_speech(sentence)
        if (not spoken and is_speakable(sentence)) or _is_foreign(sentence):
            raise PermanentError(
                f"the offline voice has no English words for {sentence!r}: choose the google voice "
                "engine, or ask in English"
            )
        if not spoken:
            return Recording(np.zeros(0, np.float32)), ()
        deadline = time.monotonic() + timeout
        hibari = process_singleton(load_voice)
        cpu = time.thread_time()
        pieces = split_sentences(spoken, _LONGEST_SPOKEN)
        parts: list[Samples] = []
        words: list[SpokenWord] = []
        for piece in pieces:
            if time.monotonic() >= deadline:
                raise StageTimeout(f"the offline voice took longer than {timeout:g} s")
            # Its own normalisation finds numerals and abbreviations where none are: it reads "King
            # Louis" as "King the zeroth Louis" and "the Sun." as "the Sunday."
            phonemes = hibari.g2p(piece, normalize_text=False)
            samples, starts = speak_phonemes(hibari, phonemes, self._speed)
            # Whole sentences keep their silence; between the parts of one it would be a long gap.
            clip = trim(samples, self.sample_rate) if len(pieces) > 1 else None
            at = (sum(map(len, parts)) - (clip.first if clip else 0)) / self.sample_rate
            said = piece.split()
            if len(said) == len(starts):
                words += [SpokenWord(w, at + s) for w, s in zip(said, starts, strict=True)]
            parts.append(samples if clip is None else clip.samples)
        used = Usage("cpu-seconds", time.thread_time() - cpu)
        return Recording(np.concatenate(parts), tuple(words)), (used,)
