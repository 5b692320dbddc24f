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

from transforms.pausing_topic import PausingTopic
from transforms.telemetry import log_events, metrics

if TYPE_CHECKING:
    from transforms.ledger import Ledger

log = logging.getLogger(__name__)

LOOK = 60.0
"""Seconds between two searches for messages to send again."""


class CareTopic:
    """Publishes to one topic; thread-safe, one per process and topic.

    Args:
        name: Full resource name of the topic.
    """

    def __init__(self, name: str) -> None:
        self._topic = PausingTopic(name)
        self._lock = threading.Lock()
        self._look_at = 0.0

    def tell(self, request_id: str, category: str, level: str) -> bool:
        """Publish one message; return whether Pub/Sub has accepted it."""
        told = {"request_id": request_id, "category": category, "level": level}
        try:
            self._topic.publish(json.dumps(told).encode(), {})
        except Exception as error:  # noqa: BLE001  (help for the student never waits for the topic)
            metrics.CARE_MESSAGES_FAILED.inc()
            name = type(error).__name__
            log.error(
                log_events.CARE_NOT_TOLD, name, extra={"request_id": request_id, "error_type": name}
            )
            log.debug("because: %s", error)
            return False
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
