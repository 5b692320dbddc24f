"""Prometheus metrics of a job."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from pipeline.monitoring.summary import SETTLED, Tally
from transforms.dead_letter_topic import missing_copies
from transforms.stage.budget import BudgetMeter
from transforms.stage.lapsed_claims import LapsedClaimsMeter
from transforms.telemetry.check_counts import check_counts

BUCKETS = (0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1800, 3600)
"""Upper bounds in seconds; from an offline script to a request that waited for an hour."""


class JobCollector(Collector):
    """Prometheus collector that converts a job's tally at each scrape.

    Args:
        tally: Counts of the job.
        waiting: Function that returns the seconds since a dependency went down.
        meter: Meter of this process's budget, if it has one.
        lapsed: Meter of lapsed claims, if the job has a ledger.
    """

    def __init__(
        self,
        tally: Tally,
        waiting: Callable[[], float],
        meter: BudgetMeter | None = None,
        lapsed: LapsedClaimsMeter | None = None,
    ) -> None:
        self._tally = tally
        self._waiting = waiting
        self._meter = meter
        self._lapsed = lapsed

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of the tally as it is now."""
        now = self._tally.summary("running")
        names = dict(zip(SETTLED, ("completed", "duplicates", "dead_lettered"), strict=True))
        yield CounterMetricFamily("vividly_received", "Messages received.", now["received"])
        settled = CounterMetricFamily(
            "vividly_settled", "Messages settled, by outcome.", labels=["outcome"]
        )
        for outcome, field in names.items():
            settled.add_metric([outcome], now[field])
        yield settled
        yield CounterMetricFamily(
            "vividly_dead_letter_copies_failed",
            "Dead letters whose copy did not reach --dead-letter-topic; the ledger has them.",
            missing_copies().count,
        )
        yield GaugeMetricFamily(
            "vividly_in_flight", "Messages received and not settled.", now["in_flight"]
        )
        yield CounterMetricFamily(
            "vividly_reused_stages", "Stages whose artifacts were reused.", now["reused_stages"]
        )
        yield from self._sharing_metrics()
        checks = CounterMetricFamily(
            "vividly_check_problems",
            "Scripts that were used or refused with problems that a check found.",
            labels=["check"],
        )
        for check, scripts in check_counts().scripts().items():
            checks.add_metric([check], scripts)
        yield checks
        yield from self._cost_metrics()
        stages, end_to_end = self._tally.durations()
        histogram = HistogramMetricFamily(
            "vividly_stage_seconds", "Duration of stages in seconds.", labels=["stage"]
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
            "Seconds since a dependency went down; 0 if none is down.",
            self._waiting(),
        )
        yield GaugeMetricFamily(
            "vividly_lapsed_claims",
            "Requests of all jobs whose claim lapsed more than 15 minutes ago, as last counted.",
            self._lapsed.count if self._lapsed else 0,
        )

    def _sharing_metrics(self) -> Iterator[Metric]:
        results = CounterMetricFamily(
            "vividly_shared_results",
            "Results that requests may share: copied (hit) or made (miss).",
            labels=["stage", "result"],
        )
        saved = CounterMetricFamily(
            "vividly_shared_saved_usd",
            "US dollars that copied results cost when they were made.",
            labels=["stage"],
        )
        for stage, (hits, misses, usd) in self._tally.sharing().items():
            results.add_metric([stage, "hit"], hits)
            results.add_metric([stage, "miss"], misses)
            saved.add_metric([stage], usd)
        yield results
        yield saved

    def _cost_metrics(self) -> Iterator[Metric]:
        spent, saved = self._tally.costs()
        cost = CounterMetricFamily(
            "vividly_cost_usd", "US dollars spent.", labels=["stage", "engine"]
        )
        for spent_on, usd in spent.items():
            cost.add_metric(spent_on, usd)
        yield cost
        savings = CounterMetricFamily(
            "vividly_cost_saved_usd",
            "US dollars saved by skipping stages and by reusing artifacts.",
            labels=["stage", "engine", "by"],
        )
        for saved_on, usd in saved.items():
            savings.add_metric(saved_on, usd)
        yield savings
        yield CounterMetricFamily(
            "vividly_over_budget",
            "Stages refused because their request would exceed --max-cost-per-request.",
            self._meter.refused if self._meter else 0,
        )
        yield GaugeMetricFamily(
            "vividly_budget_waiting",
            "Stages waiting for budget.",
            self._meter.waiting if self._meter else 0,
        )
        yield GaugeMetricFamily(
            "vividly_hour_cost_usd",
            "US dollars spent by all workers within the last hour, as last read; 0 "
            "without --max-cost-per-hour.",
            self._meter.spent_usd if self._meter else 0,
        )


def _buckets(seconds: Sequence[float]) -> list[tuple[str, int]]:
    """Return the cumulative count of values for each bound."""
    ordered = sorted(seconds)
    return [
        ("+Inf" if bound == math.inf else f"{bound:g}", bisect.bisect_right(ordered, bound))
        for bound in (*BUCKETS, math.inf)
    ]


def metrics_registry(
    tally: Tally,
    waiting: Callable[[], float],
    meter: BudgetMeter | None = None,
    lapsed: LapsedClaimsMeter | None = None,
) -> CollectorRegistry:
    """Return a registry with the metrics of one job."""
    found = CollectorRegistry()
    found.register(JobCollector(tally, waiting, meter, lapsed))
    return found
