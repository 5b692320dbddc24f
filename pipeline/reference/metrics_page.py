"""Reference page of the Prometheus metrics."""

from __future__ import annotations

from pipeline.monitoring.prometheus import JobCollector
from pipeline.monitoring.summary import Tally

INTRODUCTION = """\
Jobs with a `--health-port` serve these metrics at `/metrics`, in the format of Prometheus.
"""


def page() -> str:
    """Return a table of every metric, as Markdown."""
    collected = JobCollector(Tally("drain"), lambda: 0.0).collect()
    rows = [
        f"| `{metric.name}{'_total' if metric.type == 'counter' else ''}` | {metric.type} "
        f"| {', '.join(f'`{name}`' for name in getattr(metric, '_labelnames', ()))} "
        f"| {metric.documentation} |"
        for metric in collected
    ]
    head = ["| metric | type | labels | what |", "|---|---|---|---|"]
    return "\n".join([INTRODUCTION, *head, *rows, ""])
