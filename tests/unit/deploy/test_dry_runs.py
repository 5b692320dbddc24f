"""docs/deploy.md shows the commands that the scripts run."""

from __future__ import annotations

import re

from deploy import dry_runs
from tests.unit.deploy.test_cloud_run import VERBS as CLOUD_RUN_VERBS
from tests.unit.deploy.test_run_dataflow import VERBS

PAGE = dry_runs.PAGE.read_text(encoding="utf-8")


def test_deploy_page_is_up_to_date():
    assert dry_runs.updated(PAGE) == PAGE, "run `make docs`"


def test_every_verb_has_a_dry_run():
    shown = " ".join(dry_runs.commands(PAGE))
    for verb in VERBS:
        assert f"./run_dataflow.sh {verb} --dry-run" in shown
    for verb in CLOUD_RUN_VERBS:
        assert f"deploy/cloud_run.sh {verb} --dry-run" in shown


def test_deploy_page_exports_its_environment():
    for name, value in dry_runs.ENVIRONMENT.items():
        assert re.search(rf"^export {name}={re.escape(value)}\b", PAGE, re.MULTILINE)
