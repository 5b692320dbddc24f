"""A worker process that has not imported this project resolves the coder's URN."""

from __future__ import annotations

import shlex
import sys

import apache_beam as beam
import pytest
from apache_beam.portability.api import beam_provision_api_pb2 as provision_proto
from apache_beam.runners.job.utils import dict_to_struct
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.portability.fn_api_runner.fn_runner import ExtendedProvisionInfo
from apache_beam.transforms.environments import SubprocessSDKEnvironment
from apache_beam.utils.plugin import BeamPlugin

from pipeline.settings.beam_options import VividlyOptions
from transforms.coder import PLUGIN
from transforms.model import Outcome

WORKER = f"exec {shlex.quote(sys.executable)} -m apache_beam.runners.worker.sdk_worker_main"


@pytest.mark.timeout(300)
def test_bare_worker_encodes_and_decodes_a_model(tmp_path):
    """A worker resolves the coders of a stage before it unpickles the stage's functions."""
    options = VividlyOptions([])
    pipeline = beam.Pipeline(runner=FnApiRunner(), options=options)
    written = str(tmp_path / "decoded")
    # Pickled by value, as a lambda is: the worker imports `transforms.model` alone for it.
    _ = (
        pipeline
        | beam.Impulse()
        | "Make" >> beam.Map(lambda _: Outcome("m", "completed")).with_output_types(Outcome)
        | beam.Reshuffle()
        | "Write" >> beam.Map(lambda outcome: open(written, "x").write(repr(outcome)))  # noqa: SIM115
    )
    proto = pipeline.to_runner_api(default_environment=SubprocessSDKEnvironment(WORKER))
    told = options.get_all_options(drop_default=True)
    assert told == {"beam_plugins": [PLUGIN]}
    provisioned = provision_proto.ProvisionInfo(pipeline_options=dict_to_struct(told))
    runner = FnApiRunner(provision_info=ExtendedProvisionInfo(provisioned))
    runner.run_via_runner_api(proto, options).wait_until_finish()
    assert (tmp_path / "decoded").read_text() == repr(Outcome("m", "completed"))


def test_dataflow_runner_finds_coder_plugin():
    assert PLUGIN in BeamPlugin.get_all_plugin_paths()


@pytest.mark.parametrize(
    "given", [[], [f"--beam_plugins={PLUGIN}"], ["--beam_plugins=another.plugin"]]
)
def test_options_name_coder_plugin_once(given):
    plugins = VividlyOptions(given).get_all_options()["beam_plugins"]
    assert plugins == [*(["another.plugin"] if "another" in str(given) else []), PLUGIN]
