"""`deploy/first_hour.sh` in a project; gcloud, terraform, docker and vividly are stand-ins here."""

from __future__ import annotations

import re

import pytest

from tests.unit.deploy.stand_ins import ROOT, StandIns

STEPS = (
    "resources", "images", "tables", "check", "quotas", "schema", "submit", "update",
    "autoscaling", "dashboard", "drain", "accounts",
)  # fmt: skip

ANSWERS = rf"""
case "${{0##*/}} $1 $2 $3" in
"vividly publish "*) echo some-id ;;
"vividly status "*) for n in $(seq 40); do echo '"status": "completed"'; done ;;
"terraform "*" output "*) if [ "$4" = bucket ]; then echo my-bucket; else echo projects/p/x/y; fi ;;
"gcloud dataflow jobs list")
  case "$*" in
  *"value(id)"*) echo job-1 ;;
  *) if [ -e "$HOME/drained" ]; then echo Drained; else echo Running; fi ;;
  esac ;;
"gcloud dataflow jobs drain") touch "$HOME/drained" ;;
"gcloud dataflow snapshots list") echo READY ;;
"gcloud logging read "*) echo Raised the number of workers to 3 ;;
"gcloud monitoring policies list")
  sed -n 's/^  "displayName": "\(.*\)",$/\1/p' {ROOT}/deploy/monitoring/alerts/*.json ;;
"gcloud logging metrics list")
  sed -n 's/^  "name": "\(.*\)",$/\1/p' {ROOT}/deploy/monitoring/log-metrics/*.json ;;
"gcloud services list "*) for n in {{a..z}}; do echo "$n"; done ;;
esac
"""


@pytest.fixture
def stand_ins(tmp_path):
    stand_ins = StandIns(tmp_path)
    stand_ins.add("gcloud", "terraform", "docker", "vividly")
    stand_ins.answer(ANSWERS)
    return stand_ins


def first_hour(stand_ins, *arguments):
    done = stand_ins.run(
        "deploy/first_hour.sh", "--project=my-project", "--region=us-central1", "--tag=v1",
        "--requests=2", "--burst=3", f"--results={stand_ins.folder / 'results.md'}", *arguments,
        POLL="0",
    )  # fmt: skip
    file = stand_ins.folder / "results.md"
    text = file.read_text() if file.exists() else ""
    rows = re.findall(r"(?m)^\| ([a-z]+) \| (passed|FAILED|not run) \| \d+ \| (.*) \|$", text)
    return done, {name: (result, detail) for name, result, detail in rows}


def test_every_step_passes_with_a_helpful_cloud(stand_ins):
    apis = re.findall(r'(?s)APIS="(.*?)"', (ROOT / "run_dataflow.sh").read_text())[0].split()
    names = " ".join(f"{api}.googleapis.com" for api in apis)
    stand_ins.answer(ANSWERS.replace("{a..z}", names))
    done, results = first_hour(stand_ins, "--yes")
    assert {name: result for name, (result, _) in results.items()} == dict.fromkeys(
        STEPS, "passed"
    ), results
    assert done.returncode == 0, done.stderr
    calls = [" ".join(call) for call in stand_ins.calls()]
    modes = [re.findall(r"mode=(\w+)", call)[0] for call in calls if "mode=" in call]
    assert modes == ["none", "drain", "stream"]
    order = [
        "flex-template build", "jobs execute vividly-migrate", "batch", "mode=stream",
        "snapshots create", "--update", "jobs drain",
    ]  # fmt: skip
    places = [next(i for i, call in enumerate(calls) if each in call) for each in order]
    assert places == sorted(places)
    assert sum("vividly publish" in call for call in calls) == 2 + 2 + 3


def test_failed_step_stops_those_that_need_it(stand_ins):
    stand_ins.answer('if [ "${0##*/}" = terraform ]; then echo "no rights"; exit 1; fi\n' + ANSWERS)
    done, results = first_hour(stand_ins, "--yes")
    assert done.returncode == 1
    result, detail = results["resources"]
    assert result == "FAILED"
    assert "resources.log: no rights" in detail
    assert results["images"] == ("not run", "needs resources")
    assert results["accounts"] == ("not run", "needs submit")
    assert results["schema"] == ("passed", "")
    assert list(results) == list(STEPS)


def test_missing_alert_fails_the_dashboard_step(stand_ins):
    stand_ins.answer(ANSWERS.replace("alerts/*.json", "alerts/faults.json"))
    _, results = first_hour(stand_ins, "--yes")
    result, detail = results["dashboard"]
    assert result == "FAILED"
    assert "does not exist" in detail


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "it creates resources that cost money"),
        (("--yes", "--region=us-central1-a"), "is not a region"),
        (("--yes", "--burst=many"), "must be a whole number above 0"),
        (("--yes", "--brust=3"), "unexpected argument: --brust=3"),
    ],
)
def test_wrong_usage_runs_nothing(stand_ins, arguments, expected):
    done, results = first_hour(stand_ins, *arguments)
    assert done.returncode == 2
    assert expected in done.stderr
    assert results == {}


def test_help_names_every_step(stand_ins):
    done, _ = first_hour(stand_ins, "--help")
    assert done.returncode == 0
    for name in STEPS:
        assert re.search(rf"(?m)^  {name} ", done.stdout)
