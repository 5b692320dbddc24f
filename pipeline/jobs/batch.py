"""Job that processes the requests of a file, without Pub/Sub (`vividly batch`)."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import queue
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.jobs.graph_runner import GraphRunner
from pipeline.jobs.request_lines import read_lines
from pipeline.jobs.run_size import MAX_RUN
from pipeline.jobs.scheduler import Scheduler
from pipeline.monitoring.health import check_running, serving
from pipeline.monitoring.prometheus import metrics_registry
from pipeline.monitoring.readiness import Check
from pipeline.monitoring.summary import Tally
from pipeline.stop_signals import stop_fault, stop_on_signals
from transforms.model import Message, Outcome
from transforms.parse import peek
from transforms.process.named_errors import naming
from transforms.process.supervision import ThreadFailed, restart_stale
from transforms.process.waiting import interrupted_waits
from transforms.telemetry import tracing

log = logging.getLogger(__name__)

AHEAD = 2 * MAX_RUN  # most messages queued in the scheduler
READ_AHEAD = 16  # most messages read and not yet queued in the scheduler
POLL = 0.05  # seconds between two checks for a stop signal


def messages(file: Path) -> Iterator[Message]:
    """Yield a message for each line of a file that is not blank.

    The message id is made from the line's number and content, so that a second run of the same file
    resumes unfinished requests and finds the others settled.

    Raises:
        OSError: The file cannot be read.
        UsageError: The file as a whole is not a file of lines; see `read_lines`.
    """
    for number, data in read_lines(file):
        digest = hashlib.sha256(data).hexdigest()[:32]
        yield Message(
            data=data,
            attributes={},
            message_id=f"line-{number}-{digest}",
            publish_time=datetime.now(UTC),
        )


class Batch:
    """Processes all requests of one file and stops.

    Args:
        file: File of requests, one JSON object per line; `-` for standard input.
        graph: Runner of the graph.
        workers: Number of requests processed in parallel.
        dependency_timeout: Seconds a dependency may stay down.
        shutdown_grace: Seconds to finish runs in progress after a stop signal.
        health_port: Port of the health server; None for no server.
        keep_ids: Collect `message_ids`.
    """

    def __init__(
        self,
        file: Path,
        graph: GraphRunner,
        workers: int,
        dependency_timeout: float,
        shutdown_grace: float,
        health_port: int | None = None,
        keep_ids: bool = False,
    ) -> None:
        self._file = file
        self._graph = graph
        self._health_port = health_port
        self._grace = shutdown_grace
        self._tally = Tally("batch", keep_ids)
        self._stop = threading.Event()
        self._progress = threading.Condition()
        self._read: queue.Queue[Message | Exception | None] = queue.Queue(READ_AHEAD)
        self._read_to_end = False
        self._read_error: Exception | None = None
        self._scheduler = Scheduler(graph, workers, self._settled, dependency_timeout)

    def run(self) -> dict[str, Any]:
        """Process the file and return the summary.

        An error of reading is raised if there is no message before it, and else is in `down`.

        Returns:
            The summary of `Tally.summary`, and ``unread_input``: true if lines may be unread.

        Raises:
            OSError: The file cannot be read.
            UsageError: The file as a whole is not a file of lines; see `read_lines`.
        """
        metrics = metrics_registry(
            self._tally,
            lambda: self._scheduler.down_seconds,
            self._graph.meter,
            self._graph.lapsed_claims,
        )
        with (
            serving(self._health_port, self._checks(), metrics, self._thread_failure),
            stop_on_signals(self._stop),
        ):
            threading.Thread(target=self._read_file, name="reader", daemon=True).start()
            while message := self._next_message():
                self._wait(lambda: self._scheduler.waiting < AHEAD)
                if self._ended():
                    break
                self._tally.received(1)
                request = peek(message.data)
                is_heavy = request is not None and request.modality != "text"
                student = request.student_id if request else ""
                key = self._graph.shared_key(request) if is_heavy else None
                self._scheduler.submit(message, is_heavy, student, key)
            self._wait(lambda: self._scheduler.idle)
            with interrupted_waits():
                self._scheduler.close(self._grace)
            tracing.begin_close()
            reason = self._reason()
            self._end_reading()
        result = {**self._tally.summary(reason), "unread_input": not self._read_to_end}
        if self._read_error and not result["received"]:
            raise self._read_error
        return result

    @property
    def message_ids(self) -> tuple[str, ...]:
        """Ids of the messages settled by this batch; empty without `keep_ids`."""
        return self._tally.message_ids

    @property
    def down(self) -> Exception | None:
        """The fault or the error of reading that ended this batch; None if none did."""
        return stop_fault() or self._scheduler.down or self._read_error

    def _thread_failure(self) -> ThreadFailed | None:
        return self._scheduler.thread_failure

    def _checks(self) -> dict[str, Check]:
        return {
            **self._graph.checks(),
            "scheduler": self._scheduler.check,
            "running": check_running(self._stop),
        }

    def _reason(self) -> str:
        fault = stop_fault() or self._scheduler.down
        if fault:
            return fault.exit_reason
        if self._read_error:
            return "input_error"
        finished = self._read_to_end and not self._tally.in_flight
        return "signal" if self._stop.is_set() and not finished else "end_of_file"

    def _read_file(self) -> None:
        """Read messages from the file into a queue, on a thread of its own: reads may block."""
        try:
            with naming(self._file):
                for message in messages(self._file):
                    self._read.put(message)
                    if self._stop.is_set():
                        return
            self._read.put(None)
        except Exception as error:  # noqa: BLE001  (reported by the main thread)
            self._read.put(error)

    def _next_message(self) -> Message | None:
        """Wait for the next message; return None at the end of the file or of the batch."""
        while not self._ended():
            try:
                found = self._read.get(timeout=POLL)
            except queue.Empty:
                continue
            if isinstance(found, Exception):
                self._read_error = found
                return None
            self._read_to_end = found is None
            return found
        return None

    def _end_reading(self) -> None:
        """Stop the reading thread, also if it waits because the queue is full."""
        if not self._read_to_end:
            self._stop.set()
            with contextlib.suppress(queue.Empty):
                while True:
                    self._read.get_nowait()

    def _ended(self) -> bool:
        restart_stale()
        return self._stop.is_set() or self._scheduler.down is not None

    def _wait(self, condition: Any) -> None:
        while not (condition() or self._ended()):
            with self._progress:
                self._progress.wait(POLL)  # signals are handled between two waits

    def _settled(self, worked: Sequence[Message], outcomes: Sequence[Outcome]) -> None:
        self._tally.settled(outcomes)
        with self._progress:
            self._progress.notify_all()
