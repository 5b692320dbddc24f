"""Dead letters name their student, old ones after the migration."""

from __future__ import annotations

import json

import pytest

from tests.integration.ledger_support import letter, message, request, take
from transforms.ledger import ClaimRequest, Ledger, downgrade, upgrade

BEFORE = "0009"

MESSAGES = {
    b'{"student_id": "s-1", "request_id": 7}': "s-1",
    b'{"student_id" :\n"s-1", "student_id": "s-1"}': "s-1",
    b'{"student_id": "s-1", "student_id": "s-2"}': "",
    b'{"student_id": "s-1", "student_query": "trunc': "s-1",
    b'\xff\xfe {"student_id": "s-1"}': "s-1",
    b'{"student_id": "Zo\xc3\xab"}': "Zoë",
    json.dumps({"student_id": "Zoë"}).encode(): "Zoë",
    b'{"student_id": 4711}': "4711",
    b'{"student_id": "%s"}' % (b"x" * 101): "",
    b'{"student_id": "nul\\u0000"}': "",
    b'{"student_id": "\\ud800"}': "",
    b'{"student_id": "\xff"}': "",
    b'{"student_id": null}': "",
    b"no JSON at all": "",
    b"": "",
}
"""Messages that cannot be parsed, and the student that each names."""

PLAIN = {data for data, student in MESSAGES.items() if student == "s-1"}
"""Messages whose student the migration finds; those of others are found by their bytes."""

STUDENTS = "SELECT data, student_id FROM dead_letters ORDER BY id"


def students(ledger):
    return {bytes(row["data"]): row["student_id"] for row in ledger.run(STUDENTS)}


def test_letter_names_its_student(ledger):
    ledger.dead_letter([letter(message(data=data)) for data in MESSAGES])
    assert students(ledger) == MESSAGES


def test_letter_of_valid_request_names_its_student(ledger):
    lesson = take(ledger, ClaimRequest(message(), request(student_id="s-9")))
    ledger.dead_letter([letter(lesson, "script", request=lesson.request)])
    assert students(ledger) == {b"{}": "s-9"}


@pytest.fixture
def old(migrated_postgres):
    """A ledger with more dead letters of an older release than one batch."""
    ledger = Ledger(migrated_postgres.url)
    ledger.dead_letter([letter(message(data=data)) for data in MESSAGES])
    lesson = take(ledger, ClaimRequest(message(), request(student_id="s-9")))
    ledger.dead_letter([letter(lesson, "script")])
    more = [letter(message(data=b'{"student_id": "s-2", "number": %d}' % n)) for n in range(600)]
    ledger.dead_letter(more)
    downgrade(ledger.url, BEFORE)
    yield ledger
    ledger.close()


def test_upgrade_fills_students_of_old_letters(old):
    upgrade(old.url)
    found = students(old)
    assert {data: found.pop(data) for data in MESSAGES} == {
        data: "s-1" if data in PLAIN else "" for data in MESSAGES
    }
    assert found.pop(b"{}") == "s-9"
    assert set(found.values()) == {"s-2"}
    assert len(found) == 600
