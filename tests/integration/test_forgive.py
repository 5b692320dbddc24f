"""Deliveries that killed nobody do not count towards the limit."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from transforms.ledger import ClaimRequest, Ledger, upgrade
from transforms.model import ContentRequest, Lesson, Message

LEASE = timedelta(seconds=60)


def claim(ledger, message, request, most=2):
    return decide(ledger, message, request, most).kind


def decide(ledger, message, request, most=2):
    [result] = ledger.claim([ClaimRequest(message, request)], LEASE, most)
    return result


def test_forgiven_deliveries_do_not_poison(postgres):
    upgrade(postgres.url)
    ledger = Ledger(postgres.url)
    message = Message(b"{}", {}, "m-1", datetime.now(UTC))
    request = ContentRequest(str(uuid.uuid4()), "s", "q", 9, "c")
    assert claim(ledger, message, request) == "new"
    for _ in range(5):
        ledger.uncount_delivery(["m-1", "never seen"])
        assert claim(ledger, message, request) == "resumed"
    assert claim(ledger, message, request) == "resumed"
    assert claim(ledger, message, request) == "poisoned"


def test_nothing_can_be_forgiven_ahead(postgres):
    upgrade(postgres.url)
    ledger = Ledger(postgres.url)
    message = Message(b"{}", {}, "m-1", datetime.now(UTC))
    request = ContentRequest(str(uuid.uuid4()), "s", "q", 9, "c")
    assert claim(ledger, message, request) == "new"
    for _ in range(10):
        ledger.uncount_delivery(["m-1"])
    kinds = [claim(ledger, message, request) for _ in range(3)]
    assert kinds == ["resumed", "resumed", "poisoned"]


def test_a_delivery_that_was_forgiven_and_released_counts_once(postgres):
    upgrade(postgres.url)
    ledger = Ledger(postgres.url)
    message = Message(b"{}", {}, "m-1", datetime.now(UTC))
    request = ContentRequest(str(uuid.uuid4()), "s", "q", 9, "c")
    lesson = Lesson(message, request, decide(ledger, message, request).claim)
    ledger.uncount_delivery(["m-1"])
    assert ledger.release([lesson]) == {request.request_id}
    kinds = [claim(ledger, message, request) for _ in range(3)]
    assert kinds == ["resumed", "resumed", "poisoned"]
