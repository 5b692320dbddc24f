"""Tests of recognizing an interest in free text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.every_row import for_all
from transforms.script.matching.interests import INTERESTS, find_interest


@for_all(
    [
        ("basketball", "basketball"),
        ("NBA", "basketball"),
        ("the NBA", "basketball"),
        ("playing basketball", "basketball"),
        ("Basketbal", "basketball"),
        ("I love watching basketball with my dad", "basketball"),
        ("soccer", "soccer"),
        ("Soccor", "soccer"),
        ("football (soccer)", "soccer"),
        ("Premier League", "soccer"),
        ("music", "music"),
        ("playing the guitar", "music"),
        ("hip-hop", "music"),
        ("K-pop", "music"),
        ("Cooking", "cooking"),
        ("baking", "cooking"),
        ("video games", "gaming"),
        ("Gaming", "gaming"),
        ("Minecraft", "gaming"),
        ("art", "art"),
        ("drawing", "art"),
        ("dancing", "dance"),
        ("cars", "cars"),
        ("Formula 1", "cars"),
        ("animals", "animals"),
        ("my dog", "animals"),
        ("space", "space"),
        ("fashion", "fashion"),
        ("movies", "movies"),
        ("running", "running"),
        ("swimming", "swimming"),
        ("SWIMING", "swimming"),
        ("  🏀 basketball 🏀 ", "basketball"),
    ],
)
def test_interest_is_found(text: str, name: str) -> None:
    found = find_interest(text)
    assert found is not None
    assert found.name == name


@for_all(
    [
        "",
        "general",
        "football",
        "American football",
        "cricket",
        "skateboarding",
        "martial arts",
        "language arts",
        "rock climbing",
        "running a business",
        "food chemistry",
        "pop psychology",
        "<script>alert(1)</script>",
        "knitting",
        "バスケットボール",
    ],
)
def test_other_text_names_no_interest(text: str) -> None:
    assert find_interest(text) is None


@given(st.text(max_size=100))
def test_any_text_is_accepted(text: str) -> None:
    found = find_interest(text)
    assert found is None or INTERESTS[found.name] is found
