"""Times of words: from the words that were spoken, and from the silences between them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.narration.voices import buzz, silence
from transforms.narration.engines.offline.offline_voice import OfflineVoice
from transforms.narration.engines.voice_engine import SpokenWord
from transforms.narration.mastering import trim
from transforms.narration.word_times import words_from_pauses, words_from_spoken

RATE = 24_000


def spoken(text: str) -> list[SpokenWord]:
    return [SpokenWord(word, 1.0 * at) for at, word in enumerate(text.split())]


@pytest.mark.parametrize(
    ("shown", "said", "starts"),
    [
        ("You push it.", "You push it.", (0, 1, 2)),
        ("Push with 50 N now", "Push with fifty newtons now", (0, 1, 2, 3.2, 4)),
        ("In 1914 war began", "In nineteen fourteen war began", (0, 1, 3, 4)),
        ("Yes – no", "Yes no", (0, 1, 1)),
        ("F = ma", "Force equals mass times acceleration", (0, 1.43, 2.86)),
        ("No", "", (0,)),
    ],
)
def test_words_shown_take_times_of_words_spoken(
    shown: str, said: str, starts: tuple[float, ...]
) -> None:
    words = spoken(said)
    assert words_from_spoken(shown, words, float(len(words))) == pytest.approx(starts, abs=0.01)


def clause(seconds: float) -> np.ndarray:
    return buzz(seconds, RATE)


@pytest.mark.parametrize("pause", [0.12, 0.3, 0.8])
def test_word_after_comma_begins_after_its_silence(pause: float) -> None:
    # The first clause is spoken slowly, and the second has a short silence inside.
    parts = [clause(2.0), silence(pause, RATE), clause(0.5), silence(0.07, RATE), clause(0.5)]
    starts = words_from_pauses("aaaa aaaa aaaa, bbbb bbbb bbbb.", np.concatenate(parts), RATE)
    assert starts[3] == pytest.approx(2.0 + pause, abs=0.03)
    assert starts[:3] == pytest.approx((0, 0.625, 1.25), abs=0.03)


def test_comma_without_silence_divides_time_by_characters() -> None:
    starts = words_from_pauses("aaaa, bbbb cc", clause(1.4), RATE)
    assert starts == pytest.approx((0, 0.6, 1.1), abs=0.02)


def test_offline_words_begin_where_silence_ends() -> None:
    text = "Push the same cart twice as hard, and its acceleration is twice as big."
    recording, _ = OfflineVoice().speak_sentence(text, language="en-US", timeout=60)
    clip = trim(recording.samples, RATE)
    assert clip is not None
    audible = clip.samples[clip.begin : clip.end]
    heard = words_from_pauses(text, audible, RATE)
    begin = (clip.first + clip.begin) / RATE
    told = [word.start - begin for word in recording.words]
    assert [word.text for word in recording.words] == text.split()
    assert told[0] == pytest.approx(0, abs=0.1)
    assert told[7] == pytest.approx(heard[7], abs=0.1)  # "and"; by characters it is 0.3 s earlier
