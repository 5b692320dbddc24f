"""Entry point of the narration child process; does not import Beam, which loads slowly."""

from __future__ import annotations

from pathlib import Path

from transforms.engine_plugin import ChosenEngine
from transforms.model import Narration, Script, Usage
from transforms.narration.engines.voice_engine import VoiceEngine
from transforms.narration.sound_settings import SoundSettings
from transforms.stage.direct_calls import DirectCalls


def make_voice_engine(chosen: ChosenEngine) -> VoiceEngine:
    """Create the chosen voice engine; import its client library only now."""
    engine: VoiceEngine = chosen.make()
    return engine


def narrate_in_child(
    chosen: ChosenEngine, script: Script, folder: Path, timeout: float, sound: SoundSettings
) -> tuple[Narration, tuple[Usage, ...]]:
    """Record a script's narration in the child process."""
    from transforms.narration.recording import record_narration

    voice = make_voice_engine(chosen)
    return record_narration(script, voice, folder, calls=DirectCalls(timeout), sound=sound)
