"""Tests of loading cards: computed numbers, errors with file and key, digest."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from tests.unit.script.cards.good_card import GOOD, SOURCE, changed
from transforms.script.cards.concept_card import CardError, load_cards, parse_card, read_library


def test_numbers_of_example_are_computed() -> None:
    middle = parse_card(changed("push = 50", "push = 70"), SOURCE).middle
    assert middle is not None
    assert middle.worked is not None
    assert middle.worked.text[1] == "That leaves a net force of 60 newtons."
    assert "divide 60 by 20 and get 3" in middle.worked.text[2]
    assert middle.worked.bullets[2] == "After 2 s: 6 m/s"


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('title = "Newton\'s second law"', "", "title"),
        ('title = "', 'titel = "x"\ntitle = "', "titel"),
        ('subject = "physics"', 'subject = "astrology"', "subject"),
        ("grades = [6, 12]", "grades = [12, 6]", "grades"),
        ("grades = [6, 12]", "grades = [6]", "grades"),
        ('id = "newtons-second-law"', 'id = "Newton 2"', "id"),
        ('id = "newtons-second-law"', 'id = "newtons-4th-law"', "id"),
        ("[high.definition]", "[high.definiton]", "high.definiton"),
        ("[middle.definition]", "[definition]", "definition"),
        ("grades = [6, 12]", "grades = [6, 8]", "high"),
        ("grades = [6, 12]", "grades = [9, 12]", "middle"),
        ('level = "advanced"', 'level = "core"', "quiz"),
        ('level = "core"', 'level = "hard"', "quiz.0.level"),
        ('kind = "steps"', 'kind = "collage"', "middle.process.kind"),
        ('kind = "steps"', 'kind = "comparison"', "middle.process.labels"),
        ('kind = "steps"', 'kind = "timeline"', "middle.process.labels"),
        ('labels = ["List the pushes and pulls", ', "labels = [", "middle.process.labels"),
        (
            'bullets = ["Double the force',
            'bullets = ["x", "Double the force',
            "middle.facts.bullets",
        ),
        ('"Myth: ', '"Wrong: ', "misconception.bullets"),
        ("general = ", "everybody = ", "analogies.general"),
        ("answer = 1", "answer = 4", "quiz.0.answer"),
        ('choices = ["It stays the same", ', "choices = [", "quiz.0.choices"),
        ('"It stays the same", "It doubles"', '"It doubles", "It doubles"', "quiz.0.choices"),
        ('net = "push - friction"', 'net = "push - frictoin"', "middle.worked"),
        ("{net:g}", "{nett:g}", "middle.worked"),
        ("formula = ", 'plot = ["a: 1", "b: 2"]\nformula = ', "middle.worked.plot"),
        ("A net force changes how things move", "In a nutshell", "middle.headings.definition"),
        ("More mass needs more force", "Steady speed means the forces cancel out", "headings"),
        ("More mass needs more force", "More mass needs more force " * 2, "headings.analogy"),
        ('worked = "50 newtons', '# worked = "50 newtons', "middle.headings.worked"),
        ('term = "mass"', 'term = "weight"', "middle.terms.1"),
        ('meaning = "Mass means', 'meaning = "It means', "middle.terms.1.meaning"),
        ('url = "https://', 'url = "http://', "sources.0.url"),
        ('hook = "', 'hook = " ', "hook"),
        ('hook = "', "hook = ", "line"),
    ],
)
def test_error_names_file_and_key(old: str, new: str, key: str) -> None:
    with pytest.raises(CardError) as caught:
        parse_card(changed(old, new), SOURCE)
    assert str(caught.value).startswith(f"{SOURCE}: ")
    assert key in str(caught.value)


def test_digest_changes_with_any_byte(tmp_path: Path) -> None:
    (tmp_path / "physics").mkdir()
    file = tmp_path / SOURCE
    file.write_text(changed('distinct_from = ["newtons-first-law", ', "distinct_from = [") + "\n")
    text = file.read_text().replace(
        'distinct_from = ["newtons-third-law", "acceleration"]', "distinct_from = []"
    )
    file.write_text(text)
    first = read_library(tmp_path)
    assert first.cards.keys() == {"newtons-second-law"}
    assert read_library(tmp_path).digest == first.digest
    file.write_text(text + "# a comment\n")
    assert read_library(tmp_path).digest != first.digest


def test_distinct_from_must_name_a_card(tmp_path: Path) -> None:
    (tmp_path / "physics").mkdir()
    (tmp_path / SOURCE).write_text(GOOD)
    with pytest.raises(CardError, match="distinct_from: 'newtons-first-law' is not another card"):
        read_library(tmp_path)


def test_shipped_cards_are_read_once() -> None:
    assert load_cards() is load_cards()
    assert len(load_cards().digest) == 64


def test_shipped_cards_follow_the_rules() -> None:
    """A process that loads them does not check them again."""
    root = resources.files("transforms.script.cards")
    assert read_library(root) == load_cards()
