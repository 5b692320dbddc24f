"""The scripts with the real `gcloud`, whose endpoints are a server of this test.

`gcloud` itself checks every flag, the template's metadata and the files for Cloud Run; what it
sends is what Google would get.
"""

from __future__ import annotations

import json
import shutil
import sys
from typing import Any

import pytest

from pipeline.reference.flex_template import metadata
from tests.contract.fakes import google_rest
from tests.unit.deploy.stand_ins import StandIns
from tests.unit.deploy.test_cloud_run import VERBS as CLOUD_RUN
from tests.unit.deploy.test_run_dataflow import IMAGE, JOB, PLACE, SECRET, TEMPLATE

GCLOUD = shutil.which("gcloud")
pytestmark = pytest.mark.skipif(GCLOUD is None, reason="no gcloud on the path")

JOBS = "/v1b3/projects/my-project/locations/us-central1/jobs"
RUNNING = {
    "id": "2026-11-25_01_02_03-4567",
    "name": "vividly-content",
    "projectId": "my-project",
    "location": "us-central1",
    "type": "JOB_TYPE_STREAMING",
    "currentState": "JOB_STATE_RUNNING",
    "currentStateTime": "2026-11-25T01:05:00Z",
    "createTime": "2026-11-25T01:02:03Z",
}


@pytest.fixture
def google():
    with google_rest.serving() as google:
        yield google


@pytest.fixture
def script(google, tmp_path):
    """Runs a script with the real gcloud, with no configuration and a login that is made up."""
    assert GCLOUD
    stand_ins = StandIns(tmp_path, path="/usr/bin:/bin")
    (tmp_path / "gcloud").symlink_to(GCLOUD)
    (tmp_path / "token").write_text("made-up")
    apis = ("CLOUDSCHEDULER", "DATAFLOW", "LOGGING", "RUN")
    places = {f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}": "http://google.test/" for api in apis}
    settings = {
        "CLOUDSDK_CONFIG": str(tmp_path / "configuration"),
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(tmp_path / "token"),
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_CHECK_GCE_METADATA": "false",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
        # Cloud Run's hosts begin with the region, so all are reached through a proxy.
        "http_proxy": google.url,
    }

    def run(*command):
        done = stand_ins.run(*command, **settings, **places)
        print(done.stdout, done.stderr, google.calls, file=sys.stderr)
        return done

    return run


def test_gcloud_accepts_template_metadata(script):
    printed = script("./run_dataflow.sh", "build-template", "--dry-run", *TEMPLATE)
    build = printed.stdout[printed.stdout.index("gcloud dataflow flex-template build") :]
    done = script("bash", "-c", f"{build.rstrip()} --print-only")
    assert done.returncode == 0
    specification = json.loads(done.stdout.removeprefix("|-"))
    assert specification["image"] == IMAGE
    assert specification["sdkInfo"] == {"language": "PYTHON"}
    kept = {p["name"]: p for p in specification["metadata"]["parameters"]}
    for parameter in metadata()["parameters"]:
        assert kept[parameter["name"]] == parameter


def test_template_launch_request_is_complete(script, google):
    google.on("POST .*", {"job": RUNNING})
    done = script(
        "./run_dataflow.sh", "run-template", *TEMPLATE, *JOB, "--max-num-workers=8",
        "--worker-machine-type=n2-standard-4", "--no-use-public-ips", "--labels=team=content",
        "--service-account-email=worker@my-project.iam.gserviceaccount.com",
        "--subnetwork=regions/us-central1/subnetworks/workers", "--gemini-model=a,b",
    )  # fmt: skip
    assert done.returncode == 0
    [call] = google.calls
    assert call.path == "/v1b3/projects/my-project/locations/us-central1/flexTemplates:launch"
    assert call.body == {
        "launchParameter": {
            "jobName": "vividly-content",
            "containerSpecGcsPath": "gs://my-bucket/templates/vividly-v1.json",
            "parameters": {
                "subscription": "projects/my-project/subscriptions/content-requests",
                "database": SECRET,
                "artifacts": "gs://my-lessons",
                "gemini_model": "a,b",
                "sdk_container_image": IMAGE,
            },
            "environment": {
                "additionalUserLabels": {"team": "content"},
                "enableStreamingEngine": True,
                "ipConfiguration": "WORKER_IP_PRIVATE",
                "machineType": "n2-standard-4",
                "maxWorkers": 8,
                "serviceAccountEmail": "worker@my-project.iam.gserviceaccount.com",
                "stagingLocation": "gs://my-bucket/staging",
                "subnetwork": "regions/us-central1/subnetworks/workers",
                "tempLocation": "gs://my-bucket/temp",
            },
        }
    }


def test_update_request_replaces_running_job(script, google):
    google.on("POST .*", {"job": RUNNING})
    done = script(
        "./run_dataflow.sh", "update", *TEMPLATE, *JOB, "--transform-name-mappings=Old/Step=Step"
    )
    assert done.returncode == 0
    launch = google.calls[0].body["launchParameter"]
    assert launch["update"] is True
    assert launch["transformNameMappings"] == {"Old/Step": "Step"}


@pytest.mark.parametrize(
    ("verb", "state"), [("drain", "JOB_STATE_DRAINED"), ("cancel", "JOB_STATE_CANCELLED")]
)
def test_job_of_that_name_is_stopped(script, google, verb, state):
    others = [{**RUNNING, "id": "2026-other", "name": "vividly-content-2"}]
    google.on(f"GET {JOBS}", {"jobs": [*others, RUNNING]})
    google.on(f"(GET|PUT) {JOBS}/{RUNNING['id']}", RUNNING)
    done = script("./run_dataflow.sh", verb, *PLACE)
    assert done.returncode == 0
    [change] = google.calls_by("PUT")
    assert change.path == f"{JOBS}/{RUNNING['id']}"
    assert change.body["requestedState"] == state


def test_status_shows_jobs_and_counts(script, google):
    google.on(f"GET {JOBS}", {"jobs": [RUNNING]})
    google.on(f"GET {JOBS}/{RUNNING['id']}", RUNNING)
    counter = {"origin": "user", "name": "completed", "context": {"namespace": "vividly"}}
    google.on(
        f"GET {JOBS}/{RUNNING['id']}/metrics", {"metrics": [{"name": counter, "scalar": 1234}]}
    )
    done = script("./run_dataflow.sh", "status", *PLACE)
    assert done.returncode == 0
    assert RUNNING["id"] in done.stdout
    assert "Running" in done.stdout
    assert "completed" in done.stdout
    assert "1234" in done.stdout


def test_logs_show_time_severity_and_text(script, google):
    entry = {
        "insertId": "1",
        "timestamp": "2026-11-25T01:06:00Z",
        "severity": "WARNING",
        "jsonPayload": {"message": "postgres is down"},
    }
    google.on("POST /v2/entries:list", {"entries": [entry]})
    done = script("./run_dataflow.sh", "logs", *PLACE, f"--job-id={RUNNING['id']}")
    assert done.returncode == 0
    assert done.stdout.split("\t")[:3] == [
        "2026-11-25T01:06:00Z", "WARNING", "postgres is down",
    ]  # fmt: skip
    [call] = google.calls
    assert f'resource.labels.job_id="{RUNNING["id"]}"' in call.body["filter"]
    assert "timestamp>=" in call.body["filter"]


def test_google_refusal_is_printed_with_remedy(script, google):
    google.on(f"GET {JOBS}", {"jobs": [RUNNING]})
    done = script("./run_dataflow.sh", "drain", *PLACE)
    assert done.returncode == 1
    assert "not found" in done.stderr.lower()
    assert "role Dataflow Developer" in done.stderr


@pytest.mark.parametrize(
    ("verb", "collection"),
    [
        ("job", "/apis/run.googleapis.com/v1/namespaces/my-project/jobs"),
        ("service", "/apis/serving.knative.dev/v1/namespaces/my-project/services"),
    ],
)
def test_cloud_run_request_matches_the_file(script, google, verb, collection):
    there: dict[str, Any] = {}

    def create(call):
        ready = {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True"}]}
        metadata = call.body["metadata"] | {"generation": 1}
        there.update(call.body, metadata=metadata, status=ready)
        return there

    def describe(call):
        if not there:
            raise google_rest.NotFound(call.path)
        return there

    google.on(f"POST {collection}", create)
    google.on(f"GET {collection}/vividly-drain", describe)
    done = script("deploy/cloud_run.sh", verb, *CLOUD_RUN[verb])
    assert done.returncode == 0
    [created] = google.calls_by("POST")
    assert created.path == collection
    spec = created.body["spec"]["template"]["spec"]
    spec = spec["template"]["spec"] if verb == "job" else spec
    [container] = spec["containers"]
    assert container["args"] == ["drain"]
    assert container["resources"] == {"limits": {"cpu": "4", "memory": "8Gi"}}
    assert {"name": "VIVIDLY_DATABASE", "value": SECRET} in container["env"]
    if verb == "job":
        assert (spec["timeoutSeconds"], spec["maxRetries"]) == ("3600", 1)
    else:
        assert container["livenessProbe"]["httpGet"] == {"path": "/healthz"}
        annotations = created.body["spec"]["template"]["metadata"]["annotations"]
        assert annotations["run.googleapis.com/cpu-throttling"] == "false"


def test_scheduler_starts_job_as_its_account(script, google):
    google.on("POST .*/jobs", lambda call: call.body)
    done = script("deploy/cloud_run.sh", "schedule", *CLOUD_RUN["schedule"])
    assert done.returncode == 0
    [created] = google.calls_by("POST")
    assert created.path == "/v1/projects/my-project/locations/us-central1/jobs"
    target = created.body["httpTarget"]
    assert created.body["schedule"] == "*/10 * * * *"
    assert target["httpMethod"] == "POST"
    assert target["uri"].endswith("/locations/us-central1/jobs/vividly-drain:run")
    assert target["oauthToken"]["serviceAccountEmail"] == (
        "drain@my-project.iam.gserviceaccount.com"
    )


@pytest.mark.parametrize(("verb", "arguments"), [("check", [["check", "drain"]]), ("execute", [])])
def test_job_is_executed_and_awaited(script, google, verb, arguments):
    collection = "/apis/run.googleapis.com/v1/namespaces/my-project"
    done = {"conditions": [{"type": "Completed", "status": "True"}], "observedGeneration": 1}
    execution = {
        "apiVersion": "run.googleapis.com/v1",
        "kind": "Execution",
        "metadata": {"name": "vividly-drain-x", "namespace": "my-project", "generation": 1},
        "spec": {"taskCount": 1},
        "status": {**done, "succeededCount": 1},
    }
    google.on(f"POST {collection}/jobs/vividly-drain:run", execution)
    google.on(f"GET {collection}/executions/vividly-drain-x", execution)
    finished = script("deploy/cloud_run.sh", verb, *CLOUD_RUN[verb])
    assert finished.returncode == 0
    [started] = google.calls_by("POST")
    overrides = (started.body or {}).get("overrides", {}).get("containerOverrides", [])
    assert [override["args"] for override in overrides] == arguments
