"""`run_dataflow.sh` calls gcloud, docker and vividly, which are replaced by stand-ins here."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from tests.unit.deploy.stand_ins import ROOT, StandIns

PLACE = ("--project=my-project", "--region=us-central1")
TEMPLATE = (*PLACE, "--bucket=my-bucket", "--tag=v1")
SECRET = "projects/my-project/secrets/vividly-database/versions/latest"
JOB = ("--subscription=content-requests", f"--database={SECRET}", "--artifacts=gs://my-lessons")
IMAGE = "us-central1-docker.pkg.dev/my-project/vividly/vividly:v1"
ID = "2026-11-25_01_02_03-4567"

VERBS = {
    "check": TEMPLATE,
    "build-template": TEMPLATE,
    "run-template": (*TEMPLATE, *JOB),
    "update": (*TEMPLATE, *JOB),
    "run": (*TEMPLATE, *JOB),
    "status": PLACE,
    "logs": PLACE,
    "drain": PLACE,
    "cancel": PLACE,
}


@pytest.fixture
def stand_ins(tmp_path):
    stand_ins = StandIns(tmp_path)
    stand_ins.add("gcloud", "docker", "vividly")
    stand_ins.answer(f'if [ "$2 $3" = "jobs list" ]; then echo {ID}; fi')
    return stand_ins


def script(stand_ins, *arguments, **environment):
    return stand_ins.run("./run_dataflow.sh", *arguments, **environment)


def parameters(call):
    """The parameters of a template's launch, as gcloud reads them."""
    found = [a.removeprefix("--parameters=") for a in call if a.startswith("--parameters=")]
    return dict(pair.split("=", 1) for pair in found)


@pytest.mark.parametrize("verb", VERBS)
def test_dry_run_prints_commands_of_real_run(stand_ins, verb):
    pasted, called = stand_ins.dry_run("./run_dataflow.sh", verb, *VERBS[verb])
    assert pasted == called != []


def test_dry_run_of_snapshot_prints_commands_of_real_run(stand_ins):
    stand_ins.answer(
        f'case "$2 $3" in "jobs list") echo {ID} ;; "snapshots list") echo READY ;; esac'
    )
    pasted, called = stand_ins.dry_run(
        "./run_dataflow.sh", "update", *VERBS["update"], "--snapshot"
    )
    assert pasted == called != []


def test_help_names_every_verb(stand_ins):
    done = script(stand_ins, "--help")
    assert done.returncode == 0
    for verb in VERBS:
        assert re.search(rf"^  {verb} ", done.stdout, re.MULTILINE)


def test_build_template_builds_pushes_and_writes_template(stand_ins):
    assert script(stand_ins, "build-template", *TEMPLATE).returncode == 0
    build, push, template = stand_ins.calls()
    assert build[:2] == ["docker", "build"]
    assert f"--tag={IMAGE}" in build
    assert "--platform=linux/amd64" in build  # what Dataflow's workers are
    assert push == ["docker", "push", IMAGE]
    assert template[:5] == [
        "gcloud", "dataflow", "flex-template", "build", "gs://my-bucket/templates/vividly-v1.json",
    ]  # fmt: skip
    assert {f"--image={IMAGE}", "--metadata-file=deploy/metadata.json"} <= set(template)


def test_cloud_build_needs_no_docker(stand_ins):
    (stand_ins.folder / "docker").unlink()
    done = script(stand_ins, "build-template", *TEMPLATE, "--builder=cloud")
    assert done.returncode == 0, done.stderr
    assert [call[:3] for call in stand_ins.calls()] == [
        ["gcloud", "builds", "submit"],
        ["gcloud", "dataflow", "flex-template"],
    ]


def test_launch_passes_options_as_gcloud_flags(stand_ins):
    done = script(
        stand_ins, "run-template", *TEMPLATE, *JOB,
        "--max-num-workers=8", "--worker_machine_type", "n2-standard-4", "--no-use-public-ips",
        "--labels=team=content,stage=prod", "--script-timeout=90",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    [call] = stand_ins.calls()
    assert call[:5] == ["gcloud", "dataflow", "flex-template", "run", "vividly-content"]
    assert {
        "--max-workers=8",
        "--worker-machine-type=n2-standard-4",
        "--disable-public-ips",
        "--additional-user-labels=team=content,stage=prod",
        "--enable-streaming-engine",
        "--staging-location=gs://my-bucket/staging",
        "--temp-location=gs://my-bucket/temp",
    } <= set(call)
    assert parameters(call) == {
        "subscription": "projects/my-project/subscriptions/content-requests",
        "database": SECRET,
        "artifacts": "gs://my-lessons",
        "script_timeout": "90",
        "sdk_container_image": IMAGE,
    }


def test_value_with_comma_is_not_split(stand_ins):
    script(stand_ins, "run-template", *TEMPLATE, *JOB, "--gemini-model=a,b|c")
    [call] = stand_ins.calls()
    assert "--parameters=^~^gemini_model=a,b|c" in call


def test_worker_image_can_be_overridden(stand_ins):
    script(stand_ins, "run-template", *TEMPLATE, *JOB, "--sdk-container-image=registry/other:2")
    [call] = stand_ins.calls()
    assert parameters(call)["sdk_container_image"] == "registry/other:2"


def test_update_replaces_job_of_that_name(stand_ins):
    script(
        stand_ins, "update", *TEMPLATE, *JOB, "--job-name=lessons",
        "--transform-name-mappings=Old=New",
    )  # fmt: skip
    [call] = stand_ins.calls()
    assert call[4] == "lessons"
    assert {"--update", "--transform-name-mappings=Old=New"} <= set(call)


def test_update_saves_a_snapshot_first(stand_ins):
    stand_ins.answer(
        f"""case "$2 $3" in
"jobs list") echo {ID} ;;
"snapshots list") if [ -e "$HOME/asked" ]; then echo READY; else echo PENDING; fi
    touch "$HOME/asked" ;;
esac"""
    )
    done = script(stand_ins, "update", *TEMPLATE, *JOB, "--snapshot", SNAPSHOT_POLL="0")
    assert done.returncode == 0, done.stderr
    _, create, *polls, update = stand_ins.calls()
    assert create[:4] == ["gcloud", "dataflow", "snapshots", "create"]
    assert {f"--job-id={ID}", "--snapshot-sources=true"} <= set(create)
    assert [poll[3] for poll in polls] == ["list", "list"]
    assert "--update" in update


def test_failed_snapshot_prevents_the_update(stand_ins):
    stand_ins.answer(
        f'case "$2 $3" in "jobs list") echo {ID} ;; "snapshots list") echo FAILED ;; esac'
    )
    done = script(stand_ins, "update", *TEMPLATE, *JOB, "--snapshot")
    assert done.returncode == 2
    assert f"the snapshot of {ID} is FAILED, not READY: the job was not updated" in done.stderr
    assert "--update" not in str(stand_ins.calls())


def test_run_starts_job_with_beam_option_names(stand_ins):
    script(stand_ins, "run", *TEMPLATE, *JOB, "--max-num-workers=8", "--no-wait")
    [call] = stand_ins.calls()
    assert call[:2] == ["vividly", "run"]
    assert {
        "--runner=DataflowRunner",
        "--project=my-project",
        "--region=us-central1",
        "--job_name=vividly-content",
        "--max_num_workers=8",
        "--no_wait",
        f"--sdk_container_image={IMAGE}",
        f"--database={SECRET}",
    } <= set(call)


@pytest.mark.parametrize(("verb", "status"), [("drain", "active"), ("cancel", "active")])
def test_job_is_found_by_name(stand_ins, verb, status):
    script(stand_ins, verb, *PLACE, "--job-name=lessons")
    look_up, act = stand_ins.calls()
    assert {"--filter=name=lessons", f"--status={status}"} <= set(look_up)
    assert act == ["gcloud", "dataflow", "jobs", verb, ID, *PLACE]


def test_job_can_be_named_by_id(stand_ins):
    script(stand_ins, "drain", *PLACE, "--job-id=2026-x")
    assert stand_ins.calls() == [["gcloud", "dataflow", "jobs", "drain", "2026-x", *PLACE]]


def test_logs_are_filtered_by_job(stand_ins):
    script(stand_ins, "logs", *PLACE, "--severity=ERROR", "--since=2h", "--limit=5")
    _, read = stand_ins.calls()
    assert read[:3] == ["gcloud", "logging", "read"]
    assert f'resource.labels.job_id="{ID}"' in read[3]
    assert "severity>=ERROR" in read[3]
    assert {"--freshness=2h", "--limit=5"} <= set(read)


def test_environment_supplies_missing_options(stand_ins):
    script(
        stand_ins, "run-template", *JOB,
        VIVIDLY_PROJECT="other-project", VIVIDLY_REGION="europe-west1",
        VIVIDLY_BUCKET="gs://other-bucket/", VIVIDLY_TAG="v2", VIVIDLY_JOB_NAME="lessons",
        VIVIDLY_REPOSITORY="images",
    )  # fmt: skip
    [call] = stand_ins.calls()
    assert call[4] == "lessons"
    assert {
        "--project=other-project",
        "--region=europe-west1",
        "--template-file-gcs-location=gs://other-bucket/templates/vividly-v2.json",
        "--parameters=sdk_container_image="
        "europe-west1-docker.pkg.dev/other-project/images/vividly:v2",
    } <= set(call)


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        ((), "no verb; ./run_dataflow.sh --help"),
        (("restart", *PLACE), "unknown verb: restart"),
        (("status", "--region=us-central1"), "no project: give --project=ID"),
        (("status", "--project=p"), "is not a project id"),
        (("status", "--project=my-project"), "no region: give --region"),
        (("status", "--project=my-project", "--region=Mars"), "is not a region such as"),
        (("status", *PLACE, "--job-name=Lessons"), "small letters, digits and hyphens"),
        (("drain", *PLACE, "--force"), "drain has no option --force"),
        (("drain", *PLACE, "again"), "unexpected argument: again"),
        (("build-template", *PLACE), "no bucket: give --bucket=NAME"),
        (("build-template", *PLACE, "--bucket=b/folder"), "without folders"),
        (("build-template", *TEMPLATE, "--builder=kaniko"), "it is docker or cloud"),
        (("build-template", *PLACE, "--bucket=my-bucket", "--tag=a/b"), "is not a tag"),
        (("run-template", *TEMPLATE), "the job needs --subscription"),
        (("run-template", *TEMPLATE, *JOB, "--subscribtion=x"), "has no parameter subscribtion"),
        (
            ("run-template", *TEMPLATE, *JOB, "--transform-name-mappings=a=b"),
            "belongs to update",
        ),
        (("update", *TEMPLATE, *JOB, '--transform-name-mapping={"a":"b"}'), "OLD=NEW"),
        (
            ("run-template", *TEMPLATE, "--database=postgresql://ann:s3cret@host/db"),
            "keep the URL in Secret Manager",
        ),
    ],
)
def test_invalid_arguments_are_refused_with_remedy(stand_ins, arguments, remedy):
    done = script(stand_ins, *arguments)
    assert done.returncode == 2
    assert remedy in done.stderr
    assert "s3cret" not in done.stderr
    assert all(call[1:3] == ["config", "get-value"] for call in stand_ins.calls())


@pytest.mark.parametrize("program", ["gcloud", "docker"])
def test_missing_program_is_named(tmp_path, program):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "env", "cat", "grep", "git", "dirname", "basename"):
        found = shutil.which(name)
        assert found
        (tools / name).symlink_to(found)
    stand_ins = StandIns(tmp_path, path=str(tools))
    stand_ins.add(*({"gcloud", "docker"} - {program}))
    done = script(stand_ins, "build-template", *TEMPLATE)
    assert done.returncode == 2
    assert f"{program} is not on the path: install" in done.stderr
    assert stand_ins.calls() == []


def test_failed_command_is_named_with_remedy(stand_ins):
    stand_ins.answer('if [ "$1" = push ]; then echo denied >&2; exit 3; fi')
    done = script(stand_ins, "build-template", *TEMPLATE)
    assert done.returncode == 1
    assert "denied" in done.stderr
    assert '"docker push' in done.stderr
    assert "failed with status 3" in done.stderr
    assert "gcloud auth configure-docker us-central1-docker.pkg.dev" in done.stderr
    assert [call[0] for call in stand_ins.calls()] == ["docker", "docker"]


@pytest.mark.parametrize("verb", ["drain", "cancel", "logs"])
def test_missing_job_is_reported_without_action(stand_ins, verb):
    stand_ins.answer("")
    done = script(stand_ins, verb, *PLACE)
    assert done.returncode == 2
    assert "no job vividly-content in my-project, us-central1" in done.stderr
    assert len(stand_ins.calls()) == 1


def test_logged_out_account_is_told_from_missing_job(stand_ins):
    stand_ins.answer("exit 1")
    done = script(stand_ins, "drain", *PLACE)
    assert done.returncode == 1
    assert "gcloud auth login" in done.stderr
    assert "no job" not in done.stderr


def test_check_reports_present_and_missing_parts(stand_ins):
    stand_ins.answer("""
        case "$1 $2" in
          "services list") printf 'dataflow.googleapis.com\\npubsub.googleapis.com\\n' ;;
          "storage buckets" | "secrets versions") exit 1 ;;
        esac
    """)
    done = script(stand_ins, "check", *TEMPLATE, *JOB, "--service-account-email=w@x.example")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert "ok      API dataflow" in lines
    assert "ok      subscription projects/my-project/subscriptions/content-requests" in lines
    assert "ok      service account w@x.example" in lines
    failed = {line.split(":")[0]: line for line in lines if line.startswith("FAILED")}
    assert "gcloud services enable aiplatform" in failed["FAILED  API aiplatform"]
    assert "gcloud storage buckets create gs://my-bucket" in "".join(failed.values())
    assert "gcloud secrets create vividly-database" in failed["FAILED  secret vividly-database"]


def test_check_succeeds_when_nothing_is_missing(stand_ins):
    names = "aiplatform artifactregistry compute dataflow logging monitoring pubsub secretmanager"
    names += " sqladmin storage texttospeech"
    stand_ins.answer(f"for a in {names}; do echo $a.googleapis.com; done")
    done = script(stand_ins, "check", *TEMPLATE)
    assert done.returncode == 0, done.stdout
    assert "FAILED" not in done.stdout


def test_required_options_match_the_template():
    text = (ROOT / "run_dataflow.sh").read_text()
    required = re.search(r'^REQUIRED="(.*)"$', text, re.MULTILINE)
    assert required
    metadata = json.loads((ROOT / "deploy/metadata.json").read_text())
    in_template = {p["name"] for p in metadata["parameters"] if not p.get("isOptional")}
    assert set(required[1].split()) | {"sdk_container_image"} == in_template
