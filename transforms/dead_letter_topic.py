"""DeadLetterTopic publishes copies of dead letters; the ledger has the letters themselves.

A copy that cannot be published is logged and counted. It fails neither its message nor the job.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from transforms import pubsub_client
from transforms.pausing_topic import PausingTopic
from transforms.process.singletons import process_singleton
from transforms.telemetry import log_events, metrics

if TYPE_CHECKING:
    from transforms.ledger import DeadLetterDetail
    from transforms.model import DeadLetter

log = logging.getLogger(__name__)


class DeadLetterTopic:
    """Publishes copies of dead letters to one topic; thread-safe, one per process and topic.

    Args:
        name: Full resource name of the topic.
    """

    def __init__(self, name: str) -> None:
        self._topic = PausingTopic(name)

    def publish(self, letter: DeadLetter | DeadLetterDetail) -> None:
        """Publish the original message, with the reason of its failure in attributes."""
        try:
            self._topic.publish(
                letter.message.data,
                pubsub_client.merge_attributes(letter.message.attributes, _reason(letter)),
            )
        except Exception as error:  # noqa: BLE001  (no failure of a copy may fail the message)
            _report_missing_copy(letter, type(error).__name__)
            log.debug("because: %s", error)


class MissingCopies:
    """Counts copies that this process could not publish; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0

    @property
    def count(self) -> int:
        """Number of dead letters whose copy could not be published."""
        return self._count

    def add(self) -> None:
        """Count one more copy that could not be published."""
        with self._lock:
            self._count += 1


def missing_copies() -> MissingCopies:
    """Return this process's counter of copies that could not be published."""
    return process_singleton(MissingCopies)


def publish_copy(topic: str, letter: DeadLetter | DeadLetterDetail) -> None:
    """Publish a copy of a dead letter that the ledger has; never raises.

    Args:
        topic: Full resource name of the topic.
        letter: The dead letter.
    """
    process_singleton(DeadLetterTopic, topic).publish(letter)


def _reason(letter: DeadLetter | DeadLetterDetail) -> dict[str, str]:
    facts = {
        "error-type": letter.error_type,
        "error": letter.error,
        "stage": letter.stage,
        "message-id": letter.message.message_id,
        "retryable": "true" if letter.retryable else "false",
        "field": letter.field,
        "request-id": letter.request_id,
    }
    return {f"vividly-{name}": value for name, value in facts.items() if value is not None}


def _report_missing_copy(letter: DeadLetter | DeadLetterDetail, error_type: str) -> None:
    metrics.DEAD_LETTER_COPIES_FAILED.inc()
    missing_copies().add()
    log.error(
        log_events.COPY_FAILED,
        error_type,
        extra=log_events.log_fields(letter.message, stage=letter.stage, error_type=error_type),
    )
