"""The whole graph settles five mixed messages on every runner, and again when redelivered.

With `--offline-engines` the lessons are real ones (`make nightly`); otherwise stand-ins make them.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.portability.api import beam_provision_api_pb2 as provision_proto
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.runners.job.utils import dict_to_struct
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.portability.fn_api_runner.fn_runner import ExtendedProvisionInfo
from apache_beam.testing import test_stream
from apache_beam.transforms.environments import SubprocessSDKEnvironment
from apache_beam.transforms.window import TimestampedValue

from pipeline.settings.beam_options import VividlyOptions
from tests.runners import servers
from tests.runners.mixed import MESSAGES, Job
from transforms.model import Message

pytestmark = pytest.mark.timeout(600)

WORKER = f"exec {shlex.quote(sys.executable)} -m apache_beam.runners.worker.sdk_worker_main"


def in_process(job: Job, _: Path) -> Callable[[], None]:
    """FnApiRunner, with the worker in its own process."""
    return lambda: job.run(runner=FnApiRunner())


def worker_process(job: Job, _: Path) -> Callable[[], None]:
    """FnApiRunner, with a worker process that speaks gRPC."""

    def run(pipeline: beam.Pipeline, options: VividlyOptions) -> Any:
        proto = pipeline.to_runner_api(default_environment=SubprocessSDKEnvironment(WORKER))
        given = dict_to_struct(options.get_all_options(drop_default=True))
        provisioned = provision_proto.ProvisionInfo(pipeline_options=given)
        runner = FnApiRunner(provision_info=ExtendedProvisionInfo(provisioned))
        return runner.run_via_runner_api(proto, options)

    return lambda: job.run(runner=FnApiRunner(), translated=run)


def bundle_based(job: Job, _: Path) -> Callable[[], None]:
    """BundleBasedDirectRunner, the engine of `vividly run` without Dataflow."""
    return lambda: job.run(runner=BundleBasedDirectRunner())


@pytest.mark.parametrize("start", [in_process, worker_process, bundle_based])
def test_runner_settles_mixed_messages(job, tmp_path, start):
    run = start(job, tmp_path)
    run()
    job.check()
    stages = job.stages()
    run()  # all messages are delivered again
    job.check()
    assert job.stages() == stages, "redelivered messages call no engine"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The address of Beam's job server, a process of its own."""
    with servers.job_server(tmp_path_factory.mktemp("server")) as address:
        yield address


@contextmanager
def loopback(_: Path) -> Iterator[tuple[str, ...]]:
    """Workers are threads of the launching process."""
    yield ("--environment_type=LOOPBACK",)


@contextmanager
def pool(folder: Path) -> Iterator[tuple[str, ...]]:
    """Workers are processes that Beam's worker pool starts with the package's boot program."""
    with servers.worker_pool(folder) as address:
        yield "--environment_type=EXTERNAL", f"--environment_config={address}"


@pytest.mark.parametrize("workers", [loopback, pytest.param(pool, marks=pytest.mark.nightly)])
def test_job_server_settles_mixed_messages(job, server, tmp_path, workers):
    with workers(tmp_path) as flags:
        job.run("--runner=PortableRunner", f"--job_endpoint={server}", *flags)
    job.check()


def test_killed_worker_loses_no_message(job, server, tmp_path):
    """Its messages are delivered again, to another worker."""
    if job.engines:
        pytest.skip("the stand-ins render too quickly: give --offline-engines")
    portable = ("--runner=PortableRunner", f"--job_endpoint={server}")
    with ThreadPoolExecutor(1) as launcher:
        with pool(tmp_path) as flags:
            killed = launcher.submit(job.run, *portable, *flags)
            servers.wait_for(lambda: "video" in {row.stage for row in job.ledger.requests()})
        with pytest.raises(RuntimeError, match="FAILED"):
            killed.result(servers.PATIENCE)
    with pool(tmp_path) as flags:
        job.run(*portable, *flags)
    job.check()


def test_stream_settles_messages_as_time_passes(job):
    """Event time moves past the memory of the duplicate filter between two messages."""
    ttl = 600
    times = {0: 0, 1: 1, 2: 2, 3: 3, 4: 2 * ttl}
    source = test_stream.TestStream(coder=beam.coders.registry.get_coder(Message))
    for position, time in times.items():
        source.advance_watermark_to(time)
        source.add_elements([TimestampedValue(MESSAGES[position], time)])
    source.advance_watermark_to_infinity()
    job.run(
        runner=BundleBasedDirectRunner(),
        source=lambda pipeline: pipeline | source,
    )
    job.check()
