"""Log and count each outcome exactly once, wherever in the graph it is decided."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime

from transforms.model import Lesson, Message, Outcome, Received
from transforms.telemetry import log_events, metrics

log = logging.getLogger(__name__)

_LEVELS = {"dead_lettered": logging.WARNING, "superseded": logging.WARNING}


def report_outcome(
    outcome: Outcome,
    source: Message | Received | Lesson,
    stage: str,
    *,
    again: bool = False,
    error_type: str | None = None,
    field: str | None = None,
) -> Outcome:
    """Log and count an outcome that is committed to the ledger; call it in a DoFn.

    Args:
        outcome: The outcome.
        source: The element it belongs to.
        stage: Step of the graph that decided it.
        again: True for a redelivery of a message that was settled before.
        error_type: Type of the error, for a dead letter.
        field: The invalid field of the message, if it is one the schema defines.

    Returns:
        The outcome, with the seconds since the message was published.
    """
    message = source if isinstance(source, Message) else source.message
    seconds = max(0.0, (datetime.now(UTC) - message.publish_time).total_seconds())
    metrics.OUTCOMES[outcome.status].inc()
    if outcome.needs_care and not again:
        metrics.NEEDS_CARE.inc()
    elif outcome.status == "completed" and not again:
        metrics.COST_SAVED.inc(metrics.nano(outcome.cost_saved_usd))
        metrics.END_TO_END.update(round(seconds * 1000))
    about = log_events.log_fields(
        source,
        stage=stage,
        error_type=error_type,
        field=field,
        status=outcome.status,
        seconds=round(seconds, 3),
        cost_usd=outcome.cost_usd or None,
        cost_saved_usd=outcome.cost_saved_usd or None,
    )
    if again:
        log.info(log_events.SETTLED_BEFORE, seconds, extra=about)
    else:
        word: str = outcome.status
        if error_type == "Cancelled":  # no alert
            word = "cancelled"
        elif outcome.needs_care:  # no lesson, so no success either
            word = "needs_care"
        level = _LEVELS.get(word, logging.INFO)
        log.log(level, log_events.SETTLED, word, seconds, extra=about)
    if outcome.reason:
        log.debug("because: %s", outcome.reason, extra=about)
    return replace(outcome, seconds=round(seconds, 3))
