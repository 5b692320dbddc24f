"""The Gemini engine, Google's voice and Cloud Storage work with the real services."""

from __future__ import annotations

import os
import uuid

import numpy as np
import pytest

from tests.contract.test_script_engines import REQUEST, check
from transforms.artifacts import ArtifactStore
from transforms.model import Script
from transforms.narration.engines.google.google_tts import GoogleVoice
from transforms.narration.engines.google.plugin import GoogleVoiceSettings
from transforms.narration.recording import record_narration
from transforms.script.engines.gemini.gemini_engine import GeminiScriptEngine
from transforms.script.engines.gemini.plugin import GeminiSettings
from transforms.stage.direct_calls import DirectCalls


@pytest.fixture(scope="module")
def script() -> Script:
    engine = GeminiScriptEngine(GeminiSettings())
    assert engine.check()
    written = engine.write(REQUEST, calls=DirectCalls(120))
    assert all(usage.quantity > 0 for usage in written.usage)
    return written.script


def test_gemini_script_passes_the_contract_checks(script: Script):
    check(script, REQUEST)


def test_google_voice_speaks_a_whole_lesson(script: Script, tmp_path):
    voice = GoogleVoice(GoogleVoiceSettings())
    assert voice.check()
    narration, usage = record_narration(script, voice, tmp_path, calls=DirectCalls(300))
    assert narration.duration > 45
    assert -17 <= narration.loudness <= -15
    assert usage[0].quantity >= script.spoken_words


@pytest.mark.parametrize("language", ["es-US", "de-DE", "hi-IN", "ja-JP"])
def test_google_voice_speaks_other_languages(language):
    spoken = GoogleVoice(GoogleVoiceSettings()).speak(
        "123", language=language, calls=DirectCalls(60)
    )
    assert np.abs(spoken.samples).max() > 0.01


def test_cloud_storage_artifact_is_written_once():
    store = ArtifactStore(os.environ["VIVIDLY_LIVE_BUCKET"] + "/vividly-live")
    request_id = str(uuid.uuid4())
    artifact = store.put(request_id, "check.txt", b"live", "text/plain")
    try:
        assert store.put(request_id, "check.txt", b"live", "text/plain") == artifact
        assert store.read(request_id, "check.txt") == b"live"
    finally:
        store.delete(request_id, "check.txt")
