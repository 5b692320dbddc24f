"""`vividly run --runner=DataflowRunner` submits a job that workers can execute."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import apache_beam as beam
import av
import pytest
from apache_beam.portability.api import beam_runner_api_pb2 as beam_proto
from google.cloud import storage
from sqlalchemy import make_url

from pipeline.cli import app
from pipeline.graph import build
from pipeline.jobs import launcher
from pipeline.settings.beam_options import VividlyOptions
from pipeline.usage_error import UsageError
from tests.contract.fakes.dataflow import serving
from tests.e2e import clean_venv, command
from tests.graph import golden
from transforms.artifacts import ArtifactStore
from transforms.coder import PLUGIN
from transforms.ledger import Ledger
from transforms.model import Message

PROJECT = "local-project"
SECRET = "projects/local-project/secrets/vividly-database/versions/latest"
IMAGE = "us-docker.pkg.dev/local-project/vividly/pipeline:1"
CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def dataflow():
    with serving() as server:
        yield server


@pytest.fixture
def arguments(dataflow, gcs, postgres, vault):
    """Arguments that every job needs; tests add to them."""
    vault.secrets[SECRET] = postgres.url.encode()
    return [
        "--runner=DataflowRunner",
        f"--project={PROJECT}",
        "--region=us-central1",
        f"--temp_location={gcs.root}/tmp",
        f"--dataflow_endpoint={dataflow.endpoint}",
        "--subscription=content-requests",
        f"--database={SECRET}",
        f"--artifacts={gcs.root}/lessons",
    ]


def staged(gcs, name):
    """Return the content of the only staged file with a name."""
    bucket = storage.Client(project=PROJECT).bucket(gcs.name)
    [blob] = [blob for blob in bucket.list_blobs(prefix="tmp/") if blob.name.endswith(f"/{name}")]
    return blob.download_as_bytes()


def test_submitted_job_has_expected_options(arguments, dataflow, gcs):
    done = command.run_program(
        "run", *arguments, "--no-wait", "--id-label=publication", "--job_name=lessons",
        f"--sdk_container_image={IMAGE}", "--max_num_workers=4", "--num_workers=2",
        "--worker_machine_type", "c3-standard-8", "--number_of_worker_harness_threads=70",
        "--service-account-email=worker@local-project.iam.gserviceaccount.com",
        "--subnetwork=regions/us-central1/subnetworks/private", "--no_use_public_ips",
        "--labels=team=lessons", "--labels=stage=test", "--script_engine=gemini",
        "--voice_engine=google", "--dataflow_service_options=enable_google_cloud_profiler",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    [job] = dataflow.jobs.values()
    shown = json.loads(done.stdout)
    assert (shown["job"], shown["id"], shown["project"]) == ("lessons", job["id"], PROJECT)
    assert shown["console"].endswith(f"/jobs/us-central1/{job['id']}?project={PROJECT}")

    assert (job["name"], job["location"]) == ("lessons", "us-central1")
    assert job["type"] in (2, "JOB_TYPE_STREAMING")
    assert job["labels"] == {"team": "lessons", "stage": "test"}
    environment = job["environment"]
    assert environment["serviceAccountEmail"] == "worker@local-project.iam.gserviceaccount.com"
    assert environment["serviceOptions"] == [
        "enable_google_cloud_profiler", "worker_utilization_hint=0.5",
    ]  # fmt: skip
    experiments = environment["experiments"]
    assert {"enable_streaming_engine", "no_use_multiple_sdk_containers"} <= set(experiments)
    assert "use_multiple_sdk_containers" not in experiments
    [pool] = environment["workerPools"]
    assert (pool["machineType"], pool["numWorkers"]) == ("c3-standard-8", 2)
    assert pool["autoscalingSettings"]["maxNumWorkers"] == 4
    assert pool["numThreadsPerWorker"] == 70  # 4 × (8 + 4) + 16 are needed
    assert pool["subnetwork"] == "regions/us-central1/subnetworks/private"
    assert pool["ipConfiguration"] in (2, "WORKER_IP_PRIVATE")
    [harness] = pool["sdkHarnessContainerImages"]
    assert harness["containerImage"] == IMAGE
    options = environment["sdkPipelineOptions"]["options"]
    assert (options["script_engine"], options["voice_engine"]) == ("gemini", "google")
    assert options["video_concurrency"] == 4  # of 8 cores, at two scenes each
    assert options["element_processing_timeout_minutes"] == 80

    proto = beam_proto.Pipeline.FromString(staged(gcs, "pipeline.pb"))
    recorded = json.loads(golden.FILE.read_text())
    described = golden.describe(proto)
    assert described == {part: recorded[part] for part in described}
    assert options["beam_plugins"].count(PLUGIN) == 1
    [read] = [
        beam_proto.PubSubReadPayload.FromString(step.spec.payload)
        for step in proto.components.transforms.values()
        if step.spec.urn == "beam:transform:pubsub_read:v1"
    ]
    assert read.subscription == f"projects/{PROJECT}/subscriptions/content-requests"
    assert (read.id_attribute, read.with_attributes) == ("publication", True)


@pytest.mark.parametrize(("state", "status"), [("JOB_STATE_DRAINED", 0), ("JOB_STATE_FAILED", 1)])
def test_update_waits_for_end_of_job(arguments, dataflow, state, status):
    running = dataflow.create({"name": "vividly-content"}, "us-central1")["id"]
    dataflow.ends_as = state
    update = ("--update", '--transform_name_mapping={"Old label": "Parse"}')
    done = command.run("run", *arguments, f"--sdk_container_image={IMAGE}", *update)
    assert done.returncode == status, done.stderr
    assert ("Out of quota" in done.stderr.splitlines()[-1]) == bool(status)
    job = dataflow.jobs[json.loads(done.stdout)["id"]]
    assert job["replaceJobId"] == running
    assert job["transformNameMapping"] == {"Old label": "Parse"}
    assert dataflow.jobs[running]["currentState"] == "JOB_STATE_UPDATED"
    assert job["environment"]["workerPools"][0]["machineType"] == "n2-standard-4"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("running", "update", "expected"),
    [
        ("vividly-content", [], "running already: replace it with --update"),
        ("another", ["--update"], "no job named vividly-content is running in us-central1"),
    ],
)
def test_refused_submission_states_the_reason(arguments, dataflow, running, update, expected):
    dataflow.create({"name": running}, "us-central1")
    given = [*arguments, f"--sdk_container_image={IMAGE}", *update]
    chosen = app.parser(only="run").parse_args(["run", *given])
    with pytest.raises(UsageError, match=expected):
        launcher.run_on_dataflow(
            chosen, launcher.launch_options(chosen), f"projects/{PROJECT}/subscriptions/s"
        )
    assert len(dataflow.jobs) == 1


def test_password_in_database_url_is_refused(arguments, dataflow, postgres):
    given = [*arguments, f"--sdk_container_image={IMAGE}", f"--database={postgres.url}"]
    chosen = app.parser(only="run").parse_args(["run", *given])
    with pytest.raises(UsageError, match="--database holds a password") as refused:
        launcher.run_on_dataflow(
            chosen, launcher.launch_options(chosen), f"projects/{PROJECT}/subscriptions/s"
        )
    assert str(make_url(postgres.url).password) not in str(refused.value)
    assert dataflow.jobs == {}


def test_template_location_receives_the_graph(arguments, dataflow, gcs, tmp_path):
    """The launcher starts the file by its path, in another folder, with a template location."""
    done = subprocess.run(
        [sys.executable, CHECKOUT / "pipeline" / "main.py", *arguments, "--job_name=lessons",
         f"--sdk_container_image={IMAGE}", f"--template_location={gcs.root}/tmp/job_object",
         "--force=false", "--fail_on_dead_letter=true"],
        cwd=tmp_path, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert dataflow.jobs == {}
    assert json.loads(staged(gcs, "job_object"))["name"] == "lessons"


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_staged_package_suffices_for_workers(arguments, dataflow, gcs, postgres, tmp_path):
    done = command.run_program(
        "run", *arguments, "--no-wait", "--script-engine=gemini", "--voice-engine=google"
    )
    assert done.returncode == 0, done.stderr
    [job] = dataflow.jobs.values()
    packages = {p["name"]: p["location"] for p in job["environment"]["workerPools"][0]["packages"]}
    assert packages["workflow.tar.gz"].startswith(
        f"storage.googleapis.com/{gcs.name}/tmp/vividly-content."
    )
    archive = tmp_path / "workflow.tar.gz"
    archive.write_bytes(staged(gcs, archive.name))

    programs = clean_venv.make(tmp_path / "venv", archive, extra="local")
    found = subprocess.run(
        [programs / "python", "-c", "import sys, transforms; print(transforms.__file__, sys.path)"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert found.startswith(str(tmp_path))
    assert str(CHECKOUT) not in found
    subprocess.run(
        [programs / "vividly", "db", "upgrade", f"--database={postgres.url}"],
        cwd=tmp_path,
        check=True,
    )

    texts = command.request(), command.request("Explain gravity", requested_modalities=["video"])
    messages = [
        Message(json.dumps(request).encode(), {}, f"message-{at}", datetime.now(UTC))
        for at, request in enumerate(texts)
    ]
    ledger, store = Ledger(postgres.url), ArtifactStore(str(tmp_path / "artifacts"))
    # A worker starts with the options, and imports only Beam and the plugins they name.
    worker = (
        f"cd {tmp_path} && exec env -u PYTHONPATH -u VIRTUAL_ENV PATH={programs}:$PATH "
        f"{programs}/python -m apache_beam.runners.worker.sdk_worker_main"
    )
    options = VividlyOptions(
        ["--runner=PortableRunner", "--job_endpoint=embed",
         "--environment_type=beam:env:harness_subprocess_python:v1",
         f"--environment_config={worker}"]
    )  # fmt: skip
    with beam.Pipeline(options=options) as pipeline:
        source = pipeline | beam.Create(messages).with_output_types(Message)
        build(source, options, ledger, store)
    totals = ledger.totals()
    assert (totals.completed, totals.dead_lettered, totals.in_flight) == (2, 0, 0)
    video = Path(store.root) / texts[1]["request_id"] / "video.mp4"
    with av.open(str(video)) as opened:
        assert opened.streams.video[0].codec_context.name == "h264"
        assert sum(1 for _ in opened.decode(video=0)) > 100
