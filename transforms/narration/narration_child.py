"""Which voice speaks, and how in a child process: nothing here loads Beam, which takes a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transforms.model import Narration, Script, Usage
from transforms.narration.engines.voice_engine import VoiceEngine
from transforms.narration.sound_settings import SoundSettings


def make_voice_engine(name: str, settings: tuple[tuple[str, Any], ...]) -> VoiceEngine:
    """The voice of that name; its client library is imported only now."""
    if name == "google":
        from transforms.narration.engines.google_tts import GoogleVoice, GoogleVoiceSettings

        return GoogleVoice(GoogleVoiceSettings(**dict(settings)))
    from transforms.narration.engines.offline_voice import OfflineVoice

    return OfflineVoice()


def narrate_offline(
    script: Script, folder: Path, timeout: float, sound: SoundSettings
) -> tuple[Narration, tuple[Usage, ...]]:
    """`narrate` with the offline voice; runs in a child process."""
    from transforms.narration.recording import record_narration

    return record_narration(
        script, make_voice_engine("offline", ()), folder, timeout=timeout, sound=sound
    )
