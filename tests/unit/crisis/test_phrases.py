"""Phrases of students in danger are found; school topics are not."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from transforms.crisis.phrases import find_care

SENTENCES = tomllib.loads(Path(__file__).with_name("sentences.toml").read_text("utf-8"))


def listed(*groups):
    return [
        pytest.param(category, sentences, id=f"{group}-{category}")
        for group in groups
        for category, sentences in SENTENCES[group].items()
    ]


def misjudged(sentences, level, category):
    """Return the sentences whose finding is another one."""
    found = {sentence: find_care([sentence]) for sentence in sentences}
    return [s for s, f in found.items() if not f or (f.level, f.category) != (level, category)]


@pytest.mark.parametrize(("category", "sentences"), listed("urgent", "obfuscated"))
def test_student_in_danger_is_found(category, sentences):
    assert misjudged(sentences, "urgent", category) == []


@pytest.mark.parametrize(("category", "sentences"), listed("unsure"))
def test_ambiguous_words_get_lesson_and_help(category, sentences):
    assert misjudged(sentences, "unsure", category) == []


@pytest.mark.parametrize(("topic", "sentences"), listed("ordinary"))
def test_school_topic_is_no_finding(topic, sentences):
    assert [sentence for sentence in sentences if find_care([sentence])] == []


def test_interest_is_read_too():
    found = find_care(["Explain fractions", "cutting myself"])
    assert found
    assert found.category == "self_harm"


def test_most_serious_finding_counts():
    found = find_care(["suicide in Hamlet. My dad hits me"])
    assert found
    assert (found.category, found.level) == ("abuse", "urgent")


@pytest.mark.timeout(30)
@pytest.mark.parametrize("text", ["i ", "a", "1", "k-", "k.i.l.l ", "i really "])
def test_repeated_text_is_read_in_time(text):
    assert find_care([text * (8_000 // len(text))]) is None
