"""Tests of `wording`: numbers and times as text."""

from __future__ import annotations

import re
from datetime import timedelta
from importlib.resources import files

import pytest

from pipeline.report import wording
from tests.reports import NOON


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 ms"), (0.0042, "4 ms"), (0.25, "0.25 s"), (9.44, "9.4 s"), (54.2, "54 s"),
     (200, "3 min"), (7200, "2.0 h")],
)  # fmt: skip
def test_seconds_have_two_or_three_digits(value, text):
    assert wording.seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "$0"), (0.0000004, "< $0.00001"), (0.00026, "$0.00026"), (12.5, "$12.50"),
     (12345.678, "$12,345.68")],
)  # fmt: skip
def test_dollars_show_fractions_of_a_cent(value, text):
    assert wording.dollars(value) == text


def test_only_exact_whole_shows_hundred_percent():
    assert wording.percent(1.0) == "100 %"
    assert wording.percent(0.99999) == "99.9 %"
    assert wording.percent(2 / 3) == "66.7 %"
    assert wording.percent(0) == "0 %"
    assert wording.percent(4 / 7) == "57.1 %"


def test_span_does_not_repeat_the_day():
    assert wording.span(NOON, NOON + timedelta(seconds=75)) == "4 May 2026, 12:00:00 – 12:01:15 UTC"
    assert wording.span(NOON, NOON + timedelta(days=1)).count("May") == 2


@pytest.mark.parametrize(("value", "text"), [(7, "7 B"), (95_000, "95 KB"), (3.8e6, "3.8 MB")])
def test_size_uses_powers_of_1000(value, text):
    assert wording.size(int(value)) == text


@pytest.mark.parametrize(
    ("language", "expected"),
    [("ar", "rtl"), ("he-IL", "rtl"), ("az-Arab", "rtl"), ("en-US", "ltr")],
)
def test_direction_follows_the_language(language: str, expected: str) -> None:
    assert wording.direction(language) == expected


def test_text_in_language_of_lesson_states_its_direction() -> None:
    tags = [
        tag
        for package in ("pipeline.report", "pipeline.serve")
        for file in files(package).joinpath("page").iterdir()
        if file.name.endswith(".j2")
        for tag in re.findall(r'<\w+ [^>]*\blang="{{[^>]*>', file.read_text())
    ]
    assert len(tags) >= 3
    assert [tag for tag in tags if 'dir="{{' not in tag] == []
