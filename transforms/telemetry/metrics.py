"""Every metric that the graph keeps, by name: what Dataflow reports as `job/user_counter`.

Dataflow tells metrics apart by their name only, not by Beam's namespace, and reports a
distribution as four numbers with the suffixes `DISTRIBUTION_SUFFIXES`.
"""

from __future__ import annotations

from typing import get_args

from apache_beam.metrics import Metrics
from apache_beam.metrics.metricbase import Counter, Distribution

from transforms.model import ENGINE_STAGES, OutcomeStatus

NAMESPACE = "vividly"

DISTRIBUTION_SUFFIXES = ("_MAX", "_MIN", "_MEAN", "_COUNT")


def _counter(name: str) -> Counter:
    return Metrics.counter(NAMESPACE, name)


def _distribution(name: str) -> Distribution:
    return Metrics.distribution(NAMESPACE, name)


RECEIVED = _counter("received")
"""Messages that came in."""

OUTCOMES: dict[str, Counter] = {
    status: _counter(f"outcome_{status}") for status in get_args(OutcomeStatus)
}
"""Messages by what became of them, counted when that is committed to the ledger."""

END_TO_END = _distribution("end_to_end_milliseconds")
"""From a message's publication to the completion of its request."""

STAGE_MILLISECONDS = {stage: _distribution(f"{stage}_milliseconds") for stage in ENGINE_STAGES}
"""What the work of a stage took; reused results do not count."""

STAGE_REUSED = {stage: _counter(f"{stage}_reused") for stage in ENGINE_STAGES}
STAGE_FAILED = {stage: _counter(f"{stage}_failed") for stage in ENGINE_STAGES}
STAGE_TRIES_FAILED = {stage: _counter(f"{stage}_tries_failed") for stage in ENGINE_STAGES}
"""Tries that failed, whether or not another one succeeded."""

COST = _counter("cost_nano_usd")
"""Billionths of a US dollar, counted when a stage has spent them."""

STAGE_COST = {stage: _counter(f"{stage}_cost_nano_usd") for stage in ENGINE_STAGES}
"""The same by stage."""

COST_SAVED = _counter("cost_saved_nano_usd")
"""Billionths of a US dollar that stages nobody asked for would have cost."""

COST_REUSED = _counter("cost_reused_nano_usd")
"""Billionths of a US dollar that reused results had cost when they were made."""

OVER_BUDGET = _counter("over_budget")
"""Stages not begun because their request would have cost more than one may."""

BUDGET_WAIT = _distribution("budget_wait_milliseconds")
"""How long stages waited until there was money for them; kept where there is a budget."""


def nano(usd: float) -> int:
    """US dollars as counters hold them."""
    return round(usd * 1e9)


def reported() -> frozenset[str]:
    """Every value of the label `metric_name` under which Dataflow reports these."""
    counters = [RECEIVED, COST, COST_SAVED, COST_REUSED, OVER_BUDGET, *OUTCOMES.values()]
    by_stage = (STAGE_REUSED, STAGE_FAILED, STAGE_TRIES_FAILED, STAGE_COST)
    counters += [counter[stage] for counter in by_stage for stage in ENGINE_STAGES]
    spread = [END_TO_END, BUDGET_WAIT, *STAGE_MILLISECONDS.values()]
    return frozenset(
        [c.metric_name.name for c in counters]
        + [d.metric_name.name + suffix for d in spread for suffix in DISTRIBUTION_SUFFIXES]
    )
