"""A Beam worker process sends the spans of its steps to the collector of its options."""

from __future__ import annotations

import shlex
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.portability.api import beam_provision_api_pb2 as provision_proto
from apache_beam.runners.job.utils import dict_to_struct
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.portability.fn_api_runner.fn_runner import ExtendedProvisionInfo
from apache_beam.transforms.environments import SubprocessSDKEnvironment

from pipeline.settings.beam_options import VividlyOptions
from tests.otlp_collector import collecting
from transforms.model import Message
from transforms.parse import ParseRequests

WORKER = f"exec {shlex.quote(sys.executable)} -m apache_beam.runners.worker.sdk_worker_main"
PATIENCE = 120.0


class _AwaitFile(beam.DoFn):
    """Holds the bundle, and so the worker, until a file exists."""

    def __init__(self, file: str) -> None:
        self._file = file

    def process(self, _: object) -> None:
        deadline = time.monotonic() + PATIENCE
        while not Path(self._file).exists() and time.monotonic() < deadline:
            time.sleep(0.01)


@pytest.mark.timeout(300)
def test_worker_sends_spans_to_the_collector_of_its_options(tmp_path, monkeypatch):
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    received = tmp_path / "received"
    message = Message(b"{}", {}, "m-1", datetime.now(UTC))
    with collecting() as collector:
        collector.on_spans = received.touch
        options = VividlyOptions([f"--otlp_endpoint={collector.url}"])
        pipeline = beam.Pipeline(runner=FnApiRunner(), options=options)
        parsed = pipeline | beam.Create([message]) | ParseRequests()
        _ = parsed.dead_letters | beam.ParDo(_AwaitFile(str(received)))
        proto = pipeline.to_runner_api(default_environment=SubprocessSDKEnvironment(WORKER))
        told = options.get_all_options(drop_default=True)
        provisioned = provision_proto.ProvisionInfo(pipeline_options=dict_to_struct(told))
        runner = FnApiRunner(provision_info=ExtendedProvisionInfo(provisioned))
        runner.run_via_runner_api(proto, options).wait_until_finish()
    [span] = collector.spans
    assert (span.name, span.attributes["messaging.message.id"]) == ("parse", "m-1")
