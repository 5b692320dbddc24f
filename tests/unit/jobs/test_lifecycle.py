"""Report and exit status at the end of a job."""

from __future__ import annotations

import argparse
import json
import os
import signal
import threading

import pytest

from pipeline.jobs import lifecycle
from pipeline.jobs.scheduler import RunsFailed
from pipeline.monitoring.summary import Tally
from pipeline.report import data
from pipeline.stop_signals import stop_on_signals
from pipeline.usage_error import UsageError
from tests.reports import ordinary
from transforms.errors import DependencyDown, WorkerFault
from transforms.ledger import Ledger
from transforms.ledger.scoped import Scope
from transforms.model import Outcome

LEDGER = Ledger("postgresql://user@localhost/nothing")


@pytest.fixture(autouse=True)
def _in_own_folder(monkeypatch, tmp_path):
    """Run in an empty folder: the tests name their report relative to it."""
    monkeypatch.chdir(tmp_path)


def finish(report, down=None, reason="empty_queue"):
    chosen = argparse.Namespace(report=report, summary=None, fail_on_dead_letter=False)
    result = Tally("drain").summary(reason)
    return lifecycle.finish_job(
        result,
        down,
        chosen,
        lambda: lifecycle.write_report(result, ["m-1", "m-2"], LEDGER, chosen),
    )


@pytest.mark.parametrize("reason", ["empty_queue", "signal"])
def test_report_covers_messages_of_the_run(monkeypatch, tmp_path, reason):
    asked: list[tuple] = []

    def gather(*arguments, **_):
        asked.append(arguments)
        return ordinary()

    monkeypatch.setattr(data, "gather", gather)
    monkeypatch.setattr(lifecycle, "REPORT_SECONDS", 60.0)
    assert finish(str(tmp_path / "report.html"), reason=reason) == 0
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
    assert finish("report.html", WorkerFault("/tmp", "full")) == 3
    assert finish("report.html", RunsFailed("5 runs failed in a row")) == 1


def test_hanging_ledger_does_not_delay_stopped_job(monkeypatch, capsys):
    answer = threading.Event()

    def hang(*_, **__):
        answer.wait(20)
        raise DependencyDown("postgres", "no answer")

    monkeypatch.setattr(data, "gather", hang)
    monkeypatch.setattr(lifecycle, "REPORT_SECONDS", 0.01)
    assert finish("report.html", reason="signal") == 1
    said = capsys.readouterr()
    assert '"exit_reason": "signal"' in said.out
    assert "cannot write the report report.html in time" in said.err
    answer.set()
    for thread in threading.enumerate():
        if thread.name == "report":  # else it would call the next test's `gather`
            thread.join(20)


@pytest.mark.parametrize(
    ("mode", "reason", "unfinished", "unread", "number", "status", "said"),
    [
        ("batch", "end_of_file", 0, False, None, 0, ""),
        ("batch", "end_of_file", 2, False, None, 1, "2 messages are unfinished; run the same"),
        ("batch", "signal", 1, True, signal.SIGINT, 130, "1 message is unfinished and the rest of"),
        ("batch", "signal", 0, True, signal.SIGTERM, 143, "left over: the rest of the input is"),
        ("batch", "end_of_file", 0, False, signal.SIGTERM, 0, ""),
        ("drain", "signal", 0, None, signal.SIGTERM, 0, ""),
        (
            "drain",
            "signal",
            3,
            None,
            signal.SIGTERM,
            143,
            "3 messages are unfinished; the subscription",
        ),
        (
            "drain",
            "signal",
            3,
            None,
            signal.SIGINT,
            130,
            "3 messages are unfinished; the subscription",
        ),
        ("drain", "max_runtime", 3, None, None, 0, ""),
        ("drain", "empty_queue", 1, None, None, 0, ""),
        ("stream", "signal", 1, None, signal.SIGINT, 130, "1 message is unfinished"),
    ],
)
def test_work_left_over_sets_exit_status(
    capsys, mode, reason, unfinished, unread, number, status, said
):
    with stop_on_signals(threading.Event()):
        if number:
            signal.raise_signal(number)
    tally = Tally(mode)
    tally.received(unfinished)
    result = tally.summary(reason)
    if unread is not None:
        result["unread_input"] = unread
    chosen = argparse.Namespace(summary=None, fail_on_dead_letter=False)
    assert lifecycle.finish_job(result, None, chosen) == status
    printed = capsys.readouterr()
    assert said in printed.err
    assert bool(said) == bool(printed.err)
    assert lifecycle.finish_job(result, DependencyDown("postgres", "gone"), chosen) == 3
    assert lifecycle.finish_job(result, UsageError("requests.gz: damaged"), chosen) == 2


def test_full_disk_names_summary_and_keeps_it(capsys):
    chosen = argparse.Namespace(summary="/dev/full", fail_on_dead_letter=False)
    result = Tally("batch").summary("end_of_file")
    assert lifecycle.finish_job(result, None, chosen) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out) == result
    assert "cannot write the summary /dev/full: No space left on device" in printed.err


@pytest.mark.parametrize(
    ("output", "unfinished", "status", "said"),
    [
        ("/dev/full", 0, 1, "cannot print the summary: No space left on device"),
        ("closed pipe", 0, 0, ""),
        ("closed pipe", 1, 1, "1 message is unfinished"),
    ],
)
def test_unwritable_output_keeps_exit_status(capfd, monkeypatch, output, unfinished, status, said):
    reader, writer = os.pipe()
    os.close(reader)
    tally = Tally("batch")
    tally.received(unfinished)
    chosen = argparse.Namespace(summary=None, fail_on_dead_letter=False)
    with open(writer if output == "closed pipe" else output, "w", encoding="utf-8") as out:
        monkeypatch.setattr("sys.stdout", out)
        found = lifecycle.finish_job(tally.summary("end_of_file"), None, chosen)
    assert (found, said in capfd.readouterr().err) == (status, True)


def test_jobs_keep_ids_only_for_reports():
    outcomes = [Outcome("1", "completed"), Outcome("2", "superseded"), Outcome("3", "duplicate")]
    for keep, ids in ((False, ()), (True, ("1", "3"))):
        tally = Tally("drain", keep)
        tally.settled(outcomes)
        assert tally.message_ids == ids
