"""PausingTopic publishes to a topic, and stops trying for a while after the topic failed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from transforms import pubsub_client
from transforms.errors import PermanentError

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT = 5.0
"""Seconds until Pub/Sub must accept a message, retries included."""

PAUSE = 30.0
"""Seconds without a try after the topic failed, so that messages do not wait for it one by one."""


class Paused(Exception):
    """Raised instead of a try while the topic is paused."""


class PausingTopic:
    """Publishes to one topic, and refuses for a while after a failure; thread-safe.

    Args:
        name: Full resource name of the topic.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._resume_at = 0.0

    def publish(self, data: bytes, attributes: Mapping[str, str]) -> None:
        """Publish one message, or raise `Paused` for a while after a failure.

        Raises:
            Paused: The topic failed less than `PAUSE` seconds ago.
            Exception: Pub/Sub has not accepted the message, for a reason of any kind.
        """
        if time.monotonic() < self._resume_at:
            raise Paused
        try:
            pubsub_client.publish(self._name, data, attributes, timeout=TIMEOUT)
        except PermanentError:  # about this message, not about the topic
            raise
        except Exception:
            self._resume_at = time.monotonic() + PAUSE
            raise
