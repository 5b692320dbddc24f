"""All Beam metrics of the graph.

Dataflow reports them as `job/user_counter`. It distinguishes them by name only, not by Beam's
namespace, and reports a distribution as four numbers with the suffixes `DISTRIBUTION_SUFFIXES`.
"""

from __future__ import annotations

from typing import get_args

from apache_beam.metrics import Metrics
from apache_beam.metrics.metricbase import Counter, Distribution

from transforms.model import ENGINE_STAGES, OutcomeStatus

NAMESPACE = "vividly"

SCRIPT_CHECKS = (
    "safety", "language", "topic", "degeneration", "arithmetic", "quiz", "pictures",
    "reading_level", "personal_data", "support", "claims",
)  # fmt: skip
"""Names of the checks of scripts."""

DISTRIBUTION_SUFFIXES = ("_MAX", "_MIN", "_MEAN", "_COUNT")


def _counter(name: str) -> Counter:
    return Metrics.counter(NAMESPACE, name)


def _distribution(name: str) -> Distribution:
    return Metrics.distribution(NAMESPACE, name)


RECEIVED = _counter("received")
"""Messages received."""

OUTCOMES: dict[str, Counter] = {
    status: _counter(f"outcome_{status}") for status in get_args(OutcomeStatus)
}
"""Messages by status of their outcome, counted when it is committed to the ledger."""

END_TO_END = _distribution("end_to_end_milliseconds")
"""Milliseconds from a message's publication to the completion of its request."""

STAGE_MILLISECONDS = {stage: _distribution(f"{stage}_milliseconds") for stage in ENGINE_STAGES}
"""Milliseconds a stage took; reused results do not count."""

STAGE_REUSED = {stage: _counter(f"{stage}_reused") for stage in ENGINE_STAGES}
SHARING = {"hit": "hits", "miss": "misses", "double": "doubles"}
STAGE_SHARING = {
    (stage, how): _counter(f"{stage}_shared_{name}")
    for stage in ENGINE_STAGES
    for how, name in SHARING.items()
}
"""Results that requests may share: copied, made, or made while another thread made the same."""

STAGE_FAILED = {stage: _counter(f"{stage}_failed") for stage in ENGINE_STAGES}
STAGE_TRIES_FAILED = {stage: _counter(f"{stage}_tries_failed") for stage in ENGINE_STAGES}
"""Failed tries, whether or not a later one succeeded."""

COST = _counter("cost_nano_usd")
"""Cost of finished stages in billionths of a US dollar."""

STAGE_COST = {stage: _counter(f"{stage}_cost_nano_usd") for stage in ENGINE_STAGES}
"""Cost by stage in billionths of a US dollar."""

COST_SAVED = _counter("cost_saved_nano_usd")
"""Cost of stages that the modality skipped, in billionths of a US dollar."""

COST_REUSED = _counter("cost_reused_nano_usd")
"""Original cost of reused results in billionths of a US dollar."""

STAGE_COST_REUSED = {stage: _counter(f"{stage}_cost_reused_nano_usd") for stage in ENGINE_STAGES}
"""Original cost of reused results by stage, in billionths of a US dollar."""

DEAD_LETTER_COPIES_FAILED = _counter("dead_letter_copies_failed")
"""Dead letters of the ledger whose copy did not reach the topic."""

CHECK_PROBLEMS = {check: _counter(f"check_{check}") for check in SCRIPT_CHECKS}
"""Scripts that were used or refused with problems that a check found."""

NEEDS_CARE = _counter("needs_care")
"""Completed messages whose student gets help instead of a lesson; no part of a success rate."""

CARE_MESSAGES_FAILED = _counter("care_messages_failed")
"""Messages to staff about a student who needs care that did not reach the topic at once."""

OVER_BUDGET = _counter("over_budget")
"""Stages not started because their request would have exceeded its cost limit."""

UNPRICED = _counter("unpriced_usage")
"""SKUs of finished stages that have no price of their own."""

BUDGET_WAIT = _distribution("budget_wait_milliseconds")
"""Milliseconds stages waited for budget; recorded only with a budget."""

THROTTLED = _counter("cumulativeThrottlingSeconds")
"""Seconds that threads waited for a quota or for budget; more workers would not help.

The name is the one of Beam's own connectors, by which Dataflow's autoscaling reads it."""


def nano(usd: float) -> int:
    """Convert US dollars to the billionths that counters hold."""
    return round(usd * 1e9)


def reported() -> frozenset[str]:
    """Return all metric names as Dataflow reports them in the label `metric_name`."""
    counters = [RECEIVED, COST, COST_SAVED, COST_REUSED, OVER_BUDGET, DEAD_LETTER_COPIES_FAILED]
    counters += [THROTTLED, UNPRICED, NEEDS_CARE, CARE_MESSAGES_FAILED]
    counters += [*OUTCOMES.values(), *CHECK_PROBLEMS.values()]
    by_stage = (STAGE_REUSED, STAGE_FAILED, STAGE_TRIES_FAILED, STAGE_COST, STAGE_COST_REUSED)
    counters += [counter[stage] for counter in by_stage for stage in ENGINE_STAGES]
    counters += STAGE_SHARING.values()
    spread = [END_TO_END, BUDGET_WAIT, *STAGE_MILLISECONDS.values()]
    return frozenset(
        [c.metric_name.name for c in counters]
        + [d.metric_name.name + suffix for d in spread for suffix in DISTRIBUTION_SUFFIXES]
    )
