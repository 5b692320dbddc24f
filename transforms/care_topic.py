"""CareTopic notifies staff, on a Pub/Sub topic, of students who need care.

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
    """Publishes notifications to one topic; thread-safe, one per process and topic.

    Args:
        name: Full resource name of the topic.
    """

    def __init__(self, name: str) -> None:
        self._topic = PausingTopic(name)
        self._lock = threading.Lock()
        self._look_at = 0.0

    def notify(self, request_id: str, category: str, level: str) -> bool:
        """Publish the notification of one request; return whether Pub/Sub has accepted it."""
        notification = {"request_id": request_id, "category": category, "level": level}
        try:
            self._topic.publish(json.dumps(notification).encode(), {})
        except Exception as error:  # noqa: BLE001  (help never depends on the topic)
            metrics.CARE_MESSAGES_FAILED.inc()
            name = type(error).__name__
            log.error(
                log_events.CARE_NOT_TOLD, name, extra={"request_id": request_id, "error_type": name}
            )
            log.debug("because: %s", error)
            return False
        return True

    def notify_unsent(self, ledger: Ledger) -> None:
        """Publish notifications that failed before, at most once in `LOOK` seconds."""
        from transforms.ledger import care

        with self._lock:
            now = time.monotonic()
            if now < self._look_at:
                return
            self._look_at = now + LOOK
        sent = []
        for row in care.unnotified(ledger):
            if not self.notify(row.request_id, row.category, row.level):
                break
            sent.append(row.request_id)
        if sent:
            care.mark_notified(ledger, sent)
