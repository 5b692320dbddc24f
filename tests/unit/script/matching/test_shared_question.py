"""Shared questions hold topic, grade band and listed interest, and nothing a student wrote."""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict, replace

import pytest

from transforms.model import ContentRequest
from transforms.model.grade_bands import GRADE_BANDS, band_of
from transforms.script.cards.concept_card import load_cards
from transforms.script.matching.asked_interest import asked_interest
from transforms.script.matching.interests import INTERESTS, find_interest
from transforms.script.matching.shared_question import shared_question


def asked(query, interest="general", grade=7, **fields):
    return ContentRequest("r-1", "s-1", query, grade, "c-1", interest, **fields)


@pytest.mark.parametrize(
    ("query", "interest", "topic", "shown"),
    [
        ("photosynthesis", "general", "photosynthesis", "general"),
        ("Explain photosynthesis for basketball fans", "general", "photosynthesis", "basketball"),
        ("whats photosynthesis??", "playing hoops", "photosynthesis", "basketball"),
        ("mitosis vs meiosis", "soccer", "mitosis+meiosis", "soccer"),
        ("photosynthesis for underwater basket weavers", "general", None, None),
        ("photosynthesis", "philately", None, None),
        ("explain gravity for my brother Rex who likes basketball", "general", None, None),
        ("what is the capital of France", "general", None, None),
        ("photosynthesis, i want to die", "general", None, None),
        ("photosynthesis", "cutting myself", None, None),
    ],
)
def test_only_covered_question_is_shared(query, interest, topic, shown):
    found = shared_question(asked(query, interest))
    if topic is None:
        assert found is None
        return
    assert found
    assert found.topic == topic
    interest = find_interest(found.request.interest)
    assert (interest.name if interest else "general") == shown


@pytest.mark.parametrize(
    ("fields", "is_shared"),
    [
        ({}, True),
        ({"share": False}, False),
        ({"language": "en"}, True),
        ({"language": "en-GB"}, True),
        ({"language": "en-x-rexmiller"}, False),
        ({"language": "de-DE"}, False),
    ],
)
def test_sharing_depends_on_consent_and_language(fields, is_shared):
    assert (shared_question(asked("photosynthesis", **fields)) is not None) == is_shared


def test_equal_questions_give_equal_requests():
    one = shared_question(asked("how does photosynthesis work", "basketball", 6))
    two = shared_question(
        replace(asked("Photosynthesis!", "hoops", 8), request_id="r-2", student_id="s-2")
    )
    assert one == two
    others = [("basketball", 9), ("soccer", 6)]
    found = [shared_question(asked("photosynthesis", *other)) for other in others]
    assert len({each.key for each in (one, two, *found) if each}) == 3


def test_shared_request_holds_no_field_of_the_message():
    secret = "zzsecretzz"
    request = replace(
        asked("photosynthesis"),
        request_id=secret,
        student_id=secret,
        correlation_id=secret,
        environment=secret,
        metadata={secret: secret},
    )
    found = shared_question(request)
    assert found
    assert secret not in json.dumps(asdict(found))


def test_every_card_and_interest_can_be_shared():
    interests = itertools.cycle(INTERESTS)
    for card in load_cards().cards.values():
        for name in ("general", next(interests)):
            phrase = name if name == "general" else INTERESTS[name].names[0]
            found = shared_question(asked(f"what is {card.title}", phrase))
            assert found, (card.title, phrase)
            assert found.topic == card.id
            interest = asked_interest(found.request, card)
            assert (interest.name if interest else "general") == name, card.title


def test_every_grade_has_one_band():
    assert [band_of(grade).lowest for grade in range(1, 17)] == [1] * 5 + [6] * 3 + [9] * 4 + [
        13
    ] * 4
    assert all(band.lowest <= band.written_for <= band.highest for band in GRADE_BANDS)
