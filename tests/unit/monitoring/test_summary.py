"""Counts, costs and durations in the final summary."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import replace

import pytest

from pipeline.jobs import lifecycle
from pipeline.monitoring.summary import Tally, percentile, write_summary
from transforms.model import FailedStage, Outcome, Saving, StageRecord


def record(stage, seconds, reused=False, cost=0.5):
    return StageRecord(stage, "e", "f", seconds, cost, (), (), reused=reused)


def test_every_message_is_counted_once():
    tally = Tally("drain")
    tally.received(6)
    tally.settled(
        [
            Outcome("1", "completed", records=(record("script", 1.0), record("video", 3.0))),
            Outcome("2", "completed", records=(record("script", 9.0, reused=True),)),
            Outcome("3", "duplicate"),
            Outcome(
                "4",
                "dead_lettered",
                records=(record("script", 1.0, cost=0.25),),
                savings=(Saving("video", "slides", 0.125),),
            ),
            Outcome("5", "superseded"),
            Outcome("6", "dead_lettered", error_type="Cancelled"),
        ]
    )
    summary = tally.summary("empty_queue")
    assert summary["received"] == 6
    assert (summary["completed"], summary["duplicates"], summary["dead_lettered"]) == (2, 1, 2)
    assert summary["cancelled"] == 1  # which is no failure
    assert summary["in_flight"] == tally.in_flight == 1
    assert summary["success_rate"] == round(2 / 3, 4)
    assert summary["reused_stages"] == 1
    assert summary["cost_usd"] == 1.25
    assert (summary["cost_saved_usd"], summary["reuse_saved_usd"]) == (0.125, 0.5)
    script = {"count": 2, "seconds": 2.0, "p50_seconds": 1.0, "p95_seconds": 1.0}
    assert summary["stages"]["script"] == script | {"cost_usd": 0.75}
    assert tally.costs() == (
        {("script", "e"): 0.75, ("video", "e"): 0.5},
        {("script", "e", "reused"): 0.5, ("video", "slides", "skipped"): 0.125},
    )


def test_failed_stage_costs_what_its_calls_cost():
    tally = Tally("drain")
    spent = FailedStage("narration", "google", 0.25)
    tally.settled([Outcome("1", "dead_lettered", records=(record("script", 1.0),), spent=spent)])
    assert tally.summary("empty_queue")["cost_usd"] == 0.75
    assert tally.costs()[0] == {("script", "e"): 0.5, ("narration", "google"): 0.25}


def test_sums_add_up_over_runs_and_requests():
    tally = Tally("drain", keep_ids=True)
    for number in range(2):
        tally.received(2)
        outcome = Outcome(
            f"c{number}", "completed", seconds=1.5 + number, records=(record("script", 1.0),),
            savings=(Saving("video", "slides", 0.25),),
        )  # fmt: skip
        failed = Outcome(f"d{number}", "dead_lettered", seconds=9, records=(record("script", 3.0),))
        tally.settled([outcome, failed])
    tally.received(1)
    tally.settled([Outcome("again", "completed", seconds=99.0)])  # delivered again
    assert tally.durations() == ({"script": [1.0, 3.0, 1.0, 3.0]}, [1.5, 2.5])
    assert tally.costs() == ({("script", "e"): 2.0}, {("video", "slides", "skipped"): 0.5})
    assert tally.message_ids == ("c0", "d0", "c1", "d1", "again")
    assert tally.summary("x")["received"] == 5


def test_tally_keeps_ids_only_on_demand():
    tally = Tally("drain")
    tally.settled([Outcome("1", "completed")])
    assert tally.message_ids == ()


def test_percentiles_are_nearest_rank():
    values = [float(n) for n in range(1, 101)]
    assert (percentile(values, 50), percentile(values, 95)) == (50.0, 95.0)
    assert percentile([3.0, 1.0], 50) == 1.0


def test_empty_job_has_no_success_rate():
    assert Tally("drain").summary("empty_queue")["success_rate"] is None


def test_summary_file_equals_printed_line(tmp_path):
    file = tmp_path / "new" / "summary.json"
    line = write_summary(Tally("batch").summary("end_of_file"), str(file))
    assert json.loads(file.read_text()) == json.loads(line)


def test_full_disk_error_names_the_summary():
    with pytest.raises(OSError, match=r"No space left on device: '/dev/full'"):
        write_summary(Tally("batch").summary("end_of_file"), "/dev/full")


@pytest.mark.parametrize(("error_type", "status"), [("Cancelled", 0), ("OverBudget", 1)])
def test_cancelled_requests_do_not_fail_job(capsys, error_type, status):
    tally = Tally("batch")
    tally.received(1)
    tally.settled([Outcome("1", "dead_lettered", error_type=error_type)])
    chosen = Namespace(summary=None, fail_on_dead_letter=True)
    assert lifecycle.finish_job(tally.summary("end_of_file"), None, chosen) == status
    assert json.loads(capsys.readouterr().out)["dead_lettered"] == 1


def test_shared_results_are_counted_by_stage():
    made = replace(record("narration", 1.0), topic="gravity")
    copied = replace(made, reused=True, shared="f" * 64)
    resumed = replace(made, reused=True)
    private = record("narration", 1.0)
    tally = Tally("drain")
    tally.settled(
        Outcome(str(at), "completed", records=(each,))
        for at, each in enumerate((made, copied, copied, copied, resumed, private))
    )
    summary = tally.summary("empty_queue")
    assert summary["shared"] == {"narration": {"hits": 3, "hit_rate": 0.75, "reuse_saved_usd": 1.5}}
    assert (summary["cost_usd"], summary["reuse_saved_usd"]) == (1.0, 2.0)
