"""Tests of recording a script: order, timing, pauses, loudness, deadline and usage."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.unit.narration.m4a_reader import read_m4a
from tests.unit.narration.voices import BuzzVoice, lesson
from transforms.errors import PermanentError, StageTimeout, TransientError
from transforms.model import (
    THINKING,
    Narration,
    QuizQuestion,
    Script,
    Sentence,
    decode,
    encode,
)
from transforms.narration.engines.voice_engine import Recording
from transforms.narration.m4a import FRAME
from transforms.narration.mastering import RATE, Samples, measure
from transforms.narration.recording import record_narration
from transforms.narration.sound_settings import SoundSettings
from transforms.stage.direct_calls import DirectCalls

SCRIPT = lesson(
    "Plants make sugar. They need light, water and air.",
    "Leaves are green because of chlorophyll! Is that not clever?",
    hook="How do plants eat? Let us see.",
)


def narrated(script: Script, voice: BuzzVoice, out: Path) -> tuple[Narration, Samples]:
    """Record a script and return its timing and its decoded samples."""
    narration, _ = record_narration(script, voice, out, calls=DirectCalls(60))
    return narration, read_m4a(out / "narration.m4a")


def audible(samples: Samples, sentence: Sentence) -> tuple[float, float]:
    """Return the seconds between which a sentence is louder than -40 dB of its level."""
    hop = RATE // 1000
    first = max(0, round((sentence.start - 0.14) * RATE))
    cut = samples[first : round((sentence.end + 0.14) * RATE)]
    level = np.sqrt(np.mean(cut[: len(cut) // hop * hop].reshape(-1, hop) ** 2, axis=1))
    heard = np.flatnonzero(level > 0.01 * np.percentile(level, 95))
    return first / RATE + heard[0] / 1000, first / RATE + (heard[-1] + 1) / 1000


def test_sentences_are_spoken_once_in_order(tmp_path: Path) -> None:
    voice = BuzzVoice()
    narration, _ = narrated(SCRIPT, voice, tmp_path)
    texts = [sentence.text for sentence in narration.sentences]
    assert texts == [sentence for sentence, _ in voice.said]
    assert " ".join(texts) == " ".join(s.narration for s in SCRIPT.sections())
    assert [s.section for s in narration.sentences] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert (narration.voice, narration.language) == ("buzz-1", "en-US")


def test_marked_formula_is_captioned_in_plain_unicode(tmp_path: Path) -> None:
    voice = BuzzVoice()
    script = lesson(r"The area is $A = \pi r^2$. Water is \ce{H2O}.", hook="Why?")
    narration, _ = narrated(script, voice, tmp_path)
    texts = [sentence.text for sentence in narration.sentences]
    assert texts[1:3] == ["The area is A = πr².", "Water is H₂O."]
    assert voice.said[1][0] == r"The area is $A = \pi r^2$."


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 48_000])
def test_timings_match_the_sound(tmp_path: Path, rate: int) -> None:
    narration, samples = narrated(SCRIPT, BuzzVoice(sample_rate=rate), tmp_path)
    for sentence in narration.sentences:
        start, end = audible(samples, sentence)
        assert sentence.start == pytest.approx(start, abs=0.02)
        assert sentence.end == pytest.approx(end, abs=0.02)
        assert sentence.end - sentence.start == pytest.approx(0.02 * len(sentence.text), abs=0.02)


def test_sections_cover_the_whole_narration(tmp_path: Path) -> None:
    narration, samples = narrated(SCRIPT, BuzzVoice(), tmp_path)
    assert len(narration.sections) == len(SCRIPT.sections())
    assert narration.sections[0][0] == 0
    assert narration.sections[-1][1] == narration.duration == len(samples) / RATE
    assert all(left[1] == right[0] for left, right in pairwise(narration.sections))
    for sentence in narration.sentences:
        start, end = narration.sections[sentence.section]
        assert start < sentence.start < sentence.end < end


def test_pauses_are_longer_between_sections(tmp_path: Path) -> None:
    narration, _ = narrated(SCRIPT, BuzzVoice(seconds=0.06), tmp_path)
    assert narration.sentences[0].start == pytest.approx(0.3, abs=0.001)
    assert narration.duration - narration.sentences[-1].end == pytest.approx(2.5, abs=0.03)
    for left, right in pairwise(narration.sentences):
        pause = 0.35 if left.section == right.section else 0.8
        assert right.start - left.end == pytest.approx(pause, abs=0.001)


def test_parts_of_long_sentence_have_short_pauses(tmp_path: Path) -> None:
    long = ", ".join(["and then the light falls on the leaf of the plant"] * 12) + "."
    narration, _ = narrated(lesson(long), BuzzVoice(seconds=0.06), tmp_path)
    parts = [sentence for sentence in narration.sentences if sentence.section == 1]
    assert len(parts) == 3
    for left, right in pairwise(parts):
        assert right.start - left.end == pytest.approx(0.15, abs=0.001)


@pytest.mark.parametrize(("seconds", "pause"), [(1 / 19, 0.45), (0.02, 0.6)])
def test_pause_lets_pupils_finish_reading(tmp_path: Path, seconds: float, pause: float) -> None:
    text = "A sentence of exactly eighty letters is spoken faster than it can be read by us. No."
    narration, _ = narrated(lesson(text), BuzzVoice(seconds=seconds), tmp_path)
    left, right = (sentence for sentence in narration.sentences if sentence.section == 1)
    readable = len(left.text) / 17 - (left.end - left.start)
    assert right.start - left.end == pytest.approx(min(0.6, max(0.35, readable)), abs=0.001)
    assert right.start - left.end == pytest.approx(pause, abs=0.05)


@pytest.mark.parametrize("level", [0.005, 0.1, 0.5])
def test_file_has_target_loudness_and_peak(tmp_path: Path, level: float) -> None:
    narration, samples = narrated(SCRIPT, BuzzVoice(level=level), tmp_path)
    measured = measure(samples)
    assert measured.loudness == pytest.approx(-16, abs=1)
    assert narration.loudness == pytest.approx(measured.loudness, abs=0.3)
    assert 20 * np.log10(measured.true_peak) <= -1


def test_file_is_whole_number_of_frames(tmp_path: Path) -> None:
    _, samples = narrated(SCRIPT, BuzzVoice(), tmp_path)
    assert len(samples) % FRAME == 0


def test_pauses_are_silent_without_clicks(tmp_path: Path) -> None:
    narration, samples = narrated(SCRIPT, BuzzVoice(), tmp_path)
    for left, right in pairwise(narration.sentences):
        middle = samples[round((left.end + 0.1) * RATE) : round((right.start - 0.1) * RATE)]
        assert np.abs(middle).max() < 1e-3
    for sentence in narration.sentences:
        for edge in (sentence.start, sentence.end):
            around = samples[round((edge - 0.06) * RATE) : round((edge + 0.06) * RATE)]
            assert np.abs(np.diff(around)).max() < 0.15


def test_answer_follows_after_thinking_time(tmp_path: Path) -> None:
    question = QuizQuestion("How many?", ("Two", "Three"), 1, "One, two, three.")
    script = Script(**{**vars(SCRIPT), "quiz": (question,), "asked": 0})
    narration, samples = narrated(script, BuzzVoice(), tmp_path)
    before = [s for s in narration.sentences if s.section == 4][-1]
    after = next(s for s in narration.sentences if s.section == 5)
    assert [before.text, after.text] == ["B: Three.", "The answer: B, Three."]
    assert after.start - before.end == pytest.approx(THINKING + 0.8, abs=0.01)
    pause = samples[round((before.end + 0.1) * RATE) : round((after.start - 0.1) * RATE)]
    assert np.abs(pause).max() < 1e-3


def test_intro_delays_the_first_word(tmp_path: Path) -> None:
    plain, _ = record_narration(SCRIPT, BuzzVoice(), tmp_path, calls=DirectCalls(60))
    moved, _ = record_narration(
        SCRIPT, BuzzVoice(), tmp_path, calls=DirectCalls(60), sound=SoundSettings(intro=2.4)
    )
    for one, other in zip(plain.sentences, moved.sentences, strict=True):
        assert other.start - one.start == pytest.approx(2.4)
    assert moved.sections[0][0] == 0


def test_same_script_and_voice_give_same_bytes(tmp_path: Path) -> None:
    files = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        narrated(SCRIPT, BuzzVoice(), tmp_path / name)
        files.append((tmp_path / name / "narration.m4a").read_bytes())
    assert files[0] == files[1]


def test_parallel_narrations_equal_sequential_ones(tmp_path: Path) -> None:
    scripts = [lesson(f"Lesson {n} says this. " * (n + 1)) for n in range(4)]

    def run(n: int, kind: str) -> tuple[Narration, bytes]:
        out = tmp_path / f"{kind}{n}"
        out.mkdir()
        narration, _ = record_narration(scripts[n], BuzzVoice(), out, calls=DirectCalls(60))
        return narration, (out / "narration.m4a").read_bytes()

    sequential = [run(n, "sequential") for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        parallel = list(pool.map(lambda n: run(n, "parallel"), range(4)))
    assert parallel == sequential


def test_section_without_words_is_left_out(tmp_path: Path) -> None:
    script = lesson("Plants grow. 🎉🎉 Well done. ...", "🎉🎉🎉", "Good.")
    voice = BuzzVoice()
    narration, _ = narrated(script, voice, tmp_path)
    assert [s.text for s in narration.sentences if s.section == 1] == [
        "Plants grow.", "🎉🎉 Well done. ...",
    ]  # fmt: skip
    assert all(s.start < s.end for s in narration.sentences)
    start, end = narration.sections[2]
    assert end - start == pytest.approx(1.0)
    assert {s.section for s in narration.sentences} == {0, 1, 3, 4}
    assert "🎉🎉🎉" not in [sentence for sentence, _ in voice.said]


@pytest.mark.parametrize("silent", ["first", "last"])
def test_silent_first_and_last_sections_have_a_span(tmp_path: Path, silent: str) -> None:
    script = lesson("Plants grow.", hook="" if silent == "first" else "Why?")
    if silent == "last":
        script = Script(**{**vars(script), "key_takeaways": ()})
    narration, samples = narrated(script, BuzzVoice(), tmp_path)
    start, end = narration.sections[0 if silent == "first" else -1]
    assert end - start >= 1.0
    assert all(start < end for start, end in narration.sections)
    assert narration.sections[-1][1] == len(samples) / RATE


def test_script_without_words_is_refused(tmp_path: Path) -> None:
    script = Script(**{**vars(lesson("🎉", hook="...")), "key_takeaways": ("—",)})
    with pytest.raises(PermanentError, match="A lesson"):
        record_narration(script, BuzzVoice(), tmp_path, calls=DirectCalls(60))
    assert not list(tmp_path.iterdir())


def test_language_is_checked_before_speaking(tmp_path: Path) -> None:
    voice = BuzzVoice()
    with pytest.raises(PermanentError, match="fr-FR"):
        record_narration(
            lesson("Bonjour.", language="fr-FR"), voice, tmp_path, calls=DirectCalls(60)
        )
    assert not voice.said


class FourSecondsEach(DirectCalls):
    """A deadline of 10 s, of which each sentence of a voice takes four."""

    spoken = 0

    @property
    def left(self) -> float:
        return 10.0 - 4 * self.spoken

    def count(self, sentence: str) -> None:
        self.spoken += 1


def test_deadline_is_checked_between_sentences(tmp_path: Path) -> None:
    calls = FourSecondsEach(10)
    voice = BuzzVoice(before=calls.count)
    with pytest.raises(StageTimeout, match="10 s"):
        record_narration(SCRIPT, voice, tmp_path, calls=calls)
    assert [left for _, left in voice.said] == [10, 6, 2]
    assert not (tmp_path / "narration.m4a").exists()


def test_pause_follows_explanation_of_term(tmp_path: Path) -> None:
    script = lesson("They use force. Force means a push. It moves things. Then they stop.")
    script = replace(script, explanations=("Force means a push.",))
    narration, _ = record_narration(script, BuzzVoice(seconds=0.1), tmp_path, calls=DirectCalls(60))
    scene = [sentence for sentence in narration.sentences if sentence.section == 1]
    pauses = [right.start - left.end for left, right in pairwise(scene)]
    assert pauses == pytest.approx([0.35, 0.7, 0.35], abs=0.01)


def test_sentence_without_sound_is_an_error(tmp_path: Path) -> None:
    class Mute(BuzzVoice):
        def speak_sentence(self, sentence, **options):
            said, usage = super().speak_sentence(sentence, **options)
            return Recording(said.samples * (not sentence.startswith("They"))), usage

    with pytest.raises(PermanentError, match="no sound for a sentence of 31 characters"):
        record_narration(SCRIPT, Mute(), tmp_path, calls=DirectCalls(60))
    assert not (tmp_path / "narration.m4a").exists()


def test_voice_error_fails_the_narration(tmp_path: Path) -> None:
    def fail(sentence: str) -> None:
        if sentence.startswith("They"):
            raise TransientError("busy", retry_after=5)

    with pytest.raises(TransientError, match="busy"):
        record_narration(SCRIPT, BuzzVoice(before=fail), tmp_path, calls=DirectCalls(60))
    assert not (tmp_path / "narration.m4a").exists()


def test_usage_sums_voice_and_cpu_time(tmp_path: Path) -> None:
    voice = BuzzVoice()
    _, usage = record_narration(SCRIPT, voice, tmp_path, calls=DirectCalls(60))
    used = {u.sku: u.quantity for u in usage}
    assert used.pop("letters") == sum(len(sentence) for sentence, _ in voice.said)
    assert 0 < used.pop("cpu-seconds") < 30
    assert not used


def test_narration_survives_encoding(tmp_path: Path) -> None:
    narration, _ = narrated(SCRIPT, BuzzVoice(), tmp_path)
    assert decode(Narration, encode(narration)) == narration
