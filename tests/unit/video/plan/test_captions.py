"""Tests of `captions`: text that can be read while it is spoken."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from itertools import pairwise
from math import inf
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.video.lessons import ASKING, WORDS, narrate
from transforms.model import Sentence
from transforms.text.drawable_text import clean
from transforms.text.word_ends import word_ends
from transforms.video.plan.captions import (
    LINE_WIDTH,
    MAX_CUT_ERROR,
    MAX_LINES,
    MAX_LINGER_SECONDS,
    READING_SPEED,
    burn_in_captions,
    cues,
)
from transforms.video.plan.storyboard import plan
from transforms.video.plan.timeline import FPS

LONG = (
    "Net force equals mass times acceleration, and that one line is enough to tell how fast "
    "anything from a tennis ball to a rocket will speed up once it is pushed."
)


def width(line: str) -> int:
    return sum(
        0
        if unicodedata.category(c) in ("Mn", "Me", "Cf")
        else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in line
    )


def timed(*texts: str, speed: float = 15.0, pause: float = 0.4) -> list[Sentence]:
    spoken, at = [], 0.5
    for text in texts:
        end = at + max(0.3, len(text) / speed)
        spoken.append(Sentence(text, at, end, 0))
        at = end + pause
    return spoken


def test_long_sentence_is_split_at_its_phrases() -> None:
    texts = [cue.text for cue in cues(timed(LONG), 60)]
    assert texts == [
        "Net force equals mass times acceleration,\nand that one line is enough to tell",
        "how fast anything from a tennis ball to\na rocket will speed up once it is pushed.",
    ]


def test_line_does_not_end_in_a_connective() -> None:
    (cue,) = cues(timed("Suppose a trolley has a mass of twelve kilograms."), 60)
    assert cue.text == "Suppose a trolley has a mass\nof twelve kilograms."


@pytest.mark.parametrize(
    ("cluster", "in_a_line"),
    [
        ("x", 42), ("漢", 21), ("\uff21", 21), ("한", 21), ("x\u0302", 42), ("กิ", 42), ("नु", 42),
        ("x\u20dd", 42), ("👍🏽", 10), ("👩\u200d🔬", 10),
    ],
    ids=[
        "letter", "ideograph", "fullwidth letter", "hangul", "accent that does not compose",
        "vowel sign of Thai", "vowel sign of Hindi", "enclosing mark", "modified emoji",
        "joined emoji",
    ],
)  # fmt: skip
def test_line_holds_clusters_by_display_width(cluster: str, in_a_line: int) -> None:
    (full,) = cues([Sentence(cluster * 2 * in_a_line, 0, 9, 0)], 9)
    assert full.text == f"{cluster * in_a_line}\n{cluster * in_a_line}"
    more = cues([Sentence(cluster * (2 * in_a_line + 1), 0, 9, 0)], 9)
    assert len(more) == 2
    for line in "\n".join(cue.text for cue in more).split("\n"):
        assert line == cluster * (len(line) // len(cluster))


@pytest.mark.parametrize("letter", ["\u1100", "क्", "\u0d4e"], ids=["jamo", "conjunct", "prepend"])
def test_endless_cluster_is_split_into_lines(letter: str) -> None:
    text = f"First {letter * 200} and then some more words that follow."
    found = cues([Sentence(text, 0, 30, 0)], 30)
    lines = [line for cue in found for line in cue.text.split("\n")]
    assert max(map(width, lines)) <= LINE_WIDTH
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_cue_inside_sentence_begins_with_its_word() -> None:
    text = f"{'one ' * 15}two, three {'four ' * 15}five."
    # Half of the time passes in "two,".
    words = [*range(15), 15, *(30 + at for at in range(17))]
    sentence = Sentence(text, 2.0, 48.0, 0, tuple(map(float, words)))
    first, second = cues([sentence], 50)
    before = len(first.text.split())
    assert second.start == pytest.approx(2.0 + words[before], abs=MAX_CUT_ERROR + 1e-6)
    assert second.start != pytest.approx(2.0 + 46 * before / len(words), abs=1)


TWO_PIECES = f"{'a' * 40} {'b' * 30}. {'c' * 20} {'d' * 20}."


@pytest.mark.parametrize(
    ("said_in", "pause", "shown_for"),
    [
        (1.0, 9.0, 1.6),  # it may linger 0.6 s, no longer
        (5.4, 9.0, 5.7),  # 114 characters at 20 a second
        (6.0, 9.0, 6.0),  # slow enough
        (1.0, 0.4, 1.4),  # up to the next sentence
        (1.0, 0.0, 1.0),
    ],
)
@pytest.mark.parametrize("last", [False, True], ids=["before another", "before the end"])
def test_fast_sentence_is_shown_into_its_pause(
    said_in: float, pause: float, shown_for: float, last: bool
) -> None:
    spoken = [Sentence(TWO_PIECES, 0.5, 0.5 + said_in, 0)]
    after = 0.5 + said_in + pause
    spoken += [] if last else [Sentence("And so on.", after, after + 3, 0)]
    first, second, *_ = cues(spoken, after if last else after + 3)
    pieces = [len(cue.text.replace("\n", " ")) for cue in (first, second)]
    assert pieces == [72, 42]
    assert first.start == 0.5
    assert first.end == second.start == pytest.approx(0.5 + shown_for * 72 / 114)
    assert second.end == pytest.approx(0.5 + shown_for)  # no second 0.6 s on top
    assert first.spoken == pytest.approx(min(first.end, 0.5 + said_in))
    assert second.spoken == pytest.approx(max(second.start, 0.5 + said_in))


def test_piece_after_sound_is_spoken_at_start() -> None:
    text = f"{'a' * 40} {'b' * 41}. " * 4
    found = cues([Sentence(text, 1.0, 1.1, 0)], 9)
    assert len(found) == 4
    assert all(cue.start <= cue.spoken <= cue.end for cue in found)
    assert found[-1].spoken == found[-1].start > 1.1
    assert found[-1].end == pytest.approx(1.7)  # 0.6 s after the sound


@pytest.mark.parametrize(
    ("text", "said_in", "pause", "shown_for"),
    [
        ("Yes!", 0.2, 9.0, 0.8),  # 0.6 s after its sound
        ("Yes!", 0.7, 9.0, 1.0),  # a second
        ("Yes!", 1.4, 9.0, 1.4),
        ("Yes!", 0.2, 0.5, 0.7),  # no overlap
        ("Yes!", 1.4, 0.19, 1.59),  # a gap that flickers is closed
        ("Yes!", 1.4, 0.21, 1.4),
        ("漢" * 20, 1.5, 9.0, 2.0),  # 40 wide at 20 a second
        ("นุ" * 20, 1.2, 9.0, 1.2),  # 20 wide
    ],
)
@pytest.mark.parametrize("last", [False, True], ids=["before another", "before the end"])
def test_short_cue_is_extended_for_slow_readers(
    text: str, said_in: float, pause: float, shown_for: float, last: bool
) -> None:
    spoken, after = [Sentence(text, 2.0, 2.0 + said_in, 0)], 2.0 + said_in + pause
    spoken += [] if last else [Sentence("And so on.", after, after + 3, 0)]
    cue = cues(spoken, after if last else after + 3)[0]
    assert cue.end - cue.start == pytest.approx(shown_for)


def test_sentence_without_duration_has_no_cue() -> None:
    spoken = [Sentence("Lost.", 1.0, 1.0, 0), Sentence("Next.", 1.0, 2.0, 0)]
    assert [cue.text for cue in cues(spoken, 2.0)] == ["Next."]


def test_cues_start_and_end_with_their_sentence() -> None:
    spoken = timed(LONG, "Short.", LONG)
    found = cues(spoken, 60)
    starts = [cue.start for cue in found]
    for sentence in spoken:
        assert min(abs(start - sentence.start) for start in starts) < 1e-6
        assert any(sentence.end - 1e-6 <= cue.end <= sentence.end + 0.7 for cue in found), sentence


def test_short_sentence_is_shown_long_enough_to_read() -> None:
    first, second = cues(timed("Yes!", "No.", pause=3.0), 60)
    assert first.end - first.start >= 0.8
    assert first.end < second.start


def test_reading_speed_is_kept_where_the_pause_allows() -> None:
    spoken = timed("This is said far too fast to read.", "Next.", speed=30, pause=1.0)
    first = cues(spoken, 60)[0]
    assert len(first.text) / (first.end - first.start) <= READING_SPEED + 1e-6


def test_short_gap_between_cues_is_closed() -> None:
    first, second = cues(timed("This one is quite all right.", "And so on.", pause=0.1), 60)
    assert first.end == second.start


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.lists(st.sampled_from(LONG.split()), min_size=1, max_size=30), min_size=1,
             max_size=3),
    st.floats(8, 30),
)  # fmt: skip
def test_cue_is_readable_or_stays_as_long_as_allowed(
    sentences: list[list[str]], speed: float
) -> None:
    spoken = timed(*(" ".join(words) for words in sentences), speed=speed, pause=0.8)
    shown = cues(spoken, spoken[-1].end + 1)
    for sentence, until in zip(spoken, [*(s.start for s in spoken[1:]), inf], strict=True):
        own = [cue for cue in shown if sentence.start <= cue.start < until]
        stays = own[-1].end - sentence.end >= MAX_LINGER_SECONDS - 1e-6
        fastest = max(len(cue.text) / (cue.end - cue.start) for cue in own)
        assert stays or fastest <= READING_SPEED + 1e-6, own


def test_burned_in_captions_match_their_cues(tmp_path: Path) -> None:
    narration = narrate(ASKING, tmp_path / "narration.m4a")
    board = plan(ASKING, narration, narration.duration)
    captions = cues(narration.sentences, board.frames / FPS)
    shown = burn_in_captions(board, captions)
    assert [replace(shot, captions=()) for shot in shown.shots] == list(board.shots)
    for shot in shown.shots:
        frames = [frame for frame, _ in shot.captions]
        assert frames == sorted(set(frames))
        assert all(0 <= frame < shot.length for frame in frames)
        for frame in range(0, shot.length - 1, 7):
            now = (shot.start + frame) / FPS
            here = [text for since, text in shot.captions if since <= frame][-1:] or [""]
            wanted = [c.text for c in captions if c.start - 1e-6 <= now < c.end - 1e-6] or [""]
            near = [c for c in captions if min(abs(now - c.start), abs(now - c.end)) <= 2 / FPS]
            assert near or here == wanted


@pytest.mark.parametrize("language", WORDS)
def test_text_of_every_script_is_split(language: str) -> None:
    text = " ".join([WORDS[language]] * 6)
    found = cues(timed(text), 120)
    assert len(found) > 1
    assert "".join(cue.text.replace("\n", "") for cue in found).replace(" ", "") == text.replace(
        " ", ""
    )


@settings(max_examples=80)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=200),
            st.text("ab ,.漢", max_size=300),
            st.lists(st.sampled_from(LONG.split()), max_size=60).map(" ".join),
        ),
        max_size=4,
    ),
    st.floats(5, 40),
)
def test_captions_always_fit_and_never_overlap(texts: list[str], speed: float) -> None:
    spoken = timed(*texts, speed=speed)
    duration = spoken[-1].end + 0.5 if spoken else 1.0
    found = cues(spoken, duration)
    for cue in found:
        lines = cue.text.split("\n")
        assert 1 <= len(lines) <= MAX_LINES
        assert all(0 < width(line) <= LINE_WIDTH for line in lines)
        assert 0 <= cue.start < cue.end <= duration
    assert all(a.end <= b.start + 1e-9 for a, b in pairwise(found))
    said = "".join(cue.text for cue in found).replace("\n", "").replace(" ", "")
    assert said == "".join(clean(text) for text in texts).replace(" ", "")


def test_captions_break_between_words_without_spaces() -> None:
    text = "物体加速度的大小跟作用力成正比，跟物体的质量成反比，加速度的方向跟作用力的方向相同。"
    found = cues(timed(text * 3), 120, language="zh-CN")
    lines = [line for cue in found for line in cue.text.split("\n")]
    assert len(lines) > 3
    ends = word_ends(text * 3, "zh-CN")
    assert {len("".join(lines[:n])) for n in range(1, len(lines) + 1)} <= ends
