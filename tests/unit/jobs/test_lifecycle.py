"""Report and exit status at the end of a job."""

from __future__ import annotations

import argparse

import pytest

from pipeline.jobs import lifecycle
from pipeline.monitoring.summary import Tally
from pipeline.report import data
from tests.reports import ordinary
from transforms.errors import DependencyDown
from transforms.ledger import Ledger
from transforms.ledger.scoped import Scope
from transforms.model import Outcome

LEDGER = Ledger("postgresql://user@localhost/nothing")


def finish(report, down=None):
    chosen = argparse.Namespace(report=report, summary=None, fail_on_dead_letter=False)
    result = Tally("drain").summary("empty_queue")
    reported = lifecycle.write_report(result, ["m-1", "m-2"], LEDGER, chosen)
    return lifecycle.finish_job(result, down, chosen, reported)


def test_report_covers_messages_of_the_run(monkeypatch, tmp_path):
    asked: list[tuple] = []

    def gather(*arguments, **_):
        asked.append(arguments)
        return ordinary()

    monkeypatch.setattr(data, "gather", gather)
    assert finish(str(tmp_path / "report.html")) == 0
    [(_, scope, title)] = asked
    assert (scope, title) == (Scope(message_ids=("m-1", "m-2")), "Drain")
    assert (tmp_path / "report.html").exists()


@pytest.mark.parametrize("error", [DependencyDown("postgres", "gone"), PermissionError("no")])
def test_missing_report_fails_job_after_summary(monkeypatch, capsys, error):
    def gather(*_, **__):
        raise error

    monkeypatch.setattr(data, "gather", gather)
    assert finish("report.html") == 1
    said = capsys.readouterr()
    assert '"exit_reason": "empty_queue"' in said.out
    assert "cannot write the report report.html" in said.err
    assert finish("report.html", DependencyDown("pubsub", "gone")) == 3


def test_jobs_keep_ids_only_for_reports():
    outcomes = [Outcome("1", "completed"), Outcome("2", "superseded"), Outcome("3", "duplicate")]
    for keep, ids in ((False, ()), (True, ("1", "3"))):
        tally = Tally("drain", keep)
        tally.settled(outcomes)
        assert tally.message_ids == ids
