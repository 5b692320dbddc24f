"""The narration stage's work in a child process; imports no Beam, which takes a second to load."""

from __future__ import annotations

from pathlib import Path

from transforms.engine_plugin import ChosenEngine
from transforms.model import Narration, Script, Usage
from transforms.narration.engines.voice_engine import VoiceEngine
from transforms.narration.sound_settings import SoundSettings
from transforms.stage.direct_calls import DirectCalls


def make_voice_engine(chosen: ChosenEngine) -> VoiceEngine:
    """Create the engine; its client library is imported only now."""
    engine: VoiceEngine = chosen.make()
    return engine


def narrate_in_child(
    chosen: ChosenEngine, script: Script, folder: Path, timeout: float, sound: SoundSettings
) -> tuple[Narration, tuple[Usage, ...]]:
    """Record a narration; runs in a child process."""
    from transforms.narration.recording import record_narration

    voice = make_voice_engine(chosen)
    return record_narration(script, voice, folder, calls=DirectCalls(timeout), sound=sound)
