"""Uncounted deliveries do not count towards the delivery limit."""

from __future__ import annotations

import pytest

from tests.integration.ledger_support import LEASE, message, request
from transforms.ledger import ClaimRequest
from transforms.model import Lesson

MAX_DELIVERIES = 2


@pytest.fixture
def asked():
    return ClaimRequest(message("m-1"), request())


def claim(ledger, asked):
    [result] = ledger.claim([asked], LEASE, MAX_DELIVERIES)
    return result


def kinds(ledger, asked, count=3):
    return [claim(ledger, asked).kind for _ in range(count)]


def test_uncounted_deliveries_do_not_poison(ledger, asked):
    assert claim(ledger, asked).kind == "new"
    for _ in range(5):
        ledger.uncount_delivery(["m-1", "never seen"])
        assert claim(ledger, asked).kind == "resumed"
    assert kinds(ledger, asked, 2) == ["resumed", "poisoned"]


def test_delivery_cannot_be_uncounted_twice(ledger, asked):
    assert claim(ledger, asked).kind == "new"
    for _ in range(10):
        ledger.uncount_delivery(["m-1"])
    assert kinds(ledger, asked) == ["resumed", "resumed", "poisoned"]


def test_uncounted_and_released_delivery_is_uncounted_once(ledger, asked):
    lesson = Lesson(asked.message, asked.request, claim(ledger, asked).claim)
    ledger.uncount_delivery(["m-1"])
    assert ledger.release([lesson]) == {asked.request.request_id}
    assert kinds(ledger, asked) == ["resumed", "resumed", "poisoned"]
