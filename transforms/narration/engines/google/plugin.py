"""Declaration of the Google Text-to-Speech voices, with their settings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from transforms.engine_plugin import EnginePlugin, option
from transforms.narration.engines.google.google_voices import parse_name

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

_RATES: Final = (0.25, 2.0)
_PITCHES: Final = (-20.0, 20.0)
_ENDPOINT = re.compile(r"[\w.-]+(:\d{1,5})?")


def _number(text: str) -> float:
    """Parse a decimal number; raise ValueError for other text."""
    try:
        return float(text)
    except ValueError as error:
        raise ValueError("must be a decimal number") from error


@dataclass(frozen=True)
class GoogleVoiceSettings:
    """Voice, sound and connection settings of Google Text-to-Speech.

    Attributes:
        voice: the voice for requests in its language; others get the same or the default speaker
            of Chirp 3 HD.
        speaking_rate: 0.25-2; 1 is the voice's own; None for one by the grade.
        pitch: semitones, -20 to 20; Chirp 3 HD and Studio voices have none to change.
        endpoint: ``host`` or ``host:port`` of another server than the global one.
        transport: ``"grpc"`` or ``"rest"``.
        insecure: the endpoint is a local server without TLS that asks for no credentials.
        credentials: instead of the Application Default Credentials.

    Raises:
        ValueError: a value is out of range, or not the name of a voice.
    """

    voice: str = option(
        "google-voice", "Google Text-to-Speech voice for requests in its language",
        default="en-US-Chirp3-HD-Kore",
    )  # fmt: skip
    speaking_rate: float | None = option(
        "google-speaking-rate",
        "speaking rate, 0.25 to 2, of the Google voice, instead of one that suits the grade",
        default=None, type=_number,
    )  # fmt: skip
    pitch: float = 0.0
    endpoint: str | None = option(
        "google-voice-endpoint",
        "server of Google Text-to-Speech, such as `eu-texttospeech.googleapis.com`, which keeps "
        "texts in the EU",
        default=None,
    )
    transport: Literal["grpc", "rest"] = "grpc"
    insecure: bool = False
    credentials: Credentials | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        family = parse_name(self.voice)[1]
        rate = self.speaking_rate
        if rate is not None and not _RATES[0] <= rate <= _RATES[1]:
            raise ValueError(f"speaking_rate must be {_RATES[0]:g}-{_RATES[1]:g}")
        if not _PITCHES[0] <= self.pitch <= _PITCHES[1]:
            raise ValueError(f"pitch must be {_PITCHES[0]:g} to {_PITCHES[1]:g} semitones")
        if self.pitch and family in ("Chirp3-HD", "Studio"):
            raise ValueError(f"{family} voices have no pitch to change: leave it at 0")
        if self.endpoint and not _ENDPOINT.fullmatch(self.endpoint):
            raise ValueError(
                f"endpoint must be a host such as eu-texttospeech.googleapis.com, not "
                f"{self.endpoint!r}"
            )
        if self.insecure and not self.endpoint:
            raise ValueError("insecure needs an endpoint: Google's own accept only TLS")


PLUGIN = EnginePlugin(
    package=__package__,
    engine=".google_tts:GoogleVoice",
    settings=GoogleVoiceSettings,
    remedy="enable the Cloud Text-to-Speech API for the account's project",
    paid=True,
    google=True,
)
