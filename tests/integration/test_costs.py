"""Cost reports, and budgets that stop or delay requests."""

from __future__ import annotations

import json
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.cli.app import main
from pipeline.jobs.graph_runner import GraphRunner
from pipeline.settings.beam_options import VividlyOptions
from tests.integration import stand_ins
from tests.integration.ledger_support import (
    completed,
    let_hour_pass,
    letter,
    message,
    record,
    recount,
    replay_marks,
    request,
    take,
)
from transforms.artifacts import ArtifactStore
from transforms.ledger import COST_KEYS, ClaimRequest, CompletedLesson
from transforms.model import Message, Saving
from transforms.prices import typical
from transforms.script.write_script import _WriteScript
from transforms.stage import budget
from transforms.stage.budget import budget_meter


def complete(ledger, modality, *records, savings=()):
    """Complete a request with records of (stage, engine, cost in USD, reused)."""
    asked = ClaimRequest(message(), request(requested_modalities=(modality,)))
    lesson = take(ledger, asked)
    for stage, engine, usd, reused in records:
        made = record(lesson, stage, engine=engine, cost_usd=usd, reused=reused)
        lesson = lesson.with_record(made)
    done = completed(lesson)
    done = CompletedLesson(done.lesson, done.manifest, done.script, tuple(savings))
    assert ledger.complete([done]) == [True]
    return asked


@pytest.fixture
def spent(ledger):
    """A text request, an audio request whose script was reused, and a failed one."""
    complete(
        ledger, "text", ("script", "gemini", 0.004, False),
        savings=[Saving("narration", "google", 0.05), Saving("video", "slides", 0.0002)],
    )  # fmt: skip
    complete(
        ledger, "audio", ("script", "gemini", 0.003, True), ("narration", "google", 0.06, False),
        savings=[Saving("video", "slides", 0.0003)],
    )  # fmt: skip
    failing = take(ledger, ClaimRequest(message(), request(requested_modalities=("video",))))
    failing = failing.with_record(record(failing, engine="offline", cost_usd=0.001))
    ledger.progress([(failing, "narration", 25)])
    ledger.dead_letter([letter(failing, "narration")])


def costs_by(ledger, key, **span):
    return {row.key: row for row in ledger.costs(key, **span)}


def test_costs_are_summed_by_stage(ledger, spent):
    found = costs_by(ledger, "stage")
    script, narration, video = found["script"], found["narration"], found["video"]
    assert (script.requests, script.done, script.reused, script.skipped) == (3, 2, 1, 0)
    assert (script.cost_usd, script.reuse_saved_usd) == pytest.approx((0.005, 0.003))
    assert (narration.done, narration.skipped) == (1, 1)
    assert (narration.cost_usd, narration.skip_saved_usd) == pytest.approx((0.06, 0.05))
    assert (video.done, video.skipped, video.cost_usd) == (0, 2, 0)
    assert video.skip_saved_usd == pytest.approx(0.0005)


def test_cost_command_shows_hit_rate(ledger, spent, capsys):
    assert main(["cost", "--by", "stage", "--database", ledger.url]) == 0
    rows = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines()}
    assert rows["script"][1:6] == ["3", "2", "1", "33%", "0"]
    assert main(["cost", "--json", "--database", ledger.url]) == 0
    rates = {row["key"]: row["reuse_rate"] for row in json.loads(capsys.readouterr().out)}
    assert rates == {"script": pytest.approx(1 / 3), "narration": 0, "video": None}


def test_costs_are_summed_by_engine_and_modality(ledger, spent):
    engines = costs_by(ledger, "engine")
    assert set(engines) == {"gemini", "google", "offline", "slides"}
    assert engines["google"].skip_saved_usd == pytest.approx(0.05)
    modalities = costs_by(ledger, "modality")
    assert modalities["text"].cost_usd == pytest.approx(0.004)
    assert modalities["audio"].cost_usd == pytest.approx(0.06)
    assert modalities["video"].cost_usd == pytest.approx(0.001)  # failed requests cost too


def test_costs_are_summed_by_day_in_time_span(ledger, spent):
    # Three days, so that the day differs at any time of day.
    ledger.run("UPDATE stages SET finished_at = finished_at - interval '3 days' "
               "WHERE engine = 'google' RETURNING stage")  # fmt: skip
    recount(ledger)
    assert sorted(row.cost_usd for row in ledger.costs("day")) == pytest.approx([0.005, 0.06])
    yesterday = datetime.now(UTC) - timedelta(days=1)
    [later] = ledger.costs("day", since=yesterday)
    [before] = ledger.costs("day", until=yesterday)
    assert (later.cost_usd, before.cost_usd) == pytest.approx((0.005, 0.06))
    assert date_of(later) - date_of(before) == timedelta(days=3)


def date_of(row):
    return datetime.fromisoformat(row.key)


@pytest.mark.parametrize("key", COST_KEYS)
def test_every_grouping_has_the_same_total(ledger, spent, key):
    rows = ledger.costs(key)
    assert sum(row.cost_usd for row in rows) == pytest.approx(0.065)
    assert sum(row.reuse_saved_usd for row in rows) == pytest.approx(0.003)
    assert sum(row.skip_saved_usd for row in rows) == pytest.approx(0.0505)
    requests = ledger.requests()
    assert sum(row.cost_saved_usd for row in requests) == pytest.approx(0.0505)
    assert ledger.spent(timedelta(hours=1)) == pytest.approx(0.065)


def test_empty_ledger_has_no_costs(ledger):
    assert ledger.costs("stage") == []
    assert ledger.spent(timedelta(hours=1)) == 0


@pytest.mark.pooled
def test_old_costs_are_outside_the_hour(ledger, spent):
    let_hour_pass(ledger)
    assert ledger.spent(timedelta(hours=1)) == 0


class Place:
    """One request and a ledger, for runs of the graph with different limits."""

    def __init__(self, ledger, folder):
        self.ledger, self.store = ledger, ArtifactStore(str(folder))
        self.request_id = str(uuid.uuid4())

    def run(self, modality, replay=False, language="en-US", **options):
        fields = {
            "request_id": self.request_id,
            "student_id": "s",
            "student_query": "Explain gravity",
            "grade_level": 8,
            "requested_modalities": [modality],
            "language": language,
            "fault": "",
        }
        marks = replay_marks(self.ledger, self.request_id) if replay else {}
        sent = Message(json.dumps(fields).encode(), marks, str(uuid.uuid4()), datetime.now(UTC))
        [outcome] = GraphRunner(VividlyOptions([], **options), self.ledger, self.store).run([sent])
        return outcome


@pytest.fixture
def place(ledger, tmp_path, monkeypatch):
    stand_ins.install(monkeypatch)
    return Place(ledger, tmp_path)


def test_too_costly_request_is_refused_at_claim_and_can_be_replayed(place):
    # The offline voice is expected to take 5 CPU seconds, some $0.0001; the script hardly anything.
    outcome = place.run("audio", max_cost_per_request=0.00005)
    assert (outcome.status, outcome.stage, outcome.records) == ("dead_lettered", "claim", ())
    [found] = place.ledger.dead_letters()
    assert (found.error_type, found.retryable) == ("OverBudget", True)
    assert "with script and narration this request would cost about $0.00" in found.error
    assert "of --max-cost-per-request: raise that and replay it" in found.error
    assert budget_meter(place.ledger).refused == 1
    assert place.ledger.stages(place.request_id) == []
    again = place.run("audio", replay=True, max_cost_per_request=0.0000001)
    assert (again.status, again.stage) == ("dead_lettered", "claim")
    done = place.run("audio", replay=True, max_cost_per_request=1.0)
    assert (done.status, [r.stage for r in done.records]) == ("completed", ["script", "narration"])


def test_text_under_the_limit_is_not_refused(place):
    assert place.run("text", max_cost_per_request=0.00005).status == "completed"


@pytest.mark.parametrize(
    ("modality", "stage", "engine"),
    [("text", "script", "script engine"), ("audio", "claim", "voice")],
)
def test_language_without_voice_is_refused_at_claim(place, modality, stage, engine):
    outcome = place.run(modality, language="de-DE")
    assert (outcome.status, outcome.records) == ("dead_lettered", ())
    [found] = place.ledger.dead_letters()
    assert (found.stage, found.error_type, found.retryable) == (stage, "PermanentError", False)
    assert f"the offline {engine} " in found.error
    assert "not 'de-DE'" in found.error


@pytest.fixture
def paid_script(monkeypatch):
    """Make the script engine one that is paid, and read the budget often."""
    monkeypatch.setattr(budget, "MAX_AGE", 0.05)
    monkeypatch.setattr(_WriteScript, "typical", lambda _: typical("script", "gemini"))


def test_machine_only_engines_do_not_wait_for_budget(place, spent):
    assert place.run("video", max_cost_per_hour=0.065).status == "completed"


@pytest.mark.usefixtures("paid_script")
def test_requests_wait_while_hourly_budget_is_spent(place, spent):
    outcomes: list[Any] = []
    working = start_waiting(place, outcomes)
    [row] = place.ledger.requests(place.request_id)
    assert row.status == "running"
    let_hour_pass(place.ledger)
    working.join(120)
    assert outcomes[0].status == "completed"


@pytest.mark.usefixtures("paid_script")
def test_request_waiting_for_budget_can_be_cancelled(place, spent):
    outcomes: list[Any] = []
    working = start_waiting(place, outcomes)
    place.ledger.cancel([place.request_id])
    working.join(120)
    assert (outcomes[0].status, outcomes[0].error_type) == ("dead_lettered", "Cancelled")
    assert place.ledger.requests(place.request_id)[0].status == "cancelled"


def start_waiting(place, outcomes):
    """Start a thread that processes the request, and return it when it waits for budget."""
    working = threading.Thread(
        target=lambda: outcomes.append(place.run("text", max_cost_per_hour=0.065)), daemon=True
    )
    working.start()
    deadline = time.monotonic() + 120
    while not budget_meter(place.ledger).waiting:
        assert time.monotonic() < deadline
        assert not outcomes
        time.sleep(0.01)
    return working
