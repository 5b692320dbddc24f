"""Every lesson that can be composed: each card, grade and interest."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product
from typing import get_args

import pytest

from tests.every_row import for_all
from tests.unit.script.cards.good_card import GOOD, SOURCE, changed
from tests.unit.script.support import request
from transforms.model import Scene, Script, Visual, VisualKind
from transforms.pictures.picture import picture_labels, read_picture
from transforms.script.cards.concept_card import Card, load_cards, parse_card
from transforms.script.cards.marks import remove_marks
from transforms.script.engines.offline.compose import compose
from transforms.script.engines.offline.scene_pictures import show_pictures, without_beats
from transforms.script.matching.interests import INTERESTS

CARDS = load_cards().cards
EVERY_CARD = for_all(CARDS)
GRADES = (1, 8, 9, 10, 11, 16)  # the ends of each band: the words follow from it alone
SENTENCES = re.compile(r"(?<=[.?!])\s+")


def lesson(card: Card, grade: int, interest: str | None = None) -> Script:
    return compose(card, request(grade_level=grade), INTERESTS[interest] if interest else None)


@EVERY_CARD
def test_lesson_length_is_bounded_without_repeats(card: Card) -> None:
    # Interests change the analogy only, which each band tells alike.
    for grade, interest in {*product((8, 16), (None, *INTERESTS)), *product(GRADES, (None,))}:
        script = lesson(card, grade, interest)
        assert 150 <= script.spoken_words <= 450, (grade, interest, script.spoken_words)
        told = [
            sentence
            for section in script.sections()
            for sentence in SENTENCES.split(section.narration)
        ]
        assert len(told) == len(set(told)), (grade, interest)
        headings = [section.heading for section in script.sections()]
        assert len(headings) == len(set(headings)), headings


@EVERY_CARD
def test_explanations_are_sentences_of_the_narration(card: Card) -> None:
    for grade in (8, 9):
        script = lesson(card, grade)
        told = {
            sentence
            for section in script.sections()
            for sentence in SENTENCES.split(section.narration)
        }
        assert set(script.explanations) <= told
        assert bool(script.explanations) or not card.bands[card.band_of_grade(grade)].terms


@EVERY_CARD
def test_every_lesson_is_complete(card: Card) -> None:
    for grade, interest in product((5, 8, 9, 10, 11, 16), (None, "basketball", "swimming")):
        script = lesson(card, grade, interest)
        assert script.topic == card.title
        assert script.subject == card.subject
        assert script.grade_level == grade
        assert script.sources
        assert len(script.key_takeaways) == 3
        assert len(script.quiz) == 2
        assert len({question.question for question in script.quiz}) == 2
        assert len(script.scenes) >= 5
        for scene in script.scenes:
            assert scene.heading
            assert scene.bullets
            assert scene.visual.kind in get_args(VisualKind)
            if scene.visual.kind in ("quote", "definition", "worked", "picture"):
                assert scene.visual.text
            elif scene.visual.kind != "bullets":
                assert len(scene.visual.items) >= 2
        for question in script.quiz:
            assert 0 <= question.answer < len(question.choices) == 4


@EVERY_CARD
def test_lesson_narrates_all_texts_of_band(card: Card) -> None:
    for grade in (1, 8, 9, 16):
        band = card.bands[card.band_of_grade(grade)]
        told = " ".join(scene.narration for scene in lesson(card, grade).scenes)
        for key, text in band.narrated():
            for sentence in SENTENCES.split(remove_marks(text)):
                assert sentence in told, (grade, key, sentence)
        for term in band.terms:
            assert told.count(remove_marks(term.meaning)) == 1, (grade, term)
        headings = [scene.heading for scene in lesson(card, grade).scenes]
        assert headings == [
            heading
            for key in ("definition", "facts", "process", "analogy", "worked", "misconception")
            if (heading := getattr(band.headings, key))
        ]


def test_term_is_explained_where_it_is_first_used() -> None:
    definition, *_ = lesson(CARDS["newtons-second-law"], 6).scenes
    assert "turn. Net force means what is left when you add up all the pushes" in (
        definition.narration
    )
    assert "mass times acceleration. Acceleration means how quickly" in definition.narration


def test_marks_become_beats_of_a_picture() -> None:
    marked, plain = (
        lesson(card, 6) for card in (CARDS["newtons-second-law"], parse_card(GOOD, SOURCE))
    )
    assert [s.narration for s in marked.scenes] == [s.narration for s in plain.scenes]
    for one, other in zip(marked.scenes, plain.scenes, strict=True):
        assert one.visual.kind == "picture" or one.visual == other.visual
    picture = read_picture(marked.scenes[4].visual.text)
    assert [(beat.sentence, beat.show) for beat in picture.beats] == [
        (1, "push"),
        (1, "rub"),
        (2, "net"),
        (4, "go"),
    ]
    assert "40\u00a0N → (ΣF)" in list(picture.labels())


def test_picture_stays_across_scenes_and_changes() -> None:
    card = CARDS["newtons-second-law"]
    scenes = [Scene("One", "[[push]]A push.", ()), Scene("Two", "[[rub]]Friction. [[push]]Go.", ())]
    band = card.bands["middle"]
    first, second = show_pictures(scenes, card.pictures, band.numbers())
    assert [s.narration for s in (first, second)] == ["A push.", "Friction. Go."]
    at_first, later = (read_picture(scene.visual.text) for scene in (first, second))
    assert at_first.later == ("rub",)
    assert at_first.at_end()["rub"] == 0
    assert at_first.at_end()["cart"] == 1
    assert later.before == ("push",)
    assert [beat.show for beat in later.beats] == ["rub"]
    still = read_picture(without_beats(second.visual).text)
    assert not still.beats
    assert still.at_end() == later.at_end()


@pytest.mark.parametrize(
    ("table", "bullets"),
    [
        (("Myth | Fact", "No | Yes"), ("Myth: No", "Fact: Yes")),
        (("Measure | Rule", "Mean | sum", "Mode | most"), ("Mean: sum", "Mode: most")),
    ],
)
def test_bullets_under_a_picture_are_no_table(
    table: tuple[str, ...], bullets: tuple[str, ...]
) -> None:
    card = CARDS["newtons-second-law"]
    scene = Scene("One", "[[push]]A push.", table[1:], Visual("comparison", items=table))
    numbers = card.bands["middle"].numbers()
    (shown,) = show_pictures([scene], card.pictures, numbers)
    assert shown.bullets == bullets


@EVERY_CARD
def test_pictures_of_a_card_are_drawn(card: Card) -> None:
    shown = [scene.visual for grade in (5, 11) for scene in lesson(card, grade).scenes]
    plotted = any(band.worked and band.worked.plot for band in card.bands.values())
    assert any(visual.kind == "picture" for visual in shown) == bool(card.pictures or plotted)


def test_rows_of_worked_example_become_bars() -> None:
    rows = 'plot = ["Push: {push:g}", "Friction: {friction:g}"]\nplot_caption = "Newtons"'
    card = parse_card(changed(r"formula = 'a = \frac{F_{net}}{m}'", rows), SOURCE)
    worked = lesson(card, 6).scenes[4]
    assert worked.visual.kind == "picture"
    assert picture_labels(worked.visual.text) == ("Newtons", "Push: 50", "Friction: 10")


@pytest.mark.parametrize(
    ("grades", "grade", "band"),
    [
        ((6, 12), 1, "middle"),
        ((6, 12), 8, "middle"),
        ((6, 12), 9, "high"),
        ((6, 12), 16, "high"),
        ((9, 12), 6, "high"),
        ((6, 8), 12, "middle"),
    ],
)
def test_grades_fall_into_bands(grades: tuple[int, int], grade: int, band: str) -> None:
    card = replace(CARDS["newtons-second-law"], grades=grades)
    card = replace(card, middle=card.middle if grades[0] <= 8 else None)
    card = replace(card, high=card.high if grades[1] >= 9 else None)
    assert card.band_of_grade(grade) == band
    assert lesson(card, grade).scenes[0].heading == card.bands[band].headings.definition


def test_quiz_difficulty_follows_grade() -> None:
    card = CARDS["newtons-second-law"]
    levels = {question.question: question.level for question in card.quiz}

    def asked(grade: int) -> list[str]:
        return [levels[question.question] for question in lesson(card, grade).quiz]

    assert asked(6) == ["core", "core"]
    assert asked(9) == ["core", "advanced"]
    assert asked(12) == ["core", "advanced"]
    assert lesson(card, 6).quiz[0] != lesson(card, 9).quiz[0]


def test_interest_with_analogy_shapes_lesson() -> None:
    card = CARDS["newtons-second-law"]
    script = lesson(card, 9, "basketball")
    told = " ".join(section.narration for section in script.sections())
    assert script.title == "Newton's second law for basketball fans"
    assert card.analogies["basketball"] in told
    assert card.analogies["general"] not in told
    assert script.hook.startswith(card.hook)
    assert "basketball" in script.hook


def test_interest_without_analogy_is_omitted() -> None:
    card = CARDS["newtons-second-law"]
    assert "swimming" not in card.analogies
    assert lesson(card, 9, "swimming") == lesson(card, 9)
    assert card.analogies["general"] in " ".join(s.narration for s in lesson(card, 9).scenes)


def test_family_borrows_analogy_in_its_own_words() -> None:
    card = CARDS["newtons-second-law"]
    script = lesson(card, 9, "sports")
    told = " ".join(section.narration for section in script.sections())
    assert script.title == "Newton's second law for sports fans"
    assert f"Take another sport, basketball. {card.analogies['basketball']}" in told
    assert "If you follow basketball" not in told


def test_interest_that_fits_no_analogy_is_neutral() -> None:
    card = CARDS["newtons-second-law"]
    assert lesson(card, 9, "learning") == lesson(card, 9)


def test_every_kind_of_visual_has_its_content() -> None:
    plain = parse_card(GOOD, SOURCE)
    assert plain.high is not None
    cycle = replace(plain.high, process=replace(plain.high.process, kind="cycle"))
    cards = (*CARDS.values(), plain, replace(plain, high=cycle))
    kinds = {scene.visual.kind: scene for card in cards for scene in lesson(card, 12).scenes}
    assert kinds.keys() >= {
        "bullets", "definition", "worked", "cycle", "steps", "process", "comparison", "picture",
        "quote",
    }  # fmt: skip
    assert all(item.count(" | ") == 1 for item in kinds["comparison"].visual.items)
    assert kinds["quote"].visual.text in kinds["quote"].narration


def test_bullets_match_visual() -> None:
    process = lesson(CARDS["newtons-second-law"], 9).scenes[2]
    assert process.bullets == process.visual.items
