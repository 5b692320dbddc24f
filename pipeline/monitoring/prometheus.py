"""What a job counts, as Prometheus reads it."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from pipeline.monitoring.summary import SETTLED, Tally
from transforms.stage.budget import BudgetMeter

BUCKETS = (0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1800, 3600)
"""Upper bounds in seconds; from a script of the offline writer to a request that waited long."""


class JobCollector(Collector):
    """Reads a tally whenever it is asked.

    Args:
        tally: the job's counts.
        waiting: seconds for which a dependency has been down.
        meter: what this process knows of the budget, if it can tell.
    """

    def __init__(
        self, tally: Tally, waiting: Callable[[], float], meter: BudgetMeter | None = None
    ) -> None:
        self._tally = tally
        self._waiting = waiting
        self._meter = meter

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        now = self._tally.summary("running")
        names = dict(zip(SETTLED, ("completed", "duplicates", "dead_lettered"), strict=True))
        yield CounterMetricFamily("vividly_received", "Messages received.", now["received"])
        settled = CounterMetricFamily(
            "vividly_settled", "Messages settled, by outcome.", labels=["outcome"]
        )
        for outcome, field in names.items():
            settled.add_metric([outcome], now[field])
        yield settled
        yield GaugeMetricFamily(
            "vividly_in_flight", "Messages received and not settled.", now["in_flight"]
        )
        yield CounterMetricFamily(
            "vividly_reused_stages", "Stages whose result lay there already.", now["reused_stages"]
        )
        yield from self._money()
        stages, end_to_end = self._tally.seconds()
        histogram = HistogramMetricFamily(
            "vividly_stage_seconds", "Seconds that stages took.", labels=["stage"]
        )
        for stage, seconds in stages.items():
            histogram.add_metric([stage], _buckets(seconds), sum(seconds))
        yield histogram
        yield HistogramMetricFamily(
            "vividly_end_to_end_seconds",
            "Seconds from the publication of a message to the completion of its request.",
            _buckets(end_to_end),
            sum(end_to_end),
        )
        yield GaugeMetricFamily(
            "vividly_dependency_wait_seconds",
            "How long a dependency has been down; 0 when none is.",
            self._waiting(),
        )

    def _money(self) -> Iterator[Metric]:
        spent, saved = self._tally.money()
        cost = CounterMetricFamily(
            "vividly_cost_usd", "US dollars spent.", labels=["stage", "engine"]
        )
        for spent_on, usd in spent.items():
            cost.add_metric(spent_on, usd)
        yield cost
        savings = CounterMetricFamily(
            "vividly_cost_saved_usd",
            "US dollars that stages would have cost which were skipped or whose result was reused.",
            labels=["stage", "engine", "by"],
        )
        for saved_on, usd in saved.items():
            savings.add_metric(saved_on, usd)
        yield savings
        yield CounterMetricFamily(
            "vividly_over_budget",
            "Stages not begun because their request would have cost more than one may.",
            self._meter.refused if self._meter else 0,
        )
        yield GaugeMetricFamily(
            "vividly_budget_waiting",
            "Stages that wait until there is money for them.",
            self._meter.waiting if self._meter else 0,
        )
        yield GaugeMetricFamily(
            "vividly_hour_cost_usd",
            "US dollars that all workers together have spent within an hour, as last read; 0 "
            "without a budget for the hour.",
            self._meter.spent_usd if self._meter else 0,
        )


def _buckets(seconds: Sequence[float]) -> list[tuple[str, int]]:
    """How many values do not exceed each bound."""
    ordered = sorted(seconds)
    return [
        ("+Inf" if bound == math.inf else f"{bound:g}", bisect.bisect_right(ordered, bound))
        for bound in (*BUCKETS, math.inf)
    ]


def metrics_registry(
    tally: Tally, waiting: Callable[[], float], meter: BudgetMeter | None = None
) -> CollectorRegistry:
    """A registry of one job."""
    found = CollectorRegistry()
    found.register(JobCollector(tally, waiting, meter))
    return found
