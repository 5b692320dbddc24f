"""Outputs for lessons that stop: the claim lost, the request cancelled, or the stage failed."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from transforms.crisis.phrases import find_care
from transforms.dead_letters import DEAD_LETTERS, make_dead_letter
from transforms.errors import (
    CallRejected,
    Cancelled,
    ClaimLost,
    ContentError,
    CrashesWorker,
    PermanentError,
    TransientError,
)
from transforms.ledger import ClaimStatus
from transforms.model import Attempt, DeadLetter, FailedStage, Lesson, Outcome, Received
from transforms.stage.task import OUTCOMES
from transforms.telemetry import log_events
from transforms.telemetry.outcomes import report_outcome

log = logging.getLogger(__name__)


def claim_error(
    status: ClaimStatus, lesson: Lesson, next_stage: str
) -> ClaimLost | Cancelled | None:
    """Return the error for a lost or cancelled claim, or None if the claim still holds.

    Args:
        status: The ledger's answer about the lesson's claim.
        lesson: The lesson.
        next_stage: The stage that would follow.
    """
    request_id = lesson.request.request_id
    if request_id in status.lost:
        return ClaimLost(request_id)
    if request_id in status.cancelled:
        return Cancelled(next_stage)
    return None


def is_answer_at_fault(error: Exception | None) -> bool:
    """Return whether a stage failed because its engine's answer cannot be used."""
    return isinstance(error, PermanentError) and not isinstance(error, CallRejected | CrashesWorker)


def failure_output(
    source: Received | Lesson,
    stage: str,
    error: Exception,
    attempts: Sequence[Attempt] = (),
    spent: FailedStage | None = None,
) -> tuple[Outcome | DeadLetter, str]:
    """Log a failure and return the element to emit for it, with the tag of its output.

    Args:
        source: The element that failed.
        stage: The stage it failed in.
        error: `ClaimLost` gives an outcome; everything else a dead letter. An error other than
            `ContentError` is a bug and is logged as one.
        attempts: Tries that failed before.
        spent: Cost of the stage that failed.
    """
    if isinstance(error, ClaimLost):
        return _superseded(source, stage), OUTCOMES
    if isinstance(error, Cancelled):
        log.info("request cancelled", extra=log_events.log_fields(source, stage=error.stage))
        return make_dead_letter(source, error.stage, error, (), spent), DEAD_LETTERS
    dead = make_dead_letter(source, stage, error, attempts, spent)
    code = error.code if isinstance(error, ContentError) else None
    fields = log_events.log_fields(source, stage=stage, error_type=dead.error_type, error_code=code)
    if gets_help(source, stage, error):
        log.info("no lesson can be written; the student gets help", extra=fields)
    elif dead.traceback:
        log.error("%s step failed due to a bug", stage, exc_info=error, extra=fields)
    else:
        log.warning("%s step failed; the message becomes a dead letter", stage, extra=fields)
    log.debug("because: %s", dead.traceback or dead.error, extra=fields)
    return dead, DEAD_LETTERS


def gets_help(source: Received | Lesson, stage: str, error: Exception) -> bool:
    """Return whether a refused request's student gets help instead (`transforms.care`)."""
    if stage != "script" or isinstance(error, TransientError):
        return False
    words = source.request.student_query, source.request.interest
    return isinstance(error, ContentError) and find_care(words) is not None


def _superseded(source: Received | Lesson, stage: str) -> Outcome:
    outcome = Outcome(
        message_id=source.message.message_id,
        status="superseded",
        request_id=source.request.request_id,
        stage=stage,
        reason="another worker has taken this request over",
    )
    return report_outcome(outcome, source, stage)
