"""`vividly serve` publishes requests again that lost their message and their worker."""

from __future__ import annotations

import json

import pytest

from pipeline.serve.resumption import Resumption
from pipeline.serve.services import RequestService
from tests.integration.ledger_support import let_lease_lapse, message, request, take
from tests.integration.serve_support import serving
from transforms.ledger import ClaimRequest
from transforms.model import Message
from transforms.parse import parse


@pytest.fixture
def served(ledger, pubsub, tmp_path):
    with serving(ledger, pubsub, tmp_path) as served:
        yield served


def test_lapsed_request_is_published_once_and_taken_over(served, ledger):
    asked = request(interest="chess", metadata={"class": "7b"})
    lost = take(ledger, ClaimRequest(message(), asked))
    take(ledger, ClaimRequest(message(), request()))  # its worker goes on
    let_lease_lapse(ledger, lost.request.request_id)
    batch = take(ledger, ClaimRequest(message("line-1-abc"), request()))
    let_lease_lapse(ledger, batch.request.request_id)
    resumption = Resumption(RequestService(ledger, served.store, served.topic))
    assert [resumption.publish(), resumption.publish()] == [1, 0]
    [data] = served.published()
    assert json.loads(data)["class"] == "7b"
    again = take(ledger, ClaimRequest(Message(data, {}, "m-new", lost.message.publish_time),
                                      parse(data)))  # fmt: skip
    assert again.request == asked
    assert again.claim.attempt == lost.claim.attempt + 1
