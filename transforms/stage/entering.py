"""Decide about lessons after the ledger's answer to entering a stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transforms.dead_letters import DEAD_LETTERS
from transforms.errors import Cancelled, ClaimLost
from transforms.ledger import Entered, Ledger
from transforms.model import Lesson, Received
from transforms.stage.failures import failure_output
from transforms.stage.task import OUTCOMES
from transforms.telemetry.outcomes import report_outcome


def may_work(entered: Entered) -> bool:
    """Return whether this worker processes a lesson or writes its dead letter."""
    return entered.kind == "go" or (entered.kind == "cancelled" and entered.lesson.claim.entry > 0)


def refused_output(entered: Entered, stage: str) -> tuple[Any, str]:
    """Return the element and output tag for a lesson that this worker must not process."""
    lesson = entered.lesson
    if entered.outcome:
        again = not entered.is_new
        return report_outcome(entered.outcome, lesson, stage, again=again), OUTCOMES
    if entered.kind == "cancelled":  # the claim has ended, so the letter is the message's own
        return failure_output(Received(lesson.message, lesson.request), stage, Cancelled(stage))
    return failure_output(lesson, stage, ClaimLost(lesson.request.request_id))


def queue_failures(
    ledger: Ledger, failed: Mapping[int, tuple[Lesson, Exception]], queue_lease: float | None
) -> dict[int, tuple[Lesson, Exception]]:
    """Queue failed lessons for `WriteDeadLetters`, if a shuffle precedes that step.

    That step enters by itself, so the lessons lose the numbers of their entries.

    Args:
        ledger: Ledger that holds the claims.
        failed: Lessons and their errors, by position.
        queue_lease: As for `transforms.stage.task.StageRuntime`.

    Returns:
        The same, with the error `ClaimLost` for lessons that another worker has entered.
    """
    queued = [lesson for lesson, error in failed.values() if not isinstance(error, ClaimLost)]
    if queue_lease is None or not queued:
        return dict(failed)
    held = ledger.queue(queued, queue_lease, DEAD_LETTERS)
    results = {}
    for position, (lesson, error) in failed.items():
        request_id = lesson.request.request_id
        kept = error if request_id in held else ClaimLost(request_id)
        results[position] = lesson.with_entry(0), kept
    return results
