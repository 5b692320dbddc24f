"""Publish requests again if the Pub/Sub server that held their messages has ended.

The embedded server keeps messages in memory. A request that was in work when it ended has a row
whose claim lapses; without a message no worker would take it over.
"""

from __future__ import annotations

import json
import logging
import threading
from contextlib import suppress
from typing import Self

from pipeline.serve.services import RequestService
from transforms.errors import EnvironmentFault, InvalidRequest
from transforms.ledger import RequestRow

log = logging.getLogger(__name__)

INTERVAL = 2.0  # seconds between two looks
MOST = 100  # requests of one look
OF_BATCH = "line-"
"""Start of the message ids of a batch, which resumes its requests itself."""


class Resumption:
    """Publishes requests with a lapsed claim again, once for each attempt.

    Args:
        service: Ledger and topic.
    """

    def __init__(self, service: RequestService) -> None:
        self._service = service
        self._stop = threading.Event()
        self._done: set[tuple[str, int]] = set()
        self._thread = threading.Thread(target=self._watch, name="resumption", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()

    def publish(self) -> int:
        """Publish requests whose claim has lapsed by now; return their number.

        Raises:
            DependencyDown: Postgres or Pub/Sub cannot be reached.
        """
        count = 0
        for row in self._service.ledger.requests(status="lapsed", limit=MOST):
            attempt = row.request_id, row.attempts
            if attempt in self._done or row.message_id.startswith(OF_BATCH):
                continue
            with suppress(InvalidRequest):  # written by another version
                self._service.submit(_message(row))
                count += 1
            self._done.add(attempt)
        return count

    def _watch(self) -> None:
        while not self._stop.wait(INTERVAL):
            with suppress(EnvironmentFault):  # the drain reports it
                count = self.publish()
                if count:
                    log.info("continuing %d requests whose worker has stopped", count)


def _message(row: RequestRow) -> bytes:
    """Return the message data that asks for a request again."""
    fields = dict(row.request)
    more = fields.pop("metadata", {})
    return json.dumps({**more, **fields}).encode()
