"""Limits of an engine's calls: concurrency per process, and rate for all workers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from transforms.ledger import Ledger
from transforms.process.retry import LONGEST_WAIT
from transforms.process.singletons import process_singleton
from transforms.stage.engine_gate import EngineGate, ThrottledTime
from transforms.stage.shared_rate import SharedRate


@dataclass(frozen=True)
class EngineLimits:
    """Limits of one stage's engine, applied to each of its models separately.

    Attributes:
        stage: The stage.
        engine: The engine; each engine of a stage has limits of its own.
        at_once: Maximum number of concurrent calls of this process; None for no limit.
        per_minute: Maximum number of calls of all workers that begin in a minute, evenly spread;
            None for no limit.
        ledger: Ledger that holds the limit of all workers; only needed for `per_minute`.
    """

    stage: str
    engine: str = ""
    at_once: int | None = None
    per_minute: float | None = None
    ledger: Ledger | None = None

    def name(self, model: str = "") -> str:
        """Return the name under which the ledger keeps the rate limit."""
        return "/".join(filter(None, (self.stage, self.engine, model)))

    @contextmanager
    def admitted(
        self, patience: float = LONGEST_WAIT, left: float | None = None, model: str = ""
    ) -> Iterator[None]:
        """Wait until the limits allow a call; hold its place during the block.

        Args:
            patience: Maximum number of seconds to wait for a slot, and for the rate limit.
            left: Seconds until the stage's deadline, a further limit of the wait for an overloaded
                engine; None for none.
            model: The model that is called; empty if the engine has one only.

        Raises:
            QuotaExhausted: The engine, or the rate limit, allows no call in that time.
            DependencyDown: No slot became free in that time, or Postgres cannot be reached.
            Interrupted: The job ends.
        """
        gate = process_singleton(_gate, self, model)
        with gate.admitted(patience, patience if left is None else min(patience, left)):
            yield

    def take_throttled(self) -> int:
        """Return the whole seconds that calls have waited for the rate since this was last called.

        Waits for a slot are not counted: unlike a quota, more workers shorten them.
        """
        return process_singleton(_throttled, self).take()


def _throttled(limits: EngineLimits) -> ThrottledTime:
    return ThrottledTime()


def _gate(limits: EngineLimits, model: str) -> EngineGate:
    shared = None
    if limits.per_minute:
        assert limits.ledger, "a limit of all workers needs a ledger"
        shared = SharedRate(limits.ledger, limits.name(model), limits.per_minute)
    throttled = process_singleton(_throttled, limits)
    return EngineGate(limits.stage, limits.at_once, shared, throttled)
