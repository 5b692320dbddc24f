"""Count running requests whose lease has expired and that no delivery has taken over.

A redelivered message takes a lapsed claim over within minutes. A claim that stays lapsed longer has
lost its message, for example because a Dataflow job was cancelled, and needs an operator.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta

from transforms.errors import EnvironmentFault
from transforms.ledger import Ledger
from transforms.process.singletons import process_singleton
from transforms.telemetry import log_events

log = logging.getLogger(__name__)

LAPSED_FOR = timedelta(minutes=15)
"""Time after the end of its lease from which a claim is counted; redelivery takes less."""

MAX_AGE = 60.0
"""Seconds until a process counts again."""


class LapsedClaimsMeter:
    """Caches and logs the number of lapsed claims in the ledger.

    Args:
        ledger: Ledger in which all workers claim.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._counting = threading.Lock()
        self._counted_at: float | None = None
        self.count = 0
        """Lapsed claims at the last count."""

    def refresh(self) -> None:
        """Count lapsed claims again if the count is too old; log it unless it is zero.

        A ledger that cannot be read is no error: the statements of the work will report it.
        """
        if not self._counting.acquire(blocking=False):
            return  # another thread counts
        try:
            now = time.monotonic()
            if self._counted_at is not None and now - self._counted_at < MAX_AGE:
                return
            self._counted_at = now
            self.count = self._ledger.lapsed_claims(LAPSED_FOR)
        except EnvironmentFault as fault:
            log.debug("lapsed claims could not be counted: %s", fault)
            return
        finally:
            self._counting.release()
        if self.count:
            log.warning(log_events.LAPSED_CLAIMS, self.count, LAPSED_FOR.total_seconds() / 60)


def lapsed_claims_meter(ledger: Ledger) -> LapsedClaimsMeter:
    """Return this process's `LapsedClaimsMeter` for a ledger."""
    return process_singleton(LapsedClaimsMeter, ledger)
