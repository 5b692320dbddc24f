"""Tests of `storyboard`: shots cover a lesson without gaps."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from tests.unit.video.lessons import ASKING, HOSTILE, LESSON, lesson_of, narrate
from transforms.model import Narration, Scene, Script, Visual
from transforms.video.plan.pages import element_texts
from transforms.video.plan.storyboard import END_CARD_DELAY, Storyboard, plan
from transforms.video.plan.timeline import FPS, change_points


def board(script: Script, tmp_path: Path, *, tail: float = 1.6) -> tuple[Storyboard, Narration]:
    narration = narrate(script, tmp_path / "narration.m4a", tail=tail)
    return plan(script, narration, narration.duration), narration


def check(found: Storyboard) -> None:
    assert found.shots[0].start == 0
    assert found.shots[-1].start + found.shots[-1].length == found.frames
    for one, other in pairwise(found.shots):
        assert one.start + one.length == other.start
    for shot in found.shots:
        assert len(shot.reveals) == sum(len(group) for group in element_texts(shot.page))
        assert all(0 <= reveal < shot.length for reveal in shot.reveals)
    assert found.chapters[0].start == 0
    assert found.chapters[-1].end == found.frames
    for chapter, following in pairwise(found.chapters):
        assert chapter.end == following.start


def test_every_section_has_a_shot_and_a_chapter(tmp_path: Path) -> None:
    found, narration = board(LESSON, tmp_path)
    check(found)
    assert [shot.page.kind for shot in found.shots] == [
        "title",
        "scene",
        "scene",
        "takeaways",
        "end",
    ]
    assert [chapter.title for chapter in found.chapters] == [
        "Newton’s second law",
        "Force makes mass accelerate",
        "The law in one line",
        "Key takeaways",
    ]
    for chapter, (start, _) in zip(found.chapters, narration.sections, strict=True):
        assert abs(chapter.start / FPS - start) <= 0.5 / FPS
    assert found.frames == round(narration.duration * FPS)


def test_labels_show_the_position_in_the_lesson(tmp_path: Path) -> None:
    found, _ = board(LESSON, tmp_path)
    assert [shot.page.label for shot in found.shots] == [
        "Physics · Grade 8",
        "Physics · 1 of 2",
        "Physics · 2 of 2",
        "Physics",
        "",
    ]
    german, _ = board(replace(LESSON, language="de"), tmp_path)
    assert [shot.page.label for shot in german.shots] == ["", "1 / 2", "2 / 2", "", ""]


def test_bullets_appear_as_they_are_spoken(tmp_path: Path) -> None:
    found, narration = board(LESSON, tmp_path)
    shot = found.shots[1]
    _, doubled, halved = (s for s in narration.sentences if s.section == 1)
    for reveal, sentence in zip(shot.reveals, (doubled, halved), strict=True):
        assert 0 <= sentence.start - (shot.start + reveal) / FPS <= 0.25


def test_end_card_follows_the_last_word(tmp_path: Path) -> None:
    found, narration = board(LESSON, tmp_path)
    card = found.shots[-1]
    assert card.page.kind == "end"
    assert card.start / FPS >= narration.sentences[-1].end + END_CARD_DELAY - 1 / FPS
    assert card.page.lines[0] == "Sources: A school book & its <index>"
    assert card.page.lines[1] == "Voice: a tone"


def test_lesson_without_final_silence_has_no_end_card(tmp_path: Path) -> None:
    found, _ = board(LESSON, tmp_path, tail=0.0)
    check(found)
    assert found.shots[-1].page.kind == "takeaways"


def test_answer_follows_the_question_after_thinking_time(tmp_path: Path) -> None:
    found, narration = board(ASKING, tmp_path)
    check(found)
    quiz, answer = found.shots[-3:-1]
    assert (quiz.page.kind, answer.page.kind) == ("quiz", "answer")
    assert (quiz.clears, answer.clears) == (False, True)
    assert quiz.page.heading == answer.page.heading == ASKING.quiz[0].question
    assert [chapter.title for chapter in found.chapters][-2:] == ["Key takeaways", "Quick check"]
    said = [s for s in narration.sentences if s.section == quiz.section]
    choices, ticks = quiz.reveals[:4], quiz.reveals[4:]
    for reveal, sentence in zip(choices, said[1:], strict=True):
        assert 0 <= sentence.start - (quiz.start + reveal) / FPS <= 0.25
    thinking = [(quiz.start + tick) / FPS - said[-1].end for tick in ticks]
    assert thinking[:3] == pytest.approx([0, 1, 2], abs=0.05)
    assert 0 < answer.reveals[0] < FPS
    assert answer.reveals[1] > answer.reveals[0]


def test_choice_appears_when_it_is_read(tmp_path: Path) -> None:
    question = replace(ASKING.quiz[0], question="Is it up or down?", choices=("Up", "Down"))
    found, narration = board(replace(ASKING, quiz=(question,)), tmp_path)
    quiz = found.shots[-3]
    said = [s.start for s in narration.sentences if s.text in ("A: Up.", "B: Down.")]
    for reveal, start in zip(quiz.reveals, said, strict=False):
        assert 0 <= start - (quiz.start + reveal) / FPS <= 0.25


def test_opening_card_fills_silence_before_first_word(tmp_path: Path) -> None:
    narration = narrate(LESSON, tmp_path / "narration.m4a")
    moved = replace(
        narration,
        duration=narration.duration + 2.4,
        sections=tuple((a + 2.4 * (a > 0), b + 2.4) for a, b in narration.sections),
        sentences=tuple(
            replace(s, start=s.start + 2.4, end=s.end + 2.4) for s in narration.sentences
        ),
    )
    found = plan(LESSON, moved, moved.duration, intro="A school")
    check(found)
    assert [shot.page.kind for shot in found.shots][:2] == ["intro", "title"]
    assert found.shots[0].page.heading == "A school"
    assert found.shots[0].length / FPS >= 1.5
    assert found.shots[1].start / FPS < moved.sentences[0].start
    assert found.chapters[0].title == LESSON.title
    without = plan(LESSON, narration, narration.duration, intro="A school")
    assert without.shots[0].page.kind == "title"


def test_bullets_that_repeat_the_visual_are_dropped(tmp_path: Path) -> None:
    scene = Scene("Steps", "One. Two.", ("One", "Two"), Visual("steps", "", ("One", "Two")))
    found, _ = board(replace(LESSON, scenes=(scene,)), tmp_path)
    assert element_texts(found.shots[1].page) == ((), ("One", "Two"))


def test_section_of_zero_length_has_no_shot(tmp_path: Path) -> None:
    narration = narrate(LESSON, tmp_path / "narration.m4a")
    first, _, third, last = narration.sections
    end = first[1]
    squeezed = replace(narration, sections=(first, (end, end), (end, third[1]), last))
    found = plan(LESSON, squeezed, narration.duration)
    check(found)
    assert [shot.section for shot in found.shots if shot.page.kind != "end"] == [0, 2, 3]


def test_silent_section_reveals_elements_evenly(tmp_path: Path) -> None:
    narration = replace(narrate(LESSON, tmp_path / "narration.m4a"), sentences=())
    found = plan(LESSON, narration, narration.duration)
    check(found)
    assert found.shots[1].reveals[0] == 0
    assert found.shots[1].reveals[1] == pytest.approx(found.shots[1].length / 2, abs=10)


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_text_becomes_a_valid_storyboard(case: str, tmp_path: Path) -> None:
    found, _ = board(lesson_of(HOSTILE[case]), tmp_path)
    check(found)
    assert all(chapter.title for chapter in found.chapters)


@pytest.mark.parametrize("shift", [1 / 24000, 400 / 24000, 799 / 24000, 0.0417, 1.0, 1.51])
def test_shot_does_not_depend_on_its_position(shift: float, tmp_path: Path) -> None:
    found, narration = board(LESSON, tmp_path)
    longer = replace(
        narration,
        duration=narration.duration + shift,
        sections=tuple(
            (a + shift * (i > 0), b + shift) for i, (a, b) in enumerate(narration.sections)
        ),
        sentences=tuple(
            replace(s, start=s.start + shift, end=s.end + shift) if s.section else s
            for s in narration.sentences
        ),
    )
    moved = plan(LESSON, longer, longer.duration)
    check(moved)
    for one, other in zip(found.shots[1:], moved.shots[1:], strict=True):
        assert {one.still, other.still} <= {0, 1}
        assert one.length - one.still == other.length - other.still
        assert replace(one, start=0, length=0, still=0) == replace(
            other, start=0, length=0, still=0
        )


def test_change_rate_does_not_grow_with_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.unit.video.lessons.write_tone", lambda *_: None)
    pictures = {}
    for times in (2, 42):
        found, _ = board(replace(LESSON, scenes=LESSON.scenes * times), tmp_path)
        changes = (
            change_points(shot.reveals, shot.length, shot.progress, clears=shot.clears)
            for shot in found.shots
        )
        pictures[times] = found.frames / FPS / 60, sum(map(len, changes))
    minutes, changes_of_all = pictures[42]
    assert minutes > 14.9
    assert changes_of_all / minutes < pictures[2][1] / pictures[2][0]
