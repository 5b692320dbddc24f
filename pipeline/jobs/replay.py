"""Replaying dead letters: their original messages are published again, marked as replays.

The claim decides what becomes of a replay, so publishing one too many does no harm: it ends as a
duplicate. What is skipped here is what need not be sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import uuid4

from transforms import pubsub_client as pubsub
from transforms.deduplicate import REPLAY_ATTRIBUTE, REPLAY_OF_ATTRIBUTE
from transforms.errors import PermanentError
from transforms.ledger import DeadLetterDetail, Ledger, ReplayState


@dataclass(frozen=True)
class Replayed:
    """What was done with one dead letter.

    Attributes:
        size: bytes of the message's data; None unless it is, or would be, published.
        message_id: Pub/Sub's id of the replay; None unless it was published.
        skipped: why it was not, and would not be, published.
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
    """Publish dead letters again, one after the other.

    Args:
        topic: full resource name.
        numbers: of the letters, all of which exist.
        again: also those whose latest replay may still be under way.
        dry_run: publish nothing.
        cancelled: also those whose request was cancelled.
        id_label: the attribute by which the streaming job tells publications from each other.

    Raises:
        DependencyDown: Postgres or Pub/Sub cannot be reached; what was yielded before is done.
    """
    for number in numbers:
        [state] = ledger.replay_states([number])
        reason = obstacle(state, again)
        if state.request_status == "cancelled" and not cancelled:
            reason = reason or "its request was cancelled (name its number to reopen it)"
        letter = None if reason else ledger.dead_letter_detail(number)
        if letter is None:
            yield Replayed(number, skipped=reason)
        elif dry_run:
            yield Replayed(number, letter.request_id, letter.size)
        else:
            yield _publish(ledger, topic, letter, id_label)


def obstacle(state: ReplayState, again: bool) -> str | None:
    """Why a dead letter is not to be replayed, if there is a reason."""
    if state.request_status == "completed":
        return "its request has been completed since"
    if state.newer:
        return f"dead letter {state.newer} has taken its place"
    if state.replay_outcome in ("completed", "duplicate"):
        return f"its replay {state.replayed_as} ended as {state.replay_outcome}"
    if again:
        return None
    if state.request_status == "running":
        return "its request is being worked on (--again to send it all the same)"
    if state.replayed_as and state.replay_outcome in (None, "in_flight"):
        return f"its replay {state.replayed_as} is on its way (--again to send it once more)"
    return None


def _publish(
    ledger: Ledger, topic: str, letter: DeadLetterDetail, id_label: str | None
) -> Replayed:
    message = letter.message
    marks = {REPLAY_ATTRIBUTE: str(letter.id), REPLAY_OF_ATTRIBUTE: message.message_id}
    if id_label:  # with the original's value Dataflow would drop the replay unseen
        marks[id_label] = str(uuid4())
    try:
        sent = pubsub.publish(
            topic, message.data, pubsub.merge_attributes(message.attributes, marks)
        )
    except PermanentError as refused:
        return Replayed(letter.id, letter.request_id, skipped=str(refused))
    ledger.replayed(letter.id, sent)
    return Replayed(letter.id, letter.request_id, letter.size, sent)
