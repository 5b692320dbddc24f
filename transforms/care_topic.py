"""CareTopic tells staff on a Pub/Sub topic that a student needs care.

A message has the request's id, the category and the level, and nothing else. One that cannot be
published is logged and counted, fails neither its request nor the job, and is sent again later.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from typing import TYPE_CHECKING

from transforms import pubsub_client
from transforms.telemetry import log_events, metrics

if TYPE_CHECKING:
    from transforms.ledger import Ledger

log = logging.getLogger(__name__)

TIMEOUT = 5.0
"""Seconds until Pub/Sub must accept a message, retries included."""

PAUSE = 30.0
"""Seconds without a try after the topic failed."""

LOOK = 60.0
"""Seconds between two searches for messages to send again."""


class CareTopic:
    """Publishes to one topic; thread-safe, one per process and topic.

    Args:
        name: Full resource name of the topic.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._resume_at = 0.0
        self._look_at = 0.0

    def tell(self, request_id: str, category: str, level: str) -> bool:
        """Publish one message; return whether Pub/Sub has accepted it."""
        if time.monotonic() < self._resume_at:
            return self._failed(request_id, "Paused")
        told = {"request_id": request_id, "category": category, "level": level}
        try:
            pubsub_client.publish(self._name, json.dumps(told).encode(), {}, timeout=TIMEOUT)
        except Exception as error:  # noqa: BLE001  (help for the student never waits for the topic)
            self._resume_at = time.monotonic() + PAUSE
            log.debug("because: %s", error)
            return self._failed(request_id, type(error).__name__)
        return True

    def tell_untold(self, ledger: Ledger) -> None:
        """Publish messages that did not reach the topic, at most once in `LOOK` seconds."""
        from transforms.ledger import care

        with self._lock:
            now = time.monotonic()
            if now < self._look_at:
                return
            self._look_at = now + LOOK
        told = []
        for row in care.untold(ledger):
            if not self.tell(row.request_id, row.category, row.level):
                break
            told.append(row.request_id)
        if told:
            care.told(ledger, told)

    def _failed(self, request_id: str, error_type: str) -> bool:
        metrics.CARE_MESSAGES_FAILED.inc()
        fields = {"request_id": request_id, "error_type": error_type}
        log.error(log_events.CARE_NOT_TOLD, error_type, extra=fields)
        return False
