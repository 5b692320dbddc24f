"""Tests of loading cards: computed numbers, errors with file and key, digest."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from transforms.script.cards.concept_card import CardError, load_cards, parse_card, read_library

SOURCE = "physics/newtons-second-law.toml"
GOOD = (resources.files("transforms.script") / "cards" / SOURCE).read_text("utf-8")


def changed(old: str, new: str) -> str:
    """Return the text of a valid card with one replacement."""
    assert GOOD.count(old) >= 1, old
    return GOOD.replace(old, new, 1)


def test_numbers_of_example_are_computed() -> None:
    card = parse_card(changed("push = 50", "push = 70"), SOURCE)
    assert card.worked is not None
    assert "The net force is 60 newtons forward." in card.worked.text[0]
    assert "the acceleration is 3 meters per second squared" in card.worked.text[1]
    assert card.worked.bullets[2] == "After 2 s: 6 m/s"


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
        ('simple = "', 'simpel = "x"\nsimple = "', "definition.simpel"),
        ('level = "core"', 'level = "hard"', "facts.0.level"),
        ('level = "advanced"', 'level = "core"', "facts"),
        ('kind = "steps"', 'kind = "collage"', "process.kind"),
        ('kind = "steps"', 'kind = "comparison"', "process.labels"),
        ('kind = "steps"', 'kind = "timeline"', "process.labels"),
        ('labels = ["List the forces on it", ', "labels = [", "process.labels"),
        ('"Myth: ', '"Wrong: ', "misconception.bullets"),
        ("general = ", "everybody = ", "analogies.general"),
        ("answer = 1", "answer = 4", "quiz.0.answer"),
        ('choices = ["It stays the same", ', "choices = [", "quiz.0.choices"),
        ('"It stays the same", "It doubles"', '"It doubles", "It doubles"', "quiz.0.choices"),
        ('net = "push - friction"', 'net = "push - frictoin"', "worked"),
        ("{net:g}", "{nett:g}", "worked"),
        ("formula = ", 'plot = ["a: 1", "b: 2"]\nformula = ', "worked.plot"),
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
