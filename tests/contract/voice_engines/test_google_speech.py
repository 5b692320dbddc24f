"""Google's voice packs sentences into few requests and splits the answers again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.lesson import SCRIPT
from tests.caption_errors import caption_errors
from tests.contract.fakes.spoken import Pauses
from tests.contract.fakes.texttospeech import FakeSpeech, connected, serve, wav
from tests.recorded_calls import RecordedCalls
from tests.unit.narration.m4a_reader import read_m4a
from transforms.errors import PermanentError
from transforms.narration.engines.google.google_tts import GoogleVoice
from transforms.narration.engines.google.speech_answer import SAMPLE_RATE
from transforms.narration.mastering import Samples, trim
from transforms.narration.recording import record_narration
from transforms.process.fingerprints import fingerprint

SECTIONS = [
    ["Plants make their own food, out of light and water.", "Nobody feeds them."],
    ["In the leaf, a green molecule catches the light.", "Sugar is built, and oxygen leaves."],
]
TEXTS = [text for section in SECTIONS for text in section]
SILENCE = wav(np.zeros(SAMPLE_RATE), SAMPLE_RATE)
NOISE = wav(np.random.default_rng(1).normal(0, 0.1, 8 * SAMPLE_RATE), SAMPLE_RATE)


def speak(
    voice: GoogleVoice, sections: Any = SECTIONS, language: str = "en-US"
) -> tuple[list[Samples], RecordedCalls]:
    calls = RecordedCalls()
    speech = voice.speak(sections, language=language, calls=calls)
    assert [len(section) for section in speech.sections] == [len(section) for section in sections]
    assert not speech.usage
    return [each.samples for section in speech.sections for each in section], calls


def speech_seconds(samples: Samples) -> float:
    clip = trim(samples, SAMPLE_RATE)
    assert clip is not None
    return (clip.end - clip.begin) / SAMPLE_RATE


def test_sentences_are_spoken_in_one_request(
    google: FakeSpeech, connect: Callable[..., GoogleVoice]
) -> None:
    samples, calls = speak(connect())
    (request,) = google.requests
    assert request.input.markup == " [pause long] ".join(TEXTS)
    assert calls.reasons == [""]
    (answer,) = google.spoken
    for recording, place in zip(samples, answer.places, strict=True):
        seconds = (place.end - place.begin) / SAMPLE_RATE
        assert speech_seconds(recording) == pytest.approx(seconds, abs=0.03)


def test_whole_request_is_billed(google: FakeSpeech, connect: Callable[..., GoogleVoice]) -> None:
    _, calls = speak(connect())
    assert [usage.quantity for usage in calls.usage] == [google.billed]
    ((call, answer),) = calls.made
    assert call.expected == answer.usage
    assert google.billed == sum(map(len, TEXTS)) + 3 * len(" [pause long] ")


def test_older_voice_is_asked_for_pauses_in_ssml(
    google: FakeSpeech, connect: Callable[..., GoogleVoice]
) -> None:
    sections = [["Ist 5 < 6 & 7 > 6?", "<break time='9s'/> ist keine Pause."]]
    speak(connect(voice="de-DE-Neural2-B"), sections, "de-DE")
    assert google.requests[0].input.ssml == (
        '<speak>Ist 5 &lt; 6 &amp; 7 &gt; 6?<break time="1s"/>'
        "&lt;break time='9s'/&gt; ist keine Pause.</speak>"
    )


def test_text_cannot_ask_for_pauses(
    google: FakeSpeech, connect: Callable[..., GoogleVoice]
) -> None:
    speak(connect(), [["Sag [pause long] bitte laut.", "Das ist nur ein Wort."]], "de-DE")
    assert google.requests[0].input.markup == (
        "Sag (pause long) bitte laut. [pause long] Das ist nur ein Wort."
    )


def test_english_formulas_are_sent_in_words(
    google: FakeSpeech, connect: Callable[..., GoogleVoice]
) -> None:
    samples, _ = speak(connect(), [["The area is $A = \\pi r^2$.", "So 2(x + 3) = 10."]])
    assert google.requests[0].input.markup == (
        "The area is A equals pi r squared. [pause long] "
        "So two times open paren x plus three close paren equals ten."
    )
    assert all(map(len, samples))


def test_formulas_of_other_languages_are_sent_as_plain_text(
    google: FakeSpeech, connect: Callable[..., GoogleVoice]
) -> None:
    speak(connect(), [["Die Fläche ist $A = \\pi r^2$.", "Das ist alles."]], "de-DE")
    assert google.requests[0].input.markup == (
        "Die Fläche ist A = πr². [pause long] Das ist alles."
    )


def test_locale_without_pause_tags_gets_plain_text(
    google: FakeSpeech, connect: Callable[..., GoogleVoice]
) -> None:
    samples, calls = speak(connect(), [["Rostliny rostou.", "Potřebují světlo."]], "cs-CZ")
    assert google.requests[0].input.text == "Rostliny rostou.\nPotřebují světlo."
    assert all(map(len, samples))
    assert set(calls.reasons) <= {"", "uneven split"}


def test_long_section_is_divided_between_sentences(
    google: FakeSpeech, connect: Callable[..., GoogleVoice]
) -> None:
    sentence = "光合作用は植物の働きです、そして葉の中で起こります。" * 5
    _, calls = speak(connect(), [[sentence] * 20], "ja-JP")
    packed = [request.input.markup for request in google.requests if request.input.markup]
    assert len(packed) > 1
    assert sum(markup.count(sentence) for markup in packed) == 20
    assert all(len(markup.encode()) <= 5000 for markup in packed)
    assert calls.reasons.count("") == len(packed)


@pytest.mark.parametrize(
    ("audio", "reason"),
    [
        (b"", "no audio"),
        (b"RIFF\x00\x00\x00\x00WAVE", "no audio"),
        (wav(np.zeros(0), SAMPLE_RATE), "silent audio"),
        (SILENCE, "silent audio"),
        (NOISE[: len(NOISE) // 2], "truncated audio"),
        (wav(0.1 * np.ones(SAMPLE_RATE), SAMPLE_RATE), "implausible length"),
    ],
    ids=["nothing", "no frames", "zero frames", "silence", "cut off", "too short"],
)
def test_unusable_audio_is_asked_for_again(
    google: FakeSpeech, connect: Callable[..., GoogleVoice], audio: bytes, reason: str
) -> None:
    google.script.append(audio)
    samples, calls = speak(connect())
    assert calls.reasons == ["", reason]
    assert all(map(speech_seconds, samples))
    assert [usage.quantity for usage in calls.usage] == [google.billed / 2] * 2


def test_sentences_are_asked_for_alone_at_last(
    google: FakeSpeech, connect: Callable[..., GoogleVoice]
) -> None:
    google.script += [SILENCE, SILENCE]
    samples, calls = speak(connect())
    assert [request.input.text for request in google.requests[2:]] == TEXTS
    assert calls.reasons == ["", *["silent audio"] * 5]
    assert all(map(speech_seconds, samples))


def test_sentence_without_speech_is_an_error(
    google: FakeSpeech, connect: Callable[..., GoogleVoice]
) -> None:
    google.script += [SILENCE] * 3
    with pytest.raises(PermanentError, match="3 times without usable speech"):
        speak(connect(), [["Nobody feeds them."]])
    assert len(google.requests) == 3


def test_third_request_has_inputs_of_its_own(
    google: FakeSpeech, connect: Callable[..., GoogleVoice]
) -> None:
    google.script += [SILENCE, SILENCE]
    _, calls = speak(connect(), [["Nobody feeds them."]])
    assert calls.reasons == ["", "silent audio", "silent audio"]
    assert (
        len({fingerprint({"inputs": call.inputs, "why": call.reason}) for call, _ in calls.made})
        == 3
    )


def test_unsure_split_is_asked_for_alone(
    google: FakeSpeech, connect: Callable[..., GoogleVoice]
) -> None:
    google.script.append(NOISE)  # plausible in length, but with no pause
    samples, calls = speak(connect())
    assert [request.input.text for request in google.requests[1:]] == TEXTS
    assert calls.reasons == ["", *["uneven split"] * 4]
    assert all(map(speech_seconds, samples))


def test_slow_voice_may_take_longer(connect: Callable[..., GoogleVoice]) -> None:
    slow, calls = speak(connect(speaking_rate=0.5))
    usual, _ = speak(connect())
    assert set(calls.reasons) <= {"", "uneven split"}
    assert sum(map(len, slow)) > 1.6 * sum(map(len, usual))


def test_equal_requests_have_equal_inputs(connect: Callable[..., GoogleVoice]) -> None:
    _, first = speak(connect())
    _, second = speak(connect())
    _, faster = speak(connect(speaking_rate=1.1))
    assert first.made[0][0] == second.made[0][0]
    assert first.made[0][0].inputs != faster.made[0][0].inputs


@pytest.mark.parametrize(
    ("asked", "inside"),
    [((0.45, 0.8), (0.1, 0.45)), ((0.1, 0.8), (0.1, 0.8))],
    ids=["pauses as asked", "pauses of any length"],
)
def test_captions_match_the_speech(
    tmp_path: Path, asked: tuple[float, float], inside: tuple[float, float]
) -> None:
    script = replace(SCRIPT, scenes=SCRIPT.scenes[:2])
    calls = RecordedCalls()
    with serve("grpc") as google:
        google.pauses = Pauses(asked=asked, inside=inside)
        narration, _ = record_narration(script, connected(google, "grpc"), tmp_path, calls=calls)
    heard = read_m4a(tmp_path / "narration.m4a")
    errors = caption_errors(narration, heard, google.sounds, SAMPLE_RATE)
    assert len(errors) == 2 * len(narration.sentences) == 2 * 9
    assert max(errors) <= 0.1
    assert len(calls.made) <= 3
