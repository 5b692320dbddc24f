"""What became of a message is said once, and counted once, wherever in the graph it is decided."""

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
    """Report an outcome that is committed to the ledger; within a DoFn.

    Args:
        source: the element it is about.
        stage: where in the graph it is decided.
        again: the message was settled before, and is only delivered once more.
        error_type: the error that made it a dead letter.
        field: the field of the message at fault; only its own name, not one that a publisher chose.

    Returns:
        The outcome, with the seconds since the message was published.
    """
    message = source if isinstance(source, Message) else source.message
    seconds = max(0.0, (datetime.now(UTC) - message.publish_time).total_seconds())
    metrics.OUTCOMES[outcome.status].inc()
    if outcome.status == "completed" and not again:
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
        word = "cancelled" if error_type == "Cancelled" else outcome.status  # nobody is paged
        level = _LEVELS.get(word, logging.INFO)
        log.log(level, log_events.SETTLED, word, seconds, extra=about)
    if outcome.reason:
        log.debug("because: %s", outcome.reason, extra=about)
    return replace(outcome, seconds=round(seconds, 3))
