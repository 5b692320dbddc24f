"""Every lesson that compares two topics which a question may name together."""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from tests.unit.script.support import request
from transforms.model import Script
from transforms.script.cards.concept_card import load_cards
from transforms.script.checks import find_problems
from transforms.script.engines.offline.comparison import compose_comparison
from transforms.script.engines.offline.offline_writer import OfflineScriptEngine
from transforms.stage.direct_calls import DirectCalls

CARDS = load_cards().cards
SENTENCES = re.compile(r"(?<=[.?!])\s+")
PAIRS = [
    (one, two)
    for one, two in combinations(CARDS.values(), 2)
    if one.subject == two.subject or one.id in two.distinct_from or two.id in one.distinct_from
]


def write(query: str, grade: int = 9) -> Script:
    asked = request(query, grade_level=grade)
    return OfflineScriptEngine().write(asked, calls=DirectCalls(5)).script


@pytest.mark.parametrize("grade", [6, 9])
def test_every_comparison_is_a_whole_lesson(grade: int) -> None:
    assert len(PAIRS) > 100
    for one, two in PAIRS:
        script = compose_comparison(one, two, request(grade_level=grade))
        named = (one.id, two.id, grade)
        assert 150 <= script.spoken_words <= 450, (named, script.spoken_words)
        sections = script.sections()
        told = [each for s in sections for each in SENTENCES.split(s.narration)]
        assert len(told) == len(set(told)), named
        headings = [section.heading for section in sections]
        assert len(headings) == len(set(headings)), named
        assert all(scene.narration and scene.bullets for scene in script.scenes), named
        assert len(script.quiz) == 2
        assert len(script.key_takeaways) == 3
        assert {*map(str, one.sources), *map(str, two.sources)} == set(script.sources)


@pytest.mark.parametrize("grade", [6, 9, 12])
def test_comparison_passes_the_checks_of_scripts(grade: int) -> None:
    asked = request("mitosis vs meiosis", grade_level=grade)
    found = find_problems(write("mitosis vs meiosis", grade), asked)
    assert [each for each in found if each.severity != "note"] == []


def test_comparison_shows_both_topics_side_by_side() -> None:
    script = write("whats the difference between mitosis and meiosis")
    assert script.title == "Mitosis and meiosis"
    [table] = [scene.visual for scene in script.scenes if scene.heading == "Side by side"]
    assert table.kind == "comparison"
    assert table.items[0] == "Mitosis | Meiosis"
    assert all(row.count(" | ") == 1 for row in table.items)


def test_comparison_keeps_names_in_capitals() -> None:
    assert write("mitosis vs DNA").title == "Mitosis and DNA and genes"
    title = write("newton's second law vs newton's third law").title
    assert title == "Newton's second law and Newton's third law"
