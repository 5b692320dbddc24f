"""Defaults and checks of Dataflow options before a job is submitted."""

from __future__ import annotations

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import (
    DebugOptions,
    GoogleCloudOptions,
    SetupOptions,
    StandardOptions,
    WorkerOptions,
)

from pipeline.cli import app
from pipeline.jobs import dataflow_options, launcher
from pipeline.jobs.streaming import build_stream
from pipeline.settings.beam_options import VividlyOptions
from pipeline.usage_error import UsageError
from transforms.artifacts import ArtifactStore
from transforms.ledger import Ledger

DATAFLOW = "--runner=DataflowRunner"
IMAGE = "--sdk_container_image=pipeline:1"


def chosen(*arguments):
    return app.parser(only="run").parse_args(["run", *arguments])


def options(*arguments):
    made = launcher.launch_options(chosen(*arguments))
    dataflow_options.add_defaults(made)
    return made


def test_defaults_suit_rendering():
    made = options(DATAFLOW, IMAGE)
    assert made.view_as(StandardOptions).streaming
    cloud = made.view_as(GoogleCloudOptions)
    assert (cloud.job_name, cloud.enable_streaming_engine) == ("vividly-content", True)
    worker = made.view_as(WorkerOptions)
    assert (worker.machine_type, worker.max_num_workers) == ("n2-standard-4", 10)
    assert worker.autoscaling_algorithm == "THROUGHPUT_BASED"
    debug = made.view_as(DebugOptions)
    assert (made.narration_concurrency, made.video_concurrency) == (4, 2)
    assert dataflow_options.heavy_shards(made) == (40, 20)
    assert debug.number_of_worker_harness_threads == 40 + 20 + 16
    assert debug.experiments == ["no_use_multiple_sdk_containers"]
    assert dataflow_options.process_count(made) == 10


@pytest.mark.parametrize(
    ("arguments", "narrations", "videos", "processes"),
    [
        (["--machine_type=c3-standard-22", "--render-workers=1"], 22, 22, 10),
        (["--machine_type=n2-custom-6-24576", "--max_num_workers=3"], 6, 3, 3),
        (["--machine_type=f1-micro"], 1, 1, 10),
        (["--video-concurrency=1", "--narration-concurrency=9"], 9, 1, 10),
        (["--autoscaling_algorithm=NONE", "--num_workers=7"], 4, 2, 7),
        (["--num_workers=20"], 4, 2, 20),
        # One process per core.
        (["--experiments=use_multiple_sdk_containers", "--max_num_workers=2"], 1, 1, 8),
    ],
)
def test_given_options_override_defaults(arguments, narrations, videos, processes):
    made = options(DATAFLOW, IMAGE, *arguments)
    assert (made.narration_concurrency, made.video_concurrency) == (narrations, videos)
    assert dataflow_options.process_count(made) == processes
    assert dataflow_options.heavy_shards(made) == (processes * narrations, processes * videos)


@pytest.mark.parametrize("threads", [76, 100])
def test_enough_harness_threads_are_kept(threads):
    made = options(DATAFLOW, IMAGE, f"--number_of_worker_harness_threads={threads}")
    assert made.view_as(DebugOptions).number_of_worker_harness_threads == threads


def test_too_few_harness_threads_are_refused():
    with pytest.raises(UsageError, match=r"40 narrations and 20 videos .* give 76 or leave it out"):
        options(DATAFLOW, IMAGE, "--number_of_worker_harness_threads=75")
    fewer = ("--max_num_workers=2", "--number_of_worker_harness_threads=28")
    made = options(DATAFLOW, IMAGE, *fewer)
    assert made.view_as(DebugOptions).number_of_worker_harness_threads == 8 + 4 + 16


@pytest.mark.parametrize(
    ("arguments", "minutes"),
    [
        ([], 15 + 60 + 5),
        (["--video-timeout=1801"], 31 + 60 + 5),
        (["--narration-timeout=1200", "--max-cost-per-hour=5"], 20 + 60 + 65 + 5),
        (["--element_processing_timeout_minutes=30"], 30),
    ],
)
def test_element_timeout_exceeds_deadline_and_waits(arguments, minutes):
    worker = options(DATAFLOW, IMAGE, *arguments).view_as(WorkerOptions)
    assert worker.element_processing_timeout_minutes == minutes


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], ["worker_utilization_hint=0.5"]),
        (["worker_utilization_hint=0.7"], ["worker_utilization_hint=0.7"]),
        (
            ["streaming_mode_at_least_once"],
            ["streaming_mode_at_least_once", "worker_utilization_hint=0.5"],
        ),
    ],
)
def test_service_options_get_a_utilization_hint(given, expected):
    made = options(DATAFLOW, IMAGE, *(f"--dataflow_service_options={each}" for each in given))
    assert made.view_as(GoogleCloudOptions).dataflow_service_options == expected


def test_beam_options_accept_either_spelling():
    made = launcher.launch_options(
        chosen("--region", "europe-west1", "--no-use-public-ips", "--temp-location=gs://a-b/c_d",
               "--labels=team=x-y", "--labels", "cost=z", "--lease=60")
    )  # fmt: skip
    cloud = made.view_as(GoogleCloudOptions)
    assert (cloud.region, cloud.temp_location) == ("europe-west1", "gs://a-b/c_d")
    assert cloud.labels == ["team=x-y", "cost=z"]
    assert made.view_as(WorkerOptions).use_public_ips is False
    assert made.lease == 60


def test_checkout_is_staged_without_an_image():
    cloud = ("--script-engine=gemini", "--voice-engine=google")
    staged = options(DATAFLOW, *cloud).view_as(SetupOptions)
    assert staged.setup_file == str(dataflow_options.SETUP_FILE)
    assert staged.save_main_session is False
    assert options(DATAFLOW, IMAGE).view_as(SetupOptions).setup_file is None
    with pytest.raises(
        UsageError, match="the offline engines need packages that workers do not have"
    ):
        options(DATAFLOW)


def test_installed_package_needs_an_image(monkeypatch, tmp_path):
    monkeypatch.setattr(dataflow_options, "SETUP_FILE", tmp_path / "setup.py")
    with pytest.raises(UsageError, match="--sdk_container_image"):
        options(DATAFLOW)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--nonsense=1"], "nor Beam has --nonsense"),
        (["--scrpt-engine=gemini"], "did you mean --script_engine?"),
        (["--max_num_workrs=3"], "did you mean --max_num_workers?"),
        (["--runner=FlinkRunner"], "cannot read Pub/Sub from Python"),
        (["--runner=SparkleRunner"], "must be DataflowRunner or DirectRunner"),
    ],
)
def test_unknown_option_is_reported(arguments, said):
    with pytest.raises(UsageError, match=said):
        launcher.launch_options(chosen(*arguments))


def test_invalid_subscription_name_is_refused():
    nowhere = (VividlyOptions([]), Ledger("postgresql://u@h/d"), ArtifactStore("/nowhere"))
    with pytest.raises(UsageError, match="check --subscription and --project"):
        build_stream(beam.Pipeline(), "projects/p/subscriptions/s", None, *nowhere)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "need --database"),
        (["--database=postgresql://u@h/d"], "--artifacts gs://"),
        (["--database=postgresql://u@h/d", "--artifacts=gs://bucket"], "temp_location"),
    ],
)
def test_missing_dataflow_option_is_reported(arguments, said):
    given = chosen(DATAFLOW, IMAGE, "--project=local-project", *arguments)
    with pytest.raises(UsageError, match=said):
        launcher.run_on_dataflow(
            given, launcher.launch_options(given), "projects/p/subscriptions/s"
        )
