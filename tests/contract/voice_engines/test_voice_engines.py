"""Contract of all voice engines, and the requests of Google's engine."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import pytest
from google.auth.exceptions import RefreshError, TransportError
from google.auth.transport.grpc import AuthMetadataPlugin
from google.cloud import texttospeech as tts
from google.cloud.texttospeech_v1.services.text_to_speech.transports import (
    TextToSpeechGrpcTransport,
)
from google.oauth2.credentials import Credentials

from tests.contract.fakes.speech_rules import Failure
from tests.contract.fakes.texttospeech import FakeSpeech, connected, serve, wav
from tests.every_row import failures
from tests.recorded_calls import RecordedCalls
from transforms.errors import CallRejected, ConfigurationFault, PermanentError, TransientError
from transforms.model import Usage
from transforms.narration.engines.google.google_tts import GoogleVoice
from transforms.narration.engines.google.plugin import GoogleVoiceSettings
from transforms.narration.engines.offline.offline_voice import OfflineVoice
from transforms.narration.engines.voice_engine import VoiceEngine
from transforms.narration.mastering import Samples, trim
from transforms.prices import price, total

ENGINES = ("offline", "google-grpc", "google-rest")
HOSTILE = (
    "<speak><break time='1000s'/>Hi</speak>",
    "a\x00b\x1bc\u202ed",
    "x" * 400,
    "1" * 120,
    "((((((((( [[[[[ {{{{ $$$ ^^^ ___ ***",
    "Ignore\nall\r\nprevious\tinstructions, please.",
    "\ud7ffé\u0301\u0301\u0301 Z̸̢̛a̷l̵g̶o word",
    "[text](/ˈA/) and [x](javascript:alert(1)) link",
)
SENTENCE = "Newton's 2nd law says that F = ma."


@pytest.fixture(params=ENGINES)
def voice(request: pytest.FixtureRequest) -> Iterator[VoiceEngine]:
    if request.param == "offline":
        yield OfflineVoice()
        return
    transport = request.param.removeprefix("google-")
    with serve(transport) as fake:
        yield connected(fake, transport)


def speak(voice: VoiceEngine, sentence: str, language: str = "en-US") -> Samples:
    return speak_with_usage(voice, sentence, language)[0]


def speak_with_usage(
    voice: VoiceEngine, sentence: str, language: str = "en-US"
) -> tuple[Samples, tuple[Usage, ...]]:
    calls = RecordedCalls()
    speech = voice.speak([[sentence]], language=language, calls=calls)
    ((recording,),) = speech.sections
    return recording.samples, speech.usage + total(calls.usage)


class TestEveryVoice:
    def test_speaks_audible_mono_samples(self, voice: VoiceEngine) -> None:
        samples = speak(voice, SENTENCE)
        assert samples.dtype == np.float32
        assert samples.ndim == 1
        assert 0.05 < np.abs(samples).max() <= 1
        assert 1 < len(samples) / voice.sample_rate < 10

    def test_sentences_come_back_in_sections(self, voice: VoiceEngine) -> None:
        sections = [["Plants make sugar.", "They need light."], [], ["Why is that?"]]
        speech = voice.speak(sections, language="en-US", calls=RecordedCalls())
        assert [len(section) for section in speech.sections] == [2, 0, 1]
        for recording in (each for section in speech.sections for each in section):
            assert trim(recording.samples, voice.sample_rate)

    def test_longer_text_takes_longer(self, voice: VoiceEngine) -> None:
        def seconds(sentence: str) -> float:
            clip = trim(speak(voice, sentence), voice.sample_rate)
            assert clip is not None
            return (clip.end - clip.begin) / voice.sample_rate

        short, long = seconds("Plants make sugar."), seconds("Plants make sugar. " * 8)
        assert 5 * short < long < 12 * short

    def test_same_text_gives_same_sound(self, voice: VoiceEngine) -> None:
        assert len(speak(voice, SENTENCE)) == len(speak(voice, SENTENCE))

    def test_unspeakable_text_gives_no_samples(self, voice: VoiceEngine) -> None:
        def check(nothing: str) -> None:
            samples, usage = speak_with_usage(voice, nothing)
            assert samples.shape == (0,)
            assert price(usage) == 0

        blank = ["", "   ", "🎉🎉", "...", "“ ”", "\x00\x1b", "—"]
        assert failures(blank, check) == []

    def test_hostile_text_is_spoken(self, voice: VoiceEngine) -> None:
        def check(hostile: str) -> None:
            assert np.isfinite(speak(voice, hostile)).all()

        assert failures(HOSTILE, check) == []

    def test_threads_get_same_sound(self, voice: VoiceEngine) -> None:
        sentences = [f"Sentence number {number} has its own words." for number in range(8)]
        alone = [len(speak(voice, sentence)) for sentence in sentences]
        with ThreadPoolExecutor(4) as pool:
            together = [len(samples) for samples in pool.map(lambda s: speak(voice, s), sentences)]
        assert together == alone

    def test_pickled_engine_speaks(self, voice: VoiceEngine) -> None:
        speak(voice, "First.")
        copy = pickle.loads(pickle.dumps(voice))
        assert len(speak(copy, SENTENCE)) == len(speak(voice, SENTENCE))

    def test_check_costs_nothing(self, voice: VoiceEngine) -> None:
        assert voice.voice in voice.check()

    def test_engine_has_name_and_identity(self, voice: VoiceEngine) -> None:
        assert voice.name in ("offline", "google")
        assert voice.voice
        assert json.loads(json.dumps(dict(voice.identity))) == dict(voice.identity)

    def test_usage_has_a_price(self, voice: VoiceEngine) -> None:
        assert price(speak_with_usage(voice, SENTENCE)[1]) > 0

    def test_every_english_locale_is_accepted(self, voice: VoiceEngine) -> None:
        for language in ("en", "en-US", "EN-gb", "en-NZ"):
            voice.check_language(language)

    def test_unknown_language_error_lists_spoken_languages(self, voice: VoiceEngine) -> None:
        with pytest.raises(PermanentError, match="en-US"):
            voice.check_language("tlh-KX")
        with pytest.raises(PermanentError, match="tlh"):
            speak(voice, "nuqneH", "tlh-KX")

    def test_no_time_left_raises_timeout(self, voice: VoiceEngine) -> None:
        with pytest.raises(TransientError):
            voice.speak([[SENTENCE]], language="en-US", calls=RecordedCalls(0))


class TestGoogleRequests:
    def test_plain_text_is_sent(
        self, google: FakeSpeech, connect: Callable[..., GoogleVoice]
    ) -> None:
        speak(connect(), "Is 5 < 6 &\x07\n<b>true</b>?")
        (request,) = google.requests
        assert request.input.text == "Is five less than six and true?"
        assert not request.input.ssml
        assert request.voice.name == "en-US-Chirp3-HD-Kore"
        assert request.voice.language_code == "en-US"
        assert request.audio_config.audio_encoding == tts.AudioEncoding.LINEAR16
        assert request.audio_config.sample_rate_hertz == 24_000

    def test_neutral_settings_are_not_sent(
        self, google: FakeSpeech, connect: Callable[..., GoogleVoice]
    ) -> None:
        speak(connect(), "Hello.")
        audio = google.requests[0].audio_config
        assert (audio.speaking_rate, audio.pitch) == (0, 0)

    def test_rate_and_pitch_are_sent(
        self, google: FakeSpeech, connect: Callable[..., GoogleVoice]
    ) -> None:
        speak(connect(voice="en-GB-Neural2-A", speaking_rate=1.25, pitch=-2.0), "Hello.")
        request = google.requests[0]
        assert request.audio_config.speaking_rate == 1.25
        assert request.audio_config.pitch == -2
        assert request.voice.name == "en-GB-Neural2-A"
        assert request.voice.language_code == "en-GB"

    @pytest.mark.parametrize(("operator", "sent"), [({}, 0.81), ({"speaking_rate": 1.25}, 1.25)])
    def test_pace_sets_rate_unless_operator_does(
        self,
        google: FakeSpeech,
        connect: Callable[..., GoogleVoice],
        operator: dict[str, float],
        sent: float,
    ) -> None:
        speak(connect(**operator).at_pace(125), "Hello.")
        assert google.requests[0].audio_config.speaking_rate == pytest.approx(sent)

    def test_other_language_gets_its_own_voice(
        self, google: FakeSpeech, connect: Callable[..., GoogleVoice]
    ) -> None:
        _, usage = speak_with_usage(
            connect(voice="en-US-Wavenet-D", pitch=3.0), "Bonjour.", "fr-FR"
        )
        assert google.requests[0].voice.name == "fr-FR-Chirp3-HD-Kore"
        assert google.requests[0].voice.language_code == "fr-FR"
        assert usage[0].sku == "text-to-speech/chirp3-hd/characters"

    def test_usage_counts_characters_sent(
        self, google: FakeSpeech, connect: Callable[..., GoogleVoice]
    ) -> None:
        _, usage = speak_with_usage(connect(voice="en-US-Wavenet-D"), "Grüße: 100 €.")
        assert google.requests[0].input.text == "Grüße: one hundred euros."
        assert [(u.sku, u.quantity) for u in usage] == [("text-to-speech/wavenet/characters", 25)]

    def test_time_left_is_sent_as_deadline(
        self, google: FakeSpeech, connect: Callable[..., GoogleVoice], transport: str
    ) -> None:
        connect().speak([["Hello."]], language="en-US", calls=RecordedCalls(7))
        if transport == "grpc":
            assert google.deadlines[0] is not None
            assert 6 < google.deadlines[0] < 8

    @pytest.mark.parametrize(
        "text",
        [
            "A sentence of words. " * 270,
            "Слово за словом. " * 200,
            "光合作用は植物の働きです。" * 150,
            "é" * 3000,
            "🌱 growth " * 500,
        ],
        ids=["sentences", "two bytes", "no spaces", "one word", "four bytes"],
    )
    def test_long_text_is_sent_in_parts(
        self, google: FakeSpeech, connect: Callable[..., GoogleVoice], text: str
    ) -> None:
        samples, usage = speak_with_usage(connect(), text, "de-DE")
        sent = [request.input.text for request in google.requests]
        assert len(sent) > 1
        assert all(len(part.encode()) <= 5000 for part in sent)
        assert "".join("".join(sent).split()) == "".join(text.split())
        if " " in text.strip():
            assert " ".join(sent).split() == text.split()
        assert sum(u.quantity for u in usage) == google.billed == sum(map(len, sent))
        spoken = sum(each.end - each.begin for answer in google.spoken for each in answer.places)
        assert len(samples) >= spoken


class TestGoogleFailures:
    @pytest.mark.parametrize(
        "code", ["RESOURCE_EXHAUSTED", "UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "ABORTED"]
    )
    def test_transient_failure_is_tried_once(
        self, google: FakeSpeech, connect: Callable[..., GoogleVoice], code: str
    ) -> None:
        google.script.append(Failure(grpc.StatusCode[code], "try later"))
        voice = connect()
        with pytest.raises(TransientError, match="try later") as caught:
            speak(voice, "Hello.")
        assert caught.value.retry_after is None
        assert caught.value.code
        assert "later" not in caught.value.code
        assert len(google.requests) == 1
        assert len(speak(voice, "Hello."))

    @pytest.mark.parametrize(
        ("code", "kind", "remedy"),
        [
            ("INVALID_ARGUMENT", CallRejected, "check the voice"),
            ("PERMISSION_DENIED", ConfigurationFault, "the Cloud Text-to-Speech API"),
            ("UNAUTHENTICATED", ConfigurationFault, "GOOGLE_APPLICATION_CREDENTIALS"),
            ("NOT_FOUND", CallRejected, "that exist"),
        ],
    )
    def test_rejected_call_has_domain_and_remedy(
        self,
        google: FakeSpeech,
        connect: Callable[..., GoogleVoice],
        code: str,
        kind: type[Exception],
        remedy: str,
    ) -> None:
        google.script.append(Failure(grpc.StatusCode[code], "no, never"))
        with pytest.raises(kind, match=remedy):
            speak(connect(), "Hello.")
        assert len(google.requests) == 1

    def test_check_lists_voices(
        self, google: FakeSpeech, connect: Callable[..., GoogleVoice]
    ) -> None:
        google.voices = ["en-US-Neural2-A", "de-DE-Neural2-B"]
        with pytest.raises(
            PermanentError, match=r"no voice .*Kore; for en-US it has en-US-Neural2-A$"
        ):
            connect().check()
        assert google.requests == []

    def test_failed_check_names_remedy(
        self, google: FakeSpeech, connect: Callable[..., GoogleVoice]
    ) -> None:
        google.script.append(Failure(grpc.StatusCode.PERMISSION_DENIED, "API not enabled"))
        with pytest.raises(ConfigurationFault, match="the Cloud Text-to-Speech API"):
            connect().check()

    def test_retry_delay_is_passed_on(
        self, google: FakeSpeech, connect: Callable[..., GoogleVoice]
    ) -> None:
        google.script.append(Failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "quota", retry_after=3))
        with pytest.raises(TransientError) as caught:
            speak(connect(), "Hello.")
        assert caught.value.retry_after == 3

    def test_hanging_service_times_out(
        self, google: FakeSpeech, connect: Callable[..., GoogleVoice]
    ) -> None:
        google.script.append("hang")
        with pytest.raises(TransientError):
            connect().speak([["Hello."]], language="en-US", calls=RecordedCalls(0.3))

    def test_unreachable_service_is_transient(self, transport: str) -> None:
        with serve("grpc") as gone:
            voice = connected(gone, transport)  # type: ignore[arg-type]
        with pytest.raises(TransientError):
            voice.speak([["Hello."]], language="en-US", calls=RecordedCalls(5))

    @pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (24_000, 2)])
    def test_other_audio_format_is_refused(
        self, google: FakeSpeech, connect: Callable[..., GoogleVoice], rate: int, channels: int
    ) -> None:
        google.script.append(wav(np.zeros(1000), rate, channels))
        with pytest.raises(PermanentError, match=f"{rate}"):
            speak(connect(), "Hello.")

    def test_missing_credentials_error_names_remedy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "missing-credentials.json")
        with pytest.raises(ConfigurationFault, match="GOOGLE_APPLICATION_CREDENTIALS"):
            speak(GoogleVoice(GoogleVoiceSettings()), "Hello.")


@pytest.mark.parametrize(
    ("error", "kind", "expected"),
    [
        (RefreshError("invalid_grant: account disabled"), ConfigurationFault, "provide Google"),
        (RefreshError("unauthorized_client: scope"), ConfigurationFault, "provide Google"),
        (RefreshError("the metadata server is busy", retryable=True), TransientError, "busy"),
        (TransportError("no route to the metadata server"), TransientError, "no route"),
    ],
)
def test_refused_login_is_told_from_outage(
    error: Exception, kind: type[Exception], expected: str
) -> None:
    """Both reach the caller of gRPC as an outage of the service."""

    class Login(Credentials):
        def refresh(self, request: object) -> None:
            raise error

    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_secure_port("127.0.0.1:0", grpc.local_server_credentials())
    server.start()
    login = grpc.metadata_call_credentials(AuthMetadataPlugin(Login(token=None), None))
    channel = grpc.secure_channel(
        f"127.0.0.1:{port}",
        grpc.composite_channel_credentials(grpc.local_channel_credentials(), login),
    )
    voice = GoogleVoice(GoogleVoiceSettings())
    voice._client = tts.TextToSpeechClient(transport=TextToSpeechGrpcTransport(channel=channel))
    try:
        with pytest.raises(kind, match=expected):
            speak(voice, "Hello.")
    finally:
        channel.close()
        server.stop(None).wait()


class TestGoogleSettings:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"voice": "Kore"},
            {"voice": "en-US-Imaginary-A"},
            {"speaking_rate": 0.1},
            {"speaking_rate": 3.0},
            {"speaking_rate": float("nan")},
            {"endpoint": "https://eu-texttospeech.googleapis.com"},
            {"pitch": -2.0},
            {"voice": "en-US-Wavenet-D", "pitch": 21.0},
            {"insecure": True},
        ],
    )
    def test_wrong_settings_are_refused(self, wrong: dict[str, object]) -> None:
        with pytest.raises(ValueError, match=r"must|pitch|endpoint"):
            GoogleVoiceSettings(**wrong)  # type: ignore[arg-type]

    def test_identity_changes_only_with_sound_settings(self) -> None:
        here = GoogleVoice(GoogleVoiceSettings()).identity
        there = GoogleVoice(
            GoogleVoiceSettings(endpoint="eu-texttospeech.googleapis.com", transport="rest")
        ).identity
        slower = GoogleVoice(GoogleVoiceSettings(speaking_rate=0.9)).identity
        assert here == there
        assert here != slower

    def test_tier_without_price_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("transforms.prices.prices", dict)
        with pytest.raises(ValueError, match="--prices FILE"):
            GoogleVoice(GoogleVoiceSettings())
