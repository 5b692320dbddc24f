"""SettleDuplicates settles only the duplicates that the ledger confirms."""

from __future__ import annotations

import pytest

from tests.integration.claim_support import Step
from tests.integration.ledger_support import message, outcome_of, request, take
from transforms.deduplicate import SettleDuplicates
from transforms.ledger import ClaimRequest
from transforms.model import Received
from transforms.stage.task import OUTCOMES


@pytest.fixture
def settle(ledger):
    step = Step(SettleDuplicates(ledger), Received, "requests", OUTCOMES)
    return lambda *elements: step.run(elements)


def test_duplicate_is_settled_and_owner_passes(ledger, settle):
    asked = request()
    owner, second = Received(message(), asked), Received(message(), asked)
    take(ledger, ClaimRequest(owner.message, asked))
    found = settle(owner, second)
    assert found["requests"] == [owner]
    [outcome] = found[OUTCOMES]
    assert (outcome.message_id, outcome.status) == (second.message.message_id, "duplicate")
    assert outcome.request_id == asked.request_id
    assert outcome.reason
    assert outcome_of(ledger, second.message.message_id) == "duplicate"
    assert outcome_of(ledger, owner.message.message_id) == "in_flight"
    again = settle(second)
    assert [each.status for each in again[OUTCOMES]] == ["duplicate"]
    assert ledger.totals().duplicates == 1


def test_message_of_unknown_request_passes(ledger, settle):
    """The first message may have been lost with its worker before it was claimed."""
    unknown = Received(message(), request())
    assert settle(unknown) == {"requests": [unknown]}
    assert outcome_of(ledger, unknown.message.message_id) is None
