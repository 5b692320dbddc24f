"""Tests of recognizing an interest in free text."""

from __future__ import annotations

import pytest
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


COMMON = """
    basketball, soccer, football, american football, baseball, softball, volleyball, tennis,
    golf, hockey, lacrosse, rugby, cricket, track and field, swimming, gymnastics,
    cheerleading, wrestling, boxing, karate, martial arts, skateboarding, surfing,
    snowboarding, skiing, ice skating, cycling, biking, hiking, camping, fishing, hunting,
    rock climbing, yoga, running, weightlifting, dance, ballet, hip hop, music, singing,
    guitar, piano, drums, violin, kpop, taylor swift, rap, concerts, art, drawing, painting,
    photography, sculpture, pottery, knitting, crochet, sewing, crafts, lego, origami,
    reading, writing, poetry, books, manga, anime, comics, marvel, star wars, harry potter,
    disney, movies, tv shows, netflix, youtube, tiktok, theater, acting, video games,
    minecraft, fortnite, roblox, pokemon, board games, chess, puzzles, dungeons and dragons,
    magic tricks, card games, cooking, baking, food, pizza, cars, motorcycles, trucks,
    trains, airplanes, racing, formula 1, space, astronomy, robots, robotics, coding,
    computers, technology, engineering, science, dinosaurs, animals, dogs, cats, horses,
    birds, insects, sharks, ocean, nature, gardening, plants, fashion, makeup, shopping,
    sneakers, history, politics, travel, languages, business, money, stocks, psychology,
    math, mythology, true crime, podcasts, volunteering, farming, babysitting, social media,
    skincare, nail art, interior design, parkour, bowling
"""
"""Interests that students name most, as a survey of a class would list them."""


@pytest.mark.parametrize("phrase", ["{}", "I love {}", "{} fan", "I'm really into {}!"])
def test_common_interests_are_found(phrase: str) -> None:
    common = [" ".join(name.split()) for name in COMMON.split(",")]
    assert len(common) > 140
    assert [name for name in common if find_interest(phrase.format(name)) is None] == []


@for_all(
    [
        ("baseball", "sports"),
        ("football", "sports"),
        ("American football", "sports"),
        ("cricket", "sports"),
        ("martial arts", "sports"),
        ("basball", "sports"),
        ("board games", "tabletop"),
        ("chess", "tabletop"),
        ("skateboarding", "outdoors"),
        ("rock climbing", "outdoors"),
        ("reading", "stories"),
        ("anime", "stories"),
        ("knitting", "making"),
        ("makeup", "style"),
        ("trains", "vehicles"),
        ("gardening", "nature"),
        ("coding", "technology"),
        ("history", "learning"),
        ("video game music", "music"),
        ("I hate soccer but love music", "music"),
        ("I can't live without music", "music"),
        ("not soccer, baking", "cooking"),
    ],
)
def test_family_of_an_interest_is_found(text: str, name: str) -> None:
    found = find_interest(text)
    assert found is not None
    assert found.name == name


@for_all(
    [
        "I hate soccer",
        "I don't like basketball",
        "not really into sports",
        "anything but soccer",
        "soccer is boring",
        "no video games please",
        "sick of music",
        "never cooking",
    ],
)
def test_dislike_is_no_interest(text: str) -> None:
    assert find_interest(text) is None


@for_all(
    [
        "",
        "general",
        "car insurance",
        "soccer mom",
        "dog food",
        "animal testing",
        "music theory",
        "baseball cards",
        "space bar",
        "language arts",
        "running a marketing agency",
        "food chemistry",
        "<script>alert(1)</script>",
        "zorbing",
        "バスケットボール",
    ],
)
def test_other_text_names_no_interest(text: str) -> None:
    assert find_interest(text) is None


def test_families_borrow_known_analogies() -> None:
    for interest in INTERESTS.values():
        assert set(interest.borrows) <= INTERESTS.keys()
        assert all(INTERESTS[key].spoken for key in interest.borrows)
        assert bool(interest.borrows) == bool(interest.borrowing)


@given(st.text(max_size=100))
def test_any_text_is_accepted(text: str) -> None:
    found = find_interest(text)
    assert found is None or INTERESTS[found.name] is found
