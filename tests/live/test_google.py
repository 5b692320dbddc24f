"""The Gemini engine, Google's voice and Cloud Storage work with the real services."""

from __future__ import annotations

import os
import uuid

import numpy as np
import pytest

from tests.contract.test_script_engines import REQUEST, check
from tests.recorded_calls import RecordedCalls
from transforms.artifacts import ArtifactStore
from transforms.model import Script
from transforms.narration.engines.google.google_tts import GoogleVoice
from transforms.narration.engines.google.plugin import GoogleVoiceSettings
from transforms.narration.recording import record_narration
from transforms.script.engines.gemini.gemini_engine import GeminiScriptEngine
from transforms.script.engines.gemini.plugin import GeminiSettings


@pytest.fixture(scope="module")
def script() -> Script:
    engine = GeminiScriptEngine(GeminiSettings())
    assert engine.check()
    written = engine.write(REQUEST, calls=RecordedCalls(120))
    assert all(usage.quantity > 0 for usage in written.usage)
    return written.script


def test_gemini_script_passes_the_contract_checks(script: Script):
    check(script, REQUEST)


def test_google_voice_speaks_a_whole_lesson(script: Script, tmp_path):
    voice = GoogleVoice(GoogleVoiceSettings())
    assert voice.check()
    calls = RecordedCalls(300)
    narration, _ = record_narration(script, voice, tmp_path, calls=calls)
    assert narration.duration > 45
    assert -17 <= narration.loudness <= -15
    assert calls.usage[0].quantity >= script.spoken_words
    assert len(calls.made) <= 10


@pytest.mark.parametrize("language", ["es-US", "de-DE", "hi-IN", "ja-JP"])
def test_google_voice_speaks_other_languages(language):
    calls = RecordedCalls()
    spoken = GoogleVoice(GoogleVoiceSettings()).speak([["123"]], language=language, calls=calls)
    assert np.abs(spoken.sections[0][0].samples).max() > 0.01


def test_cloud_storage_artifact_is_written_once():
    store = ArtifactStore(os.environ["VIVIDLY_LIVE_BUCKET"] + "/vividly-live")
    request_id = str(uuid.uuid4())
    artifact = store.put(request_id, "check.txt", b"live", "text/plain")
    try:
        assert store.put(request_id, "check.txt", b"live", "text/plain") == artifact
        assert store.read(request_id, "check.txt") == b"live"
    finally:
        store.delete(request_id, "check.txt")
