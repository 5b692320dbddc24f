"""Publish the original messages of dead letters again, each with a token of the ledger.

The claim step decides the outcome of a replay; a superfluous one ends as a duplicate. Dead letters
whose replay cannot help are skipped here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import uuid4

from transforms import pubsub_client as pubsub
from transforms.errors import PermanentError
from transforms.ledger import DeadLetterDetail, Ledger, ReplayState
from transforms.model import REPLAY_ATTRIBUTE

STATES_AT_ONCE = 1000
"""Dead letters whose state a dry run reads with one statement."""


@dataclass(frozen=True)
class Replayed:
    """Result of replaying one dead letter.

    Attributes:
        id: Number of the dead letter.
        request_id: Id of its request, if the message has a valid one.
        size: Size of the message's data in bytes; None if it was skipped.
        message_id: Pub/Sub id of the replay; None if nothing was published.
        skipped: Reason for skipping it; None if it was, or would be, published.
    """

    id: int
    request_id: str | None = None
    size: int | None = None
    message_id: str | None = None
    skipped: str | None = None


def replay(
    ledger: Ledger,
    topic: str,
    numbers: Sequence[int],
    again: bool,
    dry_run: bool,
    cancelled: bool = True,
    id_label: str | None = None,
) -> Iterator[Replayed]:
    """Publish dead letters again, one after the other, and yield the result of each.

    Args:
        ledger: Ledger that holds the dead letters.
        topic: Full resource name of the topic.
        numbers: Numbers of existing dead letters.
        again: Include dead letters whose latest replay may still be in flight.
        dry_run: Publish nothing.
        cancelled: Include dead letters of cancelled requests.
        id_label: Message attribute by which Dataflow deduplicates publications.

    Raises:
        DependencyDown: Postgres or Pub/Sub cannot be reached; results yielded before hold.
    """
    # A publication changes what follows, so only a dry run reads many states at once.
    for state in _states(ledger, numbers, at_once=STATES_AT_ONCE if dry_run else 1):
        reason = obstacle(state, again)
        if state.request_status == "cancelled" and not cancelled:
            reason = reason or "its request was cancelled (name its number to reopen it)"
        if dry_run and not reason:
            yield Replayed(state.id, state.request_id, state.size)
            continue
        letter = None if reason else ledger.dead_letter_detail(state.id)
        if letter is None:
            yield Replayed(state.id, skipped=reason)
        else:
            yield _publish(ledger, topic, letter, id_label)


def _states(ledger: Ledger, numbers: Sequence[int], at_once: int) -> Iterator[ReplayState]:
    for first in range(0, len(numbers), at_once):
        yield from ledger.replay_states(numbers[first : first + at_once])


def obstacle(state: ReplayState, again: bool) -> str | None:
    """Return the reason against replaying a dead letter; None if there is none."""
    if state.request_status == "completed":
        return "its request has been completed since"
    if state.request_status == "needs_care":
        return "its student got help instead of a lesson"
    if state.newer:
        return f"dead letter {state.newer} has taken its place"
    reopens = state.request_status in ("failed", "cancelled")
    if state.replay_outcome in ("completed", "duplicate") and not reopens:
        return f"its replay {state.replayed_as} ended as {state.replay_outcome}"
    if again:
        return None
    if state.request_status == "running":
        return "its request is being processed (give --again to send it nevertheless)"
    if state.replayed_as and state.replay_outcome in (None, "in_flight"):
        return f"its replay {state.replayed_as} is in flight (give --again to send it once more)"
    return None


def _publish(
    ledger: Ledger, topic: str, letter: DeadLetterDetail, id_label: str | None
) -> Replayed:
    message = letter.message
    marks = {REPLAY_ATTRIBUTE: ledger.issue_replay(letter.id)}
    if id_label:  # with the original's value Dataflow would drop the replay
        marks[id_label] = str(uuid4())
    try:
        sent = pubsub.publish(
            topic, message.data, pubsub.merge_attributes(message.attributes, marks)
        )
    except PermanentError as refused:
        return Replayed(letter.id, letter.request_id, skipped=str(refused))
    ledger.replayed(letter.id, sent)
    return Replayed(letter.id, letter.request_id, letter.size, sent)
