"""The final summary of a job: what came of every message, and what it took."""

from __future__ import annotations

import json
import math
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from transforms.model import Outcome

SETTLED = ("completed", "duplicate", "dead_lettered")


class Tally:
    """Counts messages and outcomes as they come; safe to use from several threads.

    Args:
        mode: what kind of job it is.
        keep_ids: whether to keep the ids of the messages settled, as a report needs them.
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
        self._reused = 0
        self._cost: dict[tuple[str, str], float] = {}
        self._saved: dict[tuple[str, str, str], float] = {}

    @property
    def in_flight(self) -> int:
        """Messages received and not settled."""
        with self._lock:
            return self._received - self._settled.total()

    @property
    def message_ids(self) -> tuple[str, ...]:
        """The messages settled so far; none unless they are kept."""
        with self._lock:
            return tuple(self._ids or ())

    def received(self, messages: int) -> None:
        """Count messages received for the first time."""
        with self._lock:
            self._received += messages

    def settled(self, outcomes: Iterable[Outcome]) -> None:
        """Count outcomes that are committed to the ledger."""
        with self._lock:
            for outcome in outcomes:
                if outcome.status not in SETTLED:
                    continue
                self._settled[outcome.status] += 1
                self._cancelled += outcome.error_type == "Cancelled"
                if self._ids is not None:
                    self._ids.append(outcome.message_id)
                for saving in outcome.savings:
                    self._add_saved(saving.stage, saving.engine, "skipped", saving.usd)
                if outcome.status == "completed" and outcome.records:  # not one delivered again
                    self._end_to_end.append(outcome.seconds)
                for record in outcome.records:
                    if record.reused:
                        self._reused += 1
                        self._add_saved(record.stage, record.engine, "reused", record.cost_usd)
                    else:
                        key = record.stage, record.engine
                        self._cost[key] = self._cost.get(key, 0.0) + record.cost_usd
                        self._seconds.setdefault(record.stage, []).append(record.seconds)

    def _add_saved(self, stage: str, engine: str, by: str, usd: float) -> None:
        key = stage, engine, by
        self._saved[key] = self._saved.get(key, 0.0) + usd

    def money(self) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str, str], float]]:
        """US dollars spent, by stage and engine, and saved, by stage, engine and how.

        A stage is saved when it is ``skipped``, as nobody asked for it, or its result ``reused``.
        """
        with self._lock:
            return dict(self._cost), dict(self._saved)

    def seconds(self) -> tuple[dict[str, list[float]], list[float]]:
        """What each stage took, by stage, and each request from its publication on."""
        with self._lock:
            stages = {stage: list(values) for stage, values in self._seconds.items()}
            return stages, list(self._end_to_end)

    def summary(self, exit_reason: str) -> dict[str, Any]:
        """The summary as it is printed; money in US dollars, times in seconds."""
        with self._lock:
            settled = {name: self._settled[name] for name in SETTLED}
            worked = settled["completed"] + settled["dead_lettered"] - self._cancelled
            return {
                "mode": self._mode,
                "exit_reason": exit_reason,
                "received": self._received,
                "completed": settled["completed"],
                "duplicates": settled["duplicate"],
                "dead_lettered": settled["dead_lettered"],
                "cancelled": self._cancelled,  # among the dead letters; nothing failed
                "in_flight": self._received - sum(settled.values()),
                "success_rate": round(settled["completed"] / worked, 4) if worked else None,
                "reused_stages": self._reused,
                "runtime_seconds": round(time.monotonic() - self._started, 3),
                "cost_usd": round(sum(self._cost.values()), 8),
                "cost_saved_usd": _sum(self._saved, 2, "skipped"),
                "reuse_saved_usd": _sum(self._saved, 2, "reused"),
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
    """The amounts whose key has that part in that place."""
    return round(sum((usd for key, usd in amounts.items() if key[at] == part), 0.0), 8)


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile (the least value that at least `percent` % do not exceed)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def write_summary(summary: dict[str, Any], file: str | None) -> str:
    """The summary on one line; also in `file`, when one is named.

    Raises:
        OSError: the file cannot be written.
    """
    line = json.dumps(summary)
    if file:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text(line + "\n", encoding="utf-8")
    return line
