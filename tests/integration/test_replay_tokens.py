"""Only a token that the ledger issued makes a message a replay, and for one message only."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.ledger_support import (
    claim,
    execute,
    letter,
    message,
    replay_marks,
    request,
    row,
    take,
    transaction,
    wait_until_blocked,
)
from transforms.ledger import ClaimRequest
from transforms.model import REPLAY_ATTRIBUTE


@pytest.fixture
def failed(ledger):
    """A request that has failed."""
    return fail(ledger)


def fail(ledger):
    asked = ClaimRequest(message(), request())
    assert ledger.dead_letter([letter(take(ledger, asked), "script")]) == [True]
    return asked


def accepted(ledger, of, *sent):
    """Return the accepted messages among those sent for a request."""
    return ledger.accept_replays([(each, of.request.request_id) for each in sent])


def ids(*sent):
    return {each.message_id for each in sent}


FORGED = ("", "1", "12", "true", "*", "é", "x" * 1024)


def test_forged_tokens_are_refused(ledger, failed):
    replay_marks(ledger, failed.request.request_id)
    forged = [message(None, b"{}", **{REPLAY_ATTRIBUTE: token}) for token in FORGED]
    assert accepted(ledger, failed, *forged, message()) == set()


def test_token_is_valid_for_its_request_only(ledger, failed):
    other = fail(ledger)
    sent = message(**replay_marks(ledger, failed.request.request_id))
    assert accepted(ledger, other, sent) == set()
    assert accepted(ledger, failed, sent) == ids(sent)


@pytest.mark.pooled
def test_first_message_with_token_owns_it(ledger, failed):
    marks = replay_marks(ledger, failed.request.request_id)
    first, copied = message(**marks), message(**marks)
    for _ in range(2):  # as after a crash before the claim
        assert accepted(ledger, failed, first) == ids(first)
    assert accepted(ledger, failed, copied) == set()
    assert len(accepted(ledger, fail(ledger), first, copied)) == 0


def test_one_of_two_messages_in_a_batch_owns_token(ledger, failed):
    marks = replay_marks(ledger, failed.request.request_id)
    sent = [message(**marks) for _ in range(3)]
    assert len(accepted(ledger, failed, *sent)) == 1


def test_rival_that_waits_for_the_owner_is_refused(ledger, failed):
    marks = replay_marks(ledger, failed.request.request_id)
    rival = message(**marks)
    with ThreadPoolExecutor(1) as pool:
        with transaction(ledger) as other:
            execute(other, "UPDATE dead_letters SET replay_owner = 'm-1'")
            waiting = pool.submit(accepted, ledger, failed, rival)
            wait_until_blocked(ledger, waiting)
        assert waiting.result() == set()


def test_redelivered_replay_resumes_and_then_is_done(ledger, failed):
    sent = message(**replay_marks(ledger, failed.request.request_id))
    again = ClaimRequest(sent, failed.request, replay=True)
    assert accepted(ledger, failed, sent) == ids(sent)
    assert claim(ledger, again).kind == "reopened"
    assert accepted(ledger, failed, sent) == ids(sent)
    lesson = take(ledger, again)
    assert ledger.dead_letter([letter(lesson, "script")]) == [True]
    # A failed replay that is delivered once more buys nothing again.
    assert accepted(ledger, failed, sent) == set()
    assert claim(ledger, ClaimRequest(sent, failed.request)).kind == "done"
    assert row(ledger, failed).status == "failed"


def test_new_token_replaces_the_one_before(ledger, failed):
    before, after = (message(**replay_marks(ledger, failed.request.request_id)) for _ in range(2))
    assert accepted(ledger, failed, before, after) == ids(after)


def test_replay_of_previous_release_is_known_by_its_id(ledger, failed):
    [dead] = ledger.dead_letters()
    queued, forged = (message(None, b"{}", **{REPLAY_ATTRIBUTE: str(dead.id)}) for _ in range(2))
    ledger.replayed(dead.id, queued.message_id)
    assert accepted(ledger, failed, queued, forged) == ids(queued)


def test_ledger_keeps_no_token(ledger, failed):
    token = replay_marks(ledger, failed.request.request_id)[REPLAY_ATTRIBUTE]
    assert len(token) >= 32
    assert token not in str(ledger.run("SELECT * FROM dead_letters"))
