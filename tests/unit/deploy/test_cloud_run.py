"""`deploy/cloud_run.sh` and the files it fills in; gcloud and docker are stood in for."""

from __future__ import annotations

import re

import pytest
import yaml

from pipeline.cli.app import parser
from pipeline.jobs import preflight
from pipeline.monitoring.health import HEALTH_PATHS
from pipeline.reference.flex_template import PRODUCTION
from pipeline.settings import BY_NAME, SETTINGS
from tests.unit.deploy.stand_ins import ROOT, StandIns

PLACE = ("--project=my-project", "--region=us-central1", "--tag=v1")
ACCOUNT = "--service-account=drain@my-project.iam.gserviceaccount.com"
SECRET = "projects/my-project/secrets/vividly-database/versions/latest"
WORK = ("--subscription=requests", f"--database={SECRET}", "--artifacts=gs://my-lessons/a")
IMAGE = "us-central1-docker.pkg.dev/my-project/vividly/drain:v1"

VERBS = {
    "build": PLACE,
    "job": (*PLACE, ACCOUNT, *WORK),
    "check": PLACE,
    "execute": PLACE,
    "schedule": (*PLACE, ACCOUNT),
    "service": (*PLACE, ACCOUNT, *WORK),
}
FILES = {"job": "deploy/cloud-run/job.yaml", "service": "deploy/cloud-run/service.yaml"}


@pytest.fixture
def stand_ins(tmp_path):
    stand_ins = StandIns(tmp_path)
    stand_ins.add("gcloud", "docker")
    stand_ins.answer(f'if [ "$3" = replace ]; then cat > {tmp_path}/filled; fi')
    return stand_ins


def script(stand_ins, *arguments, **environment):
    return stand_ins.run("deploy/cloud_run.sh", *arguments, **environment)


def filled(stand_ins):
    return yaml.safe_load((stand_ins.folder / "filled").read_text())


def container(document):
    spec = document["spec"]["template"]["spec"]
    if "template" in spec:
        spec = spec["template"]["spec"]
    [found] = spec["containers"]
    return spec, found


def environment_of(document):
    return {e["name"]: e["value"] for e in container(document)[1]["env"]}


@pytest.mark.parametrize("verb", VERBS)
def test_dry_run_prints_commands_of_real_run(stand_ins, verb):
    pasted, called = stand_ins.dry_run("deploy/cloud_run.sh", verb, *VERBS[verb])
    assert pasted == called != []


@pytest.mark.parametrize(("verb", "kind"), [("job", "jobs"), ("service", "services")])
def test_file_variables_are_filled_in(stand_ins, verb, kind):
    done = script(stand_ins, verb, *VERBS[verb])
    assert done.returncode == 0, done.stderr
    assert stand_ins.calls() == [["gcloud", "run", kind, "replace", "-", *PLACE[:2]]]
    document = filled(stand_ins)
    spec, drain = container(document)
    assert spec["serviceAccountName"] == "drain@my-project.iam.gserviceaccount.com"
    assert drain["image"] == IMAGE
    assert drain["args"] == ["drain"]
    environment = environment_of(document)
    assert environment["VIVIDLY_PROJECT"] == "my-project"
    assert environment["VIVIDLY_SUBSCRIPTION"] == "requests"
    assert environment["VIVIDLY_DATABASE"] == SECRET
    assert environment["VIVIDLY_ARTIFACTS"] == "gs://my-lessons/a"
    assert "${" not in (stand_ins.folder / "filled").read_text()


def test_url_without_password_is_kept_unchanged(stand_ins):
    url = "postgresql://me%40p.iam@/vividly?instance=p:us-central1:main&ip_type=private"
    done = script(stand_ins, "job", *VERBS["job"], f"--database={url}")
    assert done.returncode == 0, done.stderr
    assert environment_of(filled(stand_ins))["VIVIDLY_DATABASE"] == url


@pytest.mark.parametrize("verb", FILES)
def test_every_variable_is_a_valid_drain_setting(stand_ins, verb):
    script(stand_ins, verb, *VERBS[verb])
    variables = {s.variables[0]: s for s in SETTINGS}
    for name, value in environment_of(filled(stand_ins)).items():
        variables[name].read(value)


@pytest.mark.parametrize("verb", FILES)
def test_limits_satisfy_our_own_check(stand_ins, monkeypatch, verb):
    script(stand_ins, verb, *VERBS[verb])
    for name, engine in PRODUCTION.items():  # the image sets them
        monkeypatch.setenv(BY_NAME[name].variables[0], engine)
    for name, value in environment_of(filled(stand_ins)).items():
        monkeypatch.setenv(name, value)
    found = preflight._limits(parser("check").parse_args(["check", "drain"]))
    assert "180 a minute" in found


@pytest.mark.parametrize("verb", FILES)
def test_drain_ends_before_cloud_run_kills_it(stand_ins, verb):
    script(stand_ins, verb, *VERBS[verb])
    document = filled(stand_ins)
    environment = environment_of(document)
    # Cloud Run waits ten seconds; handing back what is left takes one to three.
    assert float(environment["VIVIDLY_SHUTDOWN_GRACE"]) <= 10 - 3
    if verb == "job":
        spec, _ = container(document)
        longest = float(environment["VIVIDLY_MAX_RUNTIME"]) + float(
            environment["VIVIDLY_SHUTDOWN_GRACE"]
        ) + BY_NAME["dependency-timeout"].default  # fmt: skip
        assert longest < spec["timeoutSeconds"]


def test_service_probes_the_drains_health_path(stand_ins):
    script(stand_ins, "service", *VERBS["service"])
    _, drain = container(filled(stand_ins))
    assert drain["ports"] == [{"containerPort": 8080}]
    assert "PORT" in BY_NAME["health-port"].variables
    for probe in ("startupProbe", "livenessProbe"):
        assert drain[probe]["httpGet"]["path"] in HEALTH_PATHS


def test_schedule_starts_the_job_of_the_file(stand_ins):
    script(stand_ins, "schedule", *VERBS["schedule"], "--schedule=*/5 * * * *")
    [call] = stand_ins.calls()
    name = yaml.safe_load(re.sub(r"\$\{\w+\}", "x", (ROOT / FILES["job"]).read_text()))["metadata"][
        "name"
    ]
    uri = f"https://run.googleapis.com/v2/projects/my-project/locations/us-central1/jobs/{name}:run"
    assert {"--schedule=*/5 * * * *", f"--uri={uri}"} <= set(call)


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        ((), "no verb; deploy/cloud_run.sh --help"),
        (("launch", *PLACE), "unknown verb: launch"),
        (("job", "--region=us-central1"), "no project: give --project"),
        (("job", *PLACE, "--colour=red"), "there is no option --colour"),
        (("job", *PLACE), "no service account: give --service-account"),
        (("job", *PLACE, ACCOUNT), "no subscription"),
        (("job", *PLACE, ACCOUNT, "--subscription=s"), "no database"),
        (("job", *PLACE, ACCOUNT, *WORK[:2]), "no bucket for artifacts"),
        (("job", *PLACE, ACCOUNT, *WORK, "--subscription=a|b"), "invalid character"),
        (
            ("job", *PLACE, ACCOUNT, *WORK, "--database=postgresql://ann:s3cret@h/d"),
            "keep the URL in Secret Manager",
        ),
        (("build", *PLACE, "--builder=buildah"), "it is docker or cloud"),
        (("build", *PLACE, "--tag"), "--tag needs a value"),
        (("schedule", *PLACE), "the account that starts the job"),
    ],
)
def test_invalid_arguments_are_refused_with_remedy(stand_ins, arguments, remedy):
    done = script(stand_ins, *arguments)
    assert done.returncode == 2
    assert remedy in done.stderr
    assert "s3cret" not in done.stderr
    assert all(call[1:3] == ["config", "get-value"] for call in stand_ins.calls())


@pytest.mark.parametrize("verb", ["job", "execute", "schedule"])
def test_failed_command_is_named_with_remedy(stand_ins, verb):
    stand_ins.answer("exit 4")
    done = script(stand_ins, verb, *VERBS[verb])
    assert done.returncode == 1
    assert "failed with status 4: " in done.stderr
