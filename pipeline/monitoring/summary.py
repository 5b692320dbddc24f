"""Counts of messages, durations and costs, and the final summary of a job."""

from __future__ import annotations

import json
import math
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.output_file import write_output
from transforms.model import Outcome

SETTLED = ("completed", "duplicate", "dead_lettered")


class Tally:
    """Counts messages and outcomes of a job; thread-safe.

    Args:
        mode: Mode of the job, such as ``drain``.
        keep_ids: Collect the ids of settled messages, which a report needs.
    """

    def __init__(self, mode: str, keep_ids: bool = False) -> None:
        self._mode = mode
        self._ids: list[str] | None = [] if keep_ids else None
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._received = 0
        self._settled: Counter[str] = Counter()
        self._seconds: dict[str, list[float]] = {}
        self._end_to_end: list[float] = []
        self._cancelled = 0
        self._needs_care = 0
        self._reused = 0
        self._shared: Counter[tuple[str, bool]] = Counter()  # by stage, and whether it was copied
        self._shared_usd: dict[str, float] = {}
        self._cost: dict[tuple[str, str], float] = {}
        self._saved: dict[tuple[str, str, str], float] = {}

    @property
    def in_flight(self) -> int:
        """Number of messages received and not settled."""
        with self._lock:
            return self._received - self._settled.total()

    @property
    def message_ids(self) -> tuple[str, ...]:
        """Ids of the messages settled so far; empty without `keep_ids`."""
        with self._lock:
            return tuple(self._ids or ())

    def received(self, messages: int) -> None:
        """Count messages received for the first time."""
        with self._lock:
            self._received += messages

    def settled(self, outcomes: Iterable[Outcome]) -> None:
        """Count outcomes that were committed to the ledger."""
        with self._lock:
            for outcome in outcomes:
                if outcome.status not in SETTLED:
                    continue
                self._settled[outcome.status] += 1
                self._cancelled += outcome.error_type == "Cancelled"
                self._needs_care += outcome.needs_care
                if self._ids is not None:
                    self._ids.append(outcome.message_id)
                for saving in outcome.savings:
                    self._add_saved(saving.stage, saving.engine, "skipped", saving.usd)
                if outcome.spent:
                    self._add_cost(outcome.spent.stage, outcome.spent.engine, outcome.spent.usd)
                # A redelivered message has an outcome without records.
                if outcome.status == "completed" and outcome.records:
                    self._end_to_end.append(outcome.seconds)
                for record in outcome.records:
                    if record.topic and (record.shared or not record.reused):
                        self._shared[record.stage, bool(record.shared)] += 1
                        saved = self._shared_usd.get(record.stage, 0.0)
                        self._shared_usd[record.stage] = saved + record.cost_usd - record.paid_usd
                    if record.reused:
                        self._reused += 1
                        self._add_saved(record.stage, record.engine, "reused", record.cost_usd)
                    else:
                        self._add_cost(record.stage, record.engine, record.cost_usd)
                        self._seconds.setdefault(record.stage, []).append(record.seconds)

    def _add_cost(self, stage: str, engine: str, usd: float) -> None:
        key = stage, engine
        self._cost[key] = self._cost.get(key, 0.0) + usd

    def _add_saved(self, stage: str, engine: str, by: str, usd: float) -> None:
        key = stage, engine, by
        self._saved[key] = self._saved.get(key, 0.0) + usd

    def costs(self) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str, str], float]]:
        """Return US dollars spent by (stage, engine) and saved by (stage, engine, how).

        `how` is ``skipped`` for a stage that was not requested, ``reused`` for a reused artifact.
        """
        with self._lock:
            return dict(self._cost), dict(self._saved)

    def sharing(self) -> dict[str, tuple[int, int, float]]:
        """Return results copied, results made, and US dollars saved, by stage.

        Only results that requests may share count.
        """
        with self._lock:
            return self._sharing()

    def _sharing(self) -> dict[str, tuple[int, int, float]]:
        return {
            stage: (self._shared[stage, True], self._shared[stage, False], usd)
            for stage, usd in self._shared_usd.items()
        }

    def durations(self) -> tuple[dict[str, list[float]], list[float]]:
        """Return the durations of stages, by stage, and of completed requests, in seconds.

        A request's time starts when its message is published.
        """
        with self._lock:
            stages = {stage: list(values) for stage, values in self._seconds.items()}
            return stages, list(self._end_to_end)

    def summary(self, exit_reason: str) -> dict[str, Any]:
        """Return the summary; costs in US dollars, times in seconds."""
        with self._lock:
            settled = {name: self._settled[name] for name in SETTLED}
            lessons = settled["completed"] - self._needs_care
            worked = lessons + settled["dead_lettered"] - self._cancelled
            return {
                "mode": self._mode,
                "exit_reason": exit_reason,
                "received": self._received,
                "completed": settled["completed"],
                "duplicates": settled["duplicate"],
                "dead_lettered": settled["dead_lettered"],
                "cancelled": self._cancelled,  # counted among the dead letters, but not a failure
                "in_flight": self._received - sum(settled.values()),
                "needs_care": self._needs_care,  # counted as completed, and neither as a success
                "success_rate": round(lessons / worked, 4) if worked else None,
                "reused_stages": self._reused,
                "runtime_seconds": round(time.monotonic() - self._started, 3),
                "cost_usd": round(sum(self._cost.values()), 8),
                "cost_saved_usd": _sum(self._saved, 2, "skipped"),
                "reuse_saved_usd": _sum(self._saved, 2, "reused"),
                "shared": {
                    stage: {
                        "hits": hits,
                        "hit_rate": round(hits / (hits + misses), 4),
                        "reuse_saved_usd": round(usd, 8),
                    }
                    for stage, (hits, misses, usd) in self._sharing().items()
                },
                "stages": {
                    stage: {
                        "count": len(values),
                        "seconds": round(sum(values), 3),
                        "p50_seconds": percentile(values, 50),
                        "p95_seconds": percentile(values, 95),
                        "cost_usd": _sum(self._cost, 0, stage),
                    }
                    for stage, values in self._seconds.items()
                },
            }


def _sum(amounts: Mapping[Any, float], at: int, part: str) -> float:
    """Sum the amounts whose key has `part` at index `at`."""
    return round(sum((usd for key, usd in amounts.items() if key[at] == part), 0.0), 8)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile: the least value that `percent` % do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def write_summary(summary: dict[str, Any], file: str | None) -> str:
    """Return the summary as one line of JSON; also write it to `file` if one is given.

    Raises:
        OSError: The file cannot be written; the error names the file.
    """
    line = json.dumps(summary)
    if file:
        write_output(file, line + "\n")
    return line
