"""The voice engine for Google Cloud Text-to-Speech (API v1)."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from google.cloud import texttospeech

from transforms.errors import PermanentError, StageTimeout
from transforms.google_credentials import SharedCredentials
from transforms.model import Usage
from transforms.narration.engines.google.google_client import CLIENT_ERRORS, classify, connect
from transforms.narration.engines.google.google_voices import LOCALES, parse_name, tier, voice_for
from transforms.narration.engines.google.plugin import GoogleVoiceSettings
from transforms.narration.engines.google.speech_answer import (
    SAMPLE_RATE,
    UnusableAudio,
    read_speech,
)
from transforms.narration.engines.google.speech_request import (
    SpeechInput,
    input_kind,
    pack,
    speech_input,
)
from transforms.narration.engines.voice_engine import Recording, Speech
from transforms.narration.mastering import Samples
from transforms.narration.normalization.spoken_text import spoken_text
from transforms.narration.sentence_split import split_at_silences
from transforms.prices import price
from transforms.stage.paid_call import Answer, PaidCall, PaidCalls

_REQUESTS_VERSION: Final = 2
"""Increased when the same script is asked for in other requests."""

_WORDS_PER_MINUTE: Final = 155
"""Words that a voice speaks in a minute at its own rate, pauses between sentences included."""

_MOST_TRIES: Final = 3
"""Maximum requests for one sentence, alone or with others."""

_CHECK_TIMEOUT: Final = 15.0  # seconds


class GoogleVoice:
    """Speaks with Google Cloud Text-to-Speech (the `VoiceEngine` port).

    The client is created when first needed and shared by all threads; a pickled engine drops it.

    Args:
        settings: the voice and the service.

    Raises:
        ValueError: the voice's tier has no price.
    """

    name = "google"
    sample_rate = SAMPLE_RATE

    def __init__(self, settings: GoogleVoiceSettings) -> None:
        self._settings = settings
        self.voice = settings.voice
        price([Usage(_sku(settings.voice), 0)])
        self._paced: dict[float, GoogleVoice] = {}
        self._client: texttospeech.TextToSpeechClient | None = None
        self._credentials: SharedCredentials | None = None
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[GoogleVoice], tuple[GoogleVoiceSettings]]:
        return type(self), (self._settings,)

    @property
    def identity(self) -> Mapping[str, str | int | float | None]:
        """Return the settings that the sound depends on, for the fingerprint."""
        return {
            "engine": "google-text-to-speech-v1",
            "requests": _REQUESTS_VERSION,
            "voice": self._settings.voice,
            "speaking_rate": self._settings.speaking_rate,
            "pitch": self._settings.pitch,
        }

    def check(self) -> str:
        """Verify that the configured voice exists; listing the voices costs nothing."""
        language = parse_name(self.voice)[0]
        try:
            client, left = self._connected(_CHECK_TIMEOUT)
            listed = client.list_voices(language_code=language, retry=None, timeout=left)
        except CLIENT_ERRORS as error:
            raise classify(error, self.voice) from error
        names = sorted(voice.name for voice in listed.voices)
        if self.voice not in names:
            raise PermanentError(
                f"Google Text-to-Speech has no voice {self.voice}; for {language} it has "
                + (", ".join(names) or "none")
            )
        return f"{self.voice} exists"

    def check_language(self, language: str) -> None:
        """Raise `PermanentError` if Google has no voice for a BCP-47 language."""
        self._voice_for(language)

    def speak(
        self, sections: Sequence[Sequence[str]], *, language: str, calls: PaidCalls
    ) -> Speech:
        """Speak a script with few requests; split each recording at the pauses of its sentences.

        Formulas, and in English numbers and signs too, are sent in words.
        """
        sections = [[spoken_text(text, language) for text in section] for section in sections]
        speaker = _Speaker(self, self._voice_for(language), calls)
        spoken: list[list[list[Samples]]] = [[[] for _ in section] for section in sections]
        for pieces in pack(sections, input_kind(speaker.voice)):
            recordings = speaker.speak([piece.text for piece in pieces])
            for piece, samples in zip(pieces, recordings, strict=True):
                spoken[piece.section][piece.sentence].append(samples)
        nothing = np.zeros(0, np.float32)
        return Speech(
            tuple(
                tuple(Recording(np.concatenate([nothing, *samples])) for samples in section)
                for section in spoken
            )
        )

    def synthesize(self, text: SpeechInput, voice: str, timeout: float) -> bytes:
        """Send one request to Google and return the WAV file of its answer.

        Raises:
            StageTimeout: no answer came in time.
        """
        if timeout <= 0:
            raise StageTimeout(f"no time was left to speak {len(text.content)} characters")
        ended = time.monotonic() + timeout
        try:
            client, left = self._connected(timeout)
        except CLIENT_ERRORS as error:  # nothing was sent
            raise classify(error, voice) from error
        try:
            response = client.synthesize_speech(
                input=texttospeech.SynthesisInput({text.kind: text.content}),
                voice=texttospeech.VoiceSelectionParams(
                    language_code=parse_name(voice)[0], name=voice
                ),
                audio_config=texttospeech.AudioConfig(
                    audio_encoding=texttospeech.AudioEncoding.LINEAR16, **self.sound(voice)
                ),
                retry=None,
                timeout=max(0.001, left),
            )
        except CLIENT_ERRORS as error:
            if time.monotonic() >= ended:
                raise StageTimeout(f"{voice} did not answer within {timeout:.3g} s") from error
            raise classify(error, voice) from error
        return bytes(response.audio_content)

    def sound(self, voice: str) -> dict[str, float]:
        """Return the audio settings of a request; leave out defaults, which some voices refuse."""
        sound: dict[str, float] = {"sample_rate_hertz": SAMPLE_RATE}
        if self.speaking_rate != 1.0:
            sound["speaking_rate"] = self.speaking_rate
        if self._settings.pitch and voice == self._settings.voice:
            sound["pitch"] = self._settings.pitch
        return sound

    @property
    def speaking_rate(self) -> float:
        """The speaking rate; 1 is the voice's own."""
        return self._settings.speaking_rate or 1.0

    def at_pace(self, words_per_minute: float) -> GoogleVoice:
        """Return the voice with the speaking rate of a pace, unless the operator has set a rate."""
        if self._settings.speaking_rate is not None:
            return self
        rate = round(words_per_minute / _WORDS_PER_MINUTE, 2)
        if rate not in self._paced:  # each has its own client
            self._paced[rate] = type(self)(replace(self._settings, speaking_rate=rate))
        return self._paced[rate]

    def _voice_for(self, language: str) -> str:
        voice = voice_for(language, self._settings.voice)
        if voice is None:
            raise PermanentError(
                f"Google Text-to-Speech has no voice for {language!r}; it speaks "
                + ", ".join(sorted(LOCALES))
            )
        return voice

    def _connected(self, timeout: float) -> tuple[texttospeech.TextToSpeechClient, float]:
        """Connect if necessary; return the client and the seconds left of the timeout."""
        with self._lock:
            if self._client is None:
                self._client, self._credentials = connect(self._settings)
        return self._client, self._credentials.ready(timeout) if self._credentials else timeout


@dataclass(frozen=True)
class _Speaker:
    """Speaks the texts of one script, with retries and finer requests.

    Attributes:
        engine: the engine.
        voice: voice for the script's language.
        calls: runs the requests.
    """

    engine: GoogleVoice
    voice: str
    calls: PaidCalls

    def speak(self, texts: Sequence[str], tries: int = 1, reason: str = "") -> list[Samples]:
        """Speak texts in one request and return the samples of each; retry unusable audio.

        An answer without usable speech is asked for again, then text by text; texts whose place in
        an answer is not sure are asked for one by one.

        Args:
            texts: what to speak; one request holds it.
            tries: how often these texts are asked for with this request.
            reason: why they are asked for again.

        Raises:
            PermanentError: no usable speech after `_MOST_TRIES`.
        """
        audio = self._ask(texts, tries, reason).data
        try:
            samples = read_speech(audio, " ".join(texts), self.engine.speaking_rate)
        except UnusableAudio as unusable:
            if tries >= _MOST_TRIES:
                raise PermanentError(
                    f"Google Text-to-Speech ({self.voice}) answered {tries} times without usable "
                    f"speech, last with {unusable.reason}, for a text of {len(texts[0])} characters"
                ) from unusable
            if tries == 1:
                return self.speak(texts, tries + 1, unusable.reason)
            return [self._speak_alone(text, tries + 1, unusable.reason) for text in texts]
        if len(texts) == 1:
            return [samples]
        return [
            samples[span.begin : span.end]
            if span
            else self._speak_alone(text, tries + 1, "uneven split")
            for text, span in zip(
                texts, split_at_silences(samples, SAMPLE_RATE, texts), strict=True
            )
        ]

    def _speak_alone(self, text: str, tries: int, reason: str) -> Samples:
        return self.speak([text], tries, reason)[0]

    def _ask(self, texts: Sequence[str], tries: int, reason: str) -> Answer:
        text = speech_input(texts, input_kind(self.voice))
        used = (Usage(_sku(self.voice), len(text.content)),)
        inputs = {text.kind: text.content, "voice": self.voice, **self.engine.sound(self.voice)}
        if tries > 1:
            inputs["try"] = tries
        return self.calls.run(
            PaidCall("speech", inputs, used, reason),
            lambda timeout: Answer(self.engine.synthesize(text, self.voice, timeout), used),
        )


def _sku(voice: str) -> str:
    return f"text-to-speech/{tier(voice)}/characters"
