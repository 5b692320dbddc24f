"""The streaming graph behind real shuffles, in worker processes that a test stops and kills."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.portability.fn_api_runner import worker_handlers
from apache_beam.runners.worker.sdk_worker import SdkHarness
from apache_beam.transforms.environments import Environment

from benchmarks.keyed_service import KeyedService
from tests import fork_server
from transforms.process import child

FORKED = "vividly:env:forked:v1"


def run_harness(address: str, worker_id: str) -> None:
    """Run Beam's worker until the service closes its connection.

    Args:
        address: Of the service's control endpoint.
        worker_id: Id that the service gave.
    """
    child._context = _fork_held_stages
    SdkHarness(
        address,
        worker_id=worker_id,
        state_cache_size=1 << 20,
        runner_capabilities=worker_handlers.FNAPI_RUNNER_CAPABILITIES,
    ).run()


def _fork_held_stages() -> multiprocessing.context.ForkServerContext:
    """Return a context whose children load neither fonts nor encoders, which takes seconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.integration.held_stages"])
    return context


class ForkedEnvironment(Environment):
    """Environment of workers in processes of their own.

    Args:
        log: File that they write to.
    """

    def __init__(self, log: Path) -> None:
        super().__init__()
        self._log = log

    def to_runner_api(self, context: Any) -> beam_runner_api_pb2.Environment:
        return beam_runner_api_pb2.Environment(
            urn=FORKED,
            payload=os.fsencode(self._log),
            capabilities=self.capabilities(),
        )


@worker_handlers.WorkerHandler.register_environment(FORKED, bytes)
class _ForkedWorker(worker_handlers.GrpcWorkerHandler):
    """A worker process.

    Attributes:
        process: The process, once it is started.
    """

    process: fork_server.Forked

    def __init__(self, log: bytes, state: Any, provision_info: Any, grpc_server: Any) -> None:
        super().__init__(state, provision_info, grpc_server)
        self._log = Path(os.fsdecode(log))

    def start_worker(self) -> None:
        with self._log.open("ab") as file:
            self.process = fork_server.start(
                run_harness,
                self.control_address,
                self.worker_id,
                stdout=file,
                stderr=file,
                environment=os.environ,
            )

    def send(self, number: signal.Signals) -> None:
        """Send a signal; the process must be running."""
        os.kill(self.process.pid, number)

    def close(self) -> None:
        with suppress(ProcessLookupError):
            self.send(signal.SIGKILL)
        with suppress(Exception):  # the connection of a killed worker
            super().close()

    def stop_worker(self) -> None:
        """Do nothing: `close` has killed the process."""


class ProcessService(KeyedService):
    """A service whose worker is a process of its own; one that dies is replaced."""

    def __init__(self, build: Any, threads: int, log: Path) -> None:
        super().__init__(build, threads, environment=ForkedEnvironment(log), repeat_failed=True)

    def _start_worker(self) -> Any:
        worker = super()._start_worker()
        threading.Thread(target=self._replace_dead, args=(worker,), daemon=True).start()
        return worker

    def _replace_dead(self, worker: _ForkedWorker) -> None:
        worker.process.wait()
        self.replace_worker(worker)

    def close(self) -> None:
        """Kill the worker; elements that are left are lost, as those of a cancelled job."""
        self._stop()
        self._manager.close_all()
        super().close()
