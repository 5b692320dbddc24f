"""What a job counts, as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from pipeline.summary import SETTLED, Tally


class JobCollector(Collector):
    """Reads a tally whenever it is asked.

    Args:
        tally: the job's counts.
        waiting: seconds for which a dependency has been down.
    """

    def __init__(self, tally: Tally, waiting: Callable[[], float]) -> None:
        self._tally = tally
        self._waiting = waiting

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
        yield CounterMetricFamily("vividly_cost_usd", "US dollars spent.", now["cost_usd"])
        yield CounterMetricFamily(
            "vividly_cost_saved_usd", "US dollars that skipped stages saved.", now["cost_saved_usd"]
        )
        seconds = SummaryMetricFamily(
            "vividly_stage_seconds", "Seconds that stages took.", labels=["stage"]
        )
        for stage, found in now["stages"].items():
            seconds.add_metric([stage], found["count"], found["seconds"])
        yield seconds
        yield GaugeMetricFamily(
            "vividly_dependency_wait_seconds",
            "How long a dependency has been down; 0 when none is.",
            self._waiting(),
        )


def registry(tally: Tally, waiting: Callable[[], float]) -> CollectorRegistry:
    """A registry of one job."""
    found = CollectorRegistry()
    found.register(JobCollector(tally, waiting))
    return found
