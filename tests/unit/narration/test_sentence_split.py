"""Recordings of several sentences are split at the silences between them."""

from __future__ import annotations

import random
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.narration.voices import buzz, silence
from transforms.narration.mastering import Samples
from transforms.narration.sentence_split import Span, split_at_silences
from transforms.narration.speech_length import spoken_letters

RATE = 8_000
SENTENCES = (
    "How does a plant make its food?",
    "It needs light, water from the soil, and carbon dioxide.",
    "However, none of it works in the dark.",
    "Count the atoms.",
    "Six molecules of water and six of carbon dioxide make one of sugar and six of oxygen.",
    "Plants store energy in sugar, and they give off oxygen.",
    "Nearly all food begins here, in the leaf of a plant.",
    "So does the air.",
)


def recording(
    sentences: list[str], chance: random.Random, asked: tuple[float, float] = (0.45, 0.8)
) -> tuple[Samples, list[Span]]:
    """Return buzzing for each clause, with shorter pauses inside of sentences, and the truth."""
    parts, truth = [silence(0.2, RATE)], []
    for sentence in sentences:
        begin = sum(map(len, parts))
        for number, clause in enumerate(re.split(r"(?<=,) ", sentence)):
            if number:
                parts.append(silence(chance.uniform(0.0, 0.4), RATE))
            seconds = 0.06 * spoken_letters(clause) * chance.uniform(0.9, 1.1)
            parts.append(buzz(max(0.2, seconds), RATE))
        truth.append(Span(begin, sum(map(len, parts))))
        parts.append(silence(chance.uniform(*asked), RATE))
    return np.concatenate(parts), truth


def holds(found: Span, true: Span) -> bool:
    """Return True if a span has all speech of a sentence, and no more than silence besides."""
    near = 0.1 * RATE
    return (
        true.begin - near <= found.begin <= true.begin + 0.01 * RATE
        and true.end - 0.01 * RATE <= found.end <= true.end + near
    )


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=10), st.integers(0, 10**6))
def test_found_spans_hold_their_sentences(sentences: list[str], seed: int) -> None:
    samples, truth = recording(sentences, random.Random(seed))
    found = split_at_silences(samples, RATE, sentences)
    assert all(span is None or holds(span, true) for span, true in zip(found, truth, strict=True))


@pytest.mark.parametrize("asked", [(0.45, 0.8), (0.15, 0.8)], ids=["as asked", "any length"])
def test_most_sentences_are_found(asked: tuple[float, float]) -> None:
    chance = random.Random(7)
    spans: list[Any] = []
    for _ in range(12):
        sentences = chance.sample(SENTENCES, 6)
        samples, _ = recording(sentences, chance, asked)
        spans += split_at_silences(samples, RATE, sentences)
    assert sum(span is not None for span in spans) > 0.9 * len(spans)


def test_pause_inside_may_be_longest() -> None:
    parts = [
        buzz(0.06 * spoken_letters("How does a plant make its food?"), RATE),
        silence(0.3, RATE),
        buzz(0.06 * spoken_letters("However,"), RATE),
        silence(0.7, RATE),
        buzz(0.06 * spoken_letters("none of it works in the dark."), RATE),
    ]
    sentences = ["How does a plant make its food?", "However, none of it works in the dark."]
    first, second = split_at_silences(np.concatenate(parts), RATE, sentences)
    assert first == Span(0, len(parts[0]) + round(0.08 * RATE))
    assert second
    assert second.begin == len(parts[0]) + len(parts[1]) - round(0.08 * RATE)


@pytest.mark.parametrize("missing", range(len(SENTENCES)))
def test_missing_sentence_is_not_found(missing: int) -> None:
    spoken = [text for number, text in enumerate(SENTENCES) if number != missing]
    samples, _ = recording(spoken, random.Random(missing))
    assert split_at_silences(samples, RATE, SENTENCES)[missing] is None


@pytest.mark.parametrize(
    "samples",
    [silence(3, RATE), silence(0, RATE), buzz(6, RATE), 0 * buzz(1, RATE)],
    ids=["silent", "empty", "without pauses", "zeros"],
)
def test_recording_without_pauses_is_not_split(samples: Samples) -> None:
    assert split_at_silences(samples, RATE, SENTENCES[:3]) == (None, None, None)


def test_equal_short_sentences_are_split() -> None:
    word = buzz(0.5, RATE)
    samples = np.concatenate([word, silence(0.6, RATE), word, silence(0.6, RATE), word])
    found = split_at_silences(samples, RATE, ["Light.", "Water.", "Sugar."])
    assert [span.end - span.begin for span in found if span] == pytest.approx(
        [len(word) + 0.08 * RATE, len(word) + 0.16 * RATE, len(word) + 0.08 * RATE], abs=80
    )


@pytest.mark.parametrize("noise_db", [-60, -44, -36])
def test_noise_does_not_hide_pauses(noise_db: float) -> None:
    samples, truth = recording(list(SENTENCES), random.Random(3))
    level = np.sqrt(np.mean(samples[truth[0].begin : truth[0].end] ** 2)) * 10 ** (noise_db / 20)
    noise = np.random.default_rng(1).normal(0, level, len(samples)).astype(np.float32)
    found = split_at_silences(samples + noise, RATE, SENTENCES)
    assert all(span and holds(span, true) for span, true in zip(found, truth, strict=True))


def test_ambiguous_split_is_not_found() -> None:
    part, word, pause = buzz(1.0, RATE), buzz(0.3, RATE), silence(0.4, RATE)
    samples = np.concatenate([part, pause, word, pause, part])
    assert split_at_silences(samples, RATE, ["Plants need light.", "Plants need water."]) == (
        None,
        None,
    )
