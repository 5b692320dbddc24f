"""The launch file of the Flex Template writes a job when Google's launcher starts it.

The launcher runs the file as a script, with every parameter as `--name=value` and with
`--template_location`: the job is not submitted but written to Cloud Storage, where the service
reads it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from apache_beam.internal import pickler
from apache_beam.portability.api import beam_runner_api_pb2
from google.cloud import storage
from sqlalchemy import make_url

from pipeline.reference.flex_template import metadata
from tests.unit.deploy.test_image import environment
from transforms.ledger import Ledger

ROOT = Path(__file__).parents[2]
SECRET = "projects/my-project/secrets/vividly-database/versions/latest"
IMAGE = "us-central1-docker.pkg.dev/my-project/vividly/vividly:v1"
SUBSCRIPTION = "projects/my-project/subscriptions/content-requests"


def launch(gcs, folder, **parameters):
    """Run the launch file with the arguments that the launcher passes."""
    file = ROOT / environment()["FLEX_TEMPLATE_PYTHON_PY_FILE"].partition("site-packages/")[2]
    given = {
        "subscription": SUBSCRIPTION,
        "database": SECRET,
        "artifacts": f"{gcs.root}/lessons",
        "sdk_container_image": IMAGE,
        **parameters,
        "runner": "DataflowRunner",
        "project": "my-project",
        "region": "us-central1",
        "job_name": "vividly-content",
        "service_account_email": "worker@my-project.iam.gserviceaccount.com",
        "max_num_workers": "8",
        "temp_location": f"{gcs.root}/temp",
        "staging_location": f"{gcs.root}/staging",
        "template_location": f"{gcs.root}/staging/template_launches/1/job_object",
        "labels": '{"goog-dataflow-provided-template-type":"flex"}',
    }
    ours = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    production = {k: v for k, v in environment().items() if k.startswith("VIVIDLY_")}
    return subprocess.run(
        [sys.executable, str(file), *(f"--{name}={value}" for name, value in given.items())],
        cwd=folder,
        env={**ours, **production},
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.fixture
def bucket(gcs):
    return storage.Client(project="my-project").bucket(gcs.name)


def staged(bucket):
    return {blob.name: blob.download_as_bytes() for blob in bucket.list_blobs(prefix="staging/")}


def test_launch_writes_job_for_the_service(gcs, bucket, vault, postgres, tmp_path):
    vault.secrets[SECRET] = postgres.url.encode()
    form = {p["name"]: p["defaultValue"] for p in metadata()["parameters"] if "defaultValue" in p}
    chosen = {"script_timeout": "90", "number_of_worker_harness_threads": "90"}
    done = launch(gcs, tmp_path, **(form | chosen))
    assert done.returncode == 0, done.stderr
    files = staged(bucket)
    job = json.loads(files["staging/template_launches/1/job_object"])
    assert job["name"] == "vividly-content"
    assert job["type"] == "JOB_TYPE_STREAMING"
    [pool] = job["environment"]["workerPools"]
    assert {i["containerImage"] for i in pool["sdkHarnessContainerImages"]} == {IMAGE}
    options = job["environment"]["sdkPipelineOptions"]["options"]
    assert (options["script_engine"], options["voice_engine"]) == ("gemini", "google")
    assert options["script_timeout"] == 90
    assert options["number_of_worker_harness_threads"] == 90
    assert options["max_num_workers"] == 8
    assert options["force"] is False

    [graph] = [data for name, data in files.items() if name.endswith("pipeline.pb")]
    pipeline = beam_runner_api_pb2.Pipeline.FromString(graph)
    transforms = pipeline.components.transforms.values()
    [source] = [t for t in transforms if "pubsub_read" in t.spec.urn]
    assert SUBSCRIPTION.encode() in source.spec.payload
    # The image holds the packages, so nothing is installed when a worker starts.
    assert not [name for name in files if name.endswith((".tar.gz", ".whl", "requirements.txt"))]
    # The job holds the name of the database's secret, though the launch has read its value.
    assert {ledger.url for ledger in ledgers(transforms)} == {SECRET}
    assert vault.requests
    password = make_url(postgres.url).password
    assert password
    assert not [name for name, data in files.items() if password.encode() in data]
    assert password not in done.stderr + done.stdout


def ledgers(transforms):
    """Yield the ledgers held by the steps of a graph."""
    for transform in transforms:
        if transform.spec.urn == "beam:transform:pardo:v1":
            payload = beam_runner_api_pb2.ParDoPayload.FromString(transform.spec.payload)
            held = vars(pickler.loads(payload.do_fn.payload)[0]).values()
            yield from (value for value in held if isinstance(value, Ledger))


def test_wrong_parameter_fails_the_launch(gcs, bucket, tmp_path):
    done = launch(gcs, tmp_path, video_size="1x1")
    assert done.returncode == 2
    assert re.search(r"video-size.*1280x720", done.stderr)
    assert staged(bucket) == {}
