"""Tests of `caption_files`: captions that players read as they were written."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from tests.unit.video.plan.test_captions import LONG, timed
from transforms.video.plan.caption_files import srt, webvtt
from transforms.video.plan.captions import Cue, cues


@pytest.mark.parametrize(
    ("cue", "written"),
    [
        (
            Cue(1.0, 3.0, "one two\nthree", spoken=2.2),
            "one <00:00:01.400>two\n<00:00:01.700>three",
        ),
        (
            Cue(0.0, 3.0, "漢a x\u0302y z", spoken=2.0),
            "漢<00:00:00.500>a <00:00:01.000>x\u0302y <00:00:01.750>z",
        ),
        (Cue(1.0, 3.0, "no time", spoken=1.0), "no time"),
        (Cue(1.0, 2.0, "at the end", spoken=3.0), "at <00:00:01.600>the end"),
    ],
    ids=["lines", "wide and combining", "no time between words", "no time left"],
)
def test_word_time_follows_from_the_width_before_it(cue: Cue, written: str) -> None:
    assert webvtt([cue], "en-US", words=True).splitlines()[4:] == written.split("\n")


def test_webvtt_with_words_times_every_word() -> None:
    spoken = timed(LONG, "牛顿第二定律 & <F=ma>", "Word.")
    captions = cues(spoken, 60)
    plain, timed_words = (webvtt(captions, "en-US", words=words) for words in (False, True))
    assert re.sub(r"<[\d:.]+>", "", timed_words) == plain
    for block, cue in zip(timed_words.split("\n\n")[1:], captions, strict=True):
        clocks = re.findall(r"<(\d+):(\d+):(\d+\.\d+)>", block)
        times = [int(h) * 3600 + int(m) * 60 + float(s) for h, m, s in clocks]
        words = len(cue.text.split())
        assert len(times) >= words - 1
        assert all(a < b for a, b in pairwise([cue.start, *times, cue.end]))
        assert all(time <= cue.spoken for time in times)


def test_webvtt_escapes_markup() -> None:
    written = webvtt([Cue(0.0, 3661.5, "a < b & c --> d\n<i>x</i>")], "en-US")
    assert written == (
        "WEBVTT\n\n1\n00:00:00.000 --> 01:01:01.500\n"
        "a &lt; b &amp; c --&gt; d\n&lt;i&gt;x&lt;/i&gt;\n"
    )


def test_webvtt_without_cues_has_its_header() -> None:
    assert webvtt([], "en-US").startswith("WEBVTT\n")


def test_srt_numbers_cues_and_keeps_text() -> None:
    found = srt([Cue(0.0, 1.25, "a < b & c"), Cue(1.25, 3661.5, "second\nline")], "en-US")
    assert found == (
        "1\n00:00:00,000 --> 00:00:01,250\na < b & c\n\n"
        "2\n00:00:01,250 --> 01:01:01,500\nsecond\nline\n"
    )


@pytest.mark.parametrize("tag", ["<i>", "</b>", "{i}", r"{\an8}"])
def test_srt_shows_tags_as_text(tag: str) -> None:
    shown = srt([Cue(0.0, 1.0, f"write {tag} here")], "en-US").split("\n")[2]
    assert tag not in shown
    assert shown.replace("\u2060", "") == f"write {tag} here"


@pytest.mark.parametrize(
    ("language", "line", "written"),
    [
        ("ar", "NaCl هو ملح الطعام.", "\u200fNaCl هو ملح الطعام.\u200f"),
        ("he-IL", "12 מטרים", "\u200f12 מטרים\u200f"),
        ("he", "F = ma (1687)", "F = ma (1687)"),
        ("en-US", "العربية is a language.", "\u200eالعربية is a language."),
        ("en-US", "Say שלום.", "Say שלום."),
    ],
)
def test_every_format_marks_direction_of_lines(language: str, line: str, written: str) -> None:
    captions = [Cue(0.0, 2.0, f"{line}\n{line}", spoken=2.0)]
    for text in (webvtt(captions, language), srt(captions, language)):
        assert text.rstrip("\n").split("\n")[-2:] == [written, written]
    timed_words = webvtt(captions, language, words=True)
    assert re.sub(r"<[\d:.]+>", "", timed_words).rstrip("\n").split("\n")[-2:] == [written] * 2
