"""The offline voice with its real model."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.unit.narration.m4a_reader import read_m4a
from tests.unit.narration.voices import lesson
from transforms.errors import PermanentError
from transforms.narration.engines.offline import offline_voice
from transforms.narration.engines.offline.offline_voice import OfflineVoice
from transforms.narration.mastering import measure, trim
from transforms.narration.recording import record_narration
from transforms.process.singletons import process_singleton
from transforms.stage.direct_calls import DirectCalls


def say(text: str) -> np.ndarray:
    recording, _ = OfflineVoice().speak_sentence(text, language="en-US", timeout=60)
    return recording.samples


def test_symbols_are_spoken_as_words() -> None:
    assert np.array_equal(say("F = 5 m/s²"), say("F equals five meters per second squared"))
    assert not np.array_equal(say("a²"), say("a"))


@pytest.mark.parametrize(
    ("said", "misread"),
    [
        ("King Louis", "King the zeroth Louis"),
        ("Queen Victoria", "Queen the zeroth Victoria"),
        ("Type C", "Type one hundred"),
        ("Round the Sun.", "Round the Sunday."),
    ],
)
def test_words_are_not_read_as_numerals(said: str, misread: str) -> None:
    heard, wrong = (trim(say(text), OfflineVoice.sample_rate) for text in (said, misread))
    assert heard is not None
    assert wrong is not None
    assert heard.end - heard.begin < 0.9 * (wrong.end - wrong.begin)


def test_same_text_gives_same_sound() -> None:
    assert np.array_equal(say("Plants make sugar."), say("Plants make sugar."))


@pytest.mark.parametrize("language", ["fr-FR", "de", "zh-CN", "eng", ""])
def test_other_language_error_names_remedy(language: str) -> None:
    with pytest.raises(PermanentError, match="google voice engine"):
        OfflineVoice().check_language(language)


def test_model_is_loaded_once_for_all_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded = []
    barrier = threading.Barrier(4)
    model = process_singleton(offline_voice.load_voice)

    def counted() -> object:
        loaded.append(threading.get_ident())
        return model

    monkeypatch.setattr(offline_voice, "load_voice", counted)

    def speak(_: int) -> int:
        barrier.wait(10)
        return len(say("Plants make sugar."))

    with ThreadPoolExecutor(4) as pool:
        lengths = set(pool.map(speak, range(4)))
    assert len(loaded) == 1
    assert len(lengths) == 1


def test_long_sentence_is_spoken_in_parts() -> None:
    seconds = len(say("9" * 300)) / OfflineVoice.sample_rate
    assert seconds > 60


def test_telemetry_is_disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    offline_voice.load_voice()
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"


_MEMORY = """
import resource
from transforms.narration.engines.offline.offline_voice import OfflineVoice

def speak(text):
    OfflineVoice().speak_sentence(text, language="en-US", timeout=60)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

before = speak("Plants make sugar out of light, water and air, in their leaves, every day.")
after = speak("plants make sugar out of light and water and air " * 41)
print((after - before) // 1024)
"""


def test_memory_is_bounded_for_long_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        cwd=Path(offline_voice.__file__).parents[3],
    )
    assert int(done.stdout) < 250  # in one piece they take more than 500


def test_narration_in_real_voice_is_valid(tmp_path: Path) -> None:
    script = lesson("Newton's 2nd law says F = ma. A ball of 0.6 kg gains 5.0 m/s² from 3.0 N.")
    narration, usage = record_narration(script, OfflineVoice(), tmp_path, calls=DirectCalls(60))
    samples = read_m4a(tmp_path / "narration.m4a")
    level = measure(samples)
    assert level.loudness == pytest.approx(-16, abs=1)
    assert 20 * np.log10(level.true_peak) <= -1
    assert narration.duration == len(samples) / 48_000
    assert narration.voice == "hibari-heart"
    assert [u.sku for u in usage] == ["cpu-seconds"]
    words = sum(len(s.text.split()) for s in narration.sentences)
    assert 100 < words / narration.sentences[-1].end * 60 < 220


@pytest.mark.parametrize("text", ["你好。", "Здравствуйте, Newton.", "قوة تساوي F = ma"])
def test_foreign_sentence_is_refused_with_remedy(text: str) -> None:
    with pytest.raises(PermanentError, match="choose the google voice engine"):
        say(text)


@pytest.mark.parametrize("text", ["The word for water is 水.", "ℵ₀ is large.", "α + β = γ"])
def test_sentence_with_foreign_letters_is_spoken(text: str) -> None:
    say(text)
