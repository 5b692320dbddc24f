"""Students in danger get help instead of a lesson, and no reader sees their words."""

from __future__ import annotations

import json
import logging
import uuid
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from google.cloud import pubsub_v1

from pipeline.cli.app import main
from pipeline.jobs.graph_runner import GraphRunner
from pipeline.jobs.replay import obstacle
from pipeline.report import render
from pipeline.report.data import gather
from pipeline.settings.beam_options import VividlyOptions
from tests.database_role import Role
from tests.integration import stand_ins
from tests.integration.ledger_support import letter, take
from tests.logs_support import configured
from transforms.artifacts import ArtifactStore
from transforms.care_topic import CareTopic
from transforms.errors import ConfigurationFault
from transforms.ledger import ClaimRequest, ReplayState, care, erase, scoped
from transforms.parse import parse
from transforms.script.write_script import _WriteScript
from transforms.telemetry import metrics

WORDS = "my uncle molested me, zeppelin"
DANGER = f"Explain gravity. {WORDS}"


@pytest.fixture
def run(ledger, tmp_path):
    """Return a function that runs messages through the graph and returns their outcomes."""

    def run(*messages, **settings):
        store = ArtifactStore(str(tmp_path / "artifacts"))
        graph = GraphRunner(VividlyOptions([], **settings), ledger, store)
        return {each.message_id: each for each in graph.run(list(messages))}

    return run


@pytest.fixture
def no_engine(monkeypatch):
    """Fail the test if a script is written."""

    def perform(*_):
        raise AssertionError("an engine was called")

    monkeypatch.setattr(_WriteScript, "perform", perform)


def asked(query=DANGER, **fields):
    fields = {"requested_modalities": ["text"], "student_query": query, **fields}
    return stand_ins.message(stand_ins.request(**fields))


def request_of(message):
    return json.loads(message.data)["request_id"]


def found(ledger, message):
    [row] = ledger.requests(request_id=request_of(message))
    return row


def noted(ledger):
    return {row.request_id: row for row in care.rows(ledger, None, 100)}


def everything(ledger, tmp_path):
    """Return the text of all rows but those of `care_words`, and of all files."""
    tables = ("messages", "requests", "stages", "calls", "dead_letters", "care", "student_usage")
    rows = [
        row["text"]
        for table in tables
        for row in ledger.run(f"SELECT CAST(t AS text) AS text FROM {table} AS t")
    ]
    letters = [row["data"] for row in ledger.run("SELECT data FROM dead_letters")]
    files = [f.read_bytes() for f in Path(tmp_path).rglob("*") if f.is_file()]
    return "\n".join(rows) + b"\n".join((*letters, *files)).decode("utf-8", "replace")


def test_urgent_request_gets_help_and_no_lesson(run, ledger, no_engine):
    message = asked(interest="basketball")
    outcome = run(message)[message.message_id]
    assert (outcome.status, outcome.needs_care, outcome.cost_usd) == ("completed", True, 0.0)
    row = found(ledger, message)
    assert (row.status, row.stage, row.error, dict(row.artifacts)) == ("needs_care", None, None, {})
    note = noted(ledger)[row.request_id]
    assert (note.category, note.level, note.region) == ("abuse", "urgent", "")
    assert "This is not your fault." in note.help
    assert "basketball" not in note.help
    assert ledger.totals().completed == 1
    assert ledger.dead_letters() == []


def test_words_stand_nowhere_but_in_their_table(run, ledger, tmp_path, no_engine):
    with configured(tmp_path / "log", "INFO", "json"):
        run(asked(environment=WORDS, metadata_of_mine=WORDS), asked(grade_level="zeppelin"))
        log = (tmp_path / "log").read_text()
    report = gather(ledger, scoped.Scope(), "all")
    shown = render.html(report, tmp_path)
    assert "needs_care" in shown
    for text in (log, shown, everything(ledger, tmp_path)):
        assert "zeppelin" not in text
        assert "molested" not in text
    kept = ledger.run("SELECT words FROM care_words")
    assert [WORDS in row["words"] for row in kept] == [True, True]


def test_needs_care_is_no_part_of_success_rate(run, ledger):
    run(asked(), asked("Explain gravity"))
    report = gather(ledger, scoped.Scope(), "all")
    assert (report.completed, report.needs_care, report.success_rate) == (2, 1, 1.0)
    by_hour = ledger.run("SELECT outcome, sum(messages) AS n FROM hourly_messages GROUP BY 1")
    counted = {row["outcome"]: int(row["n"]) for row in by_hour if row["n"]}
    assert counted == {"completed": 1, "needs_care": 1}


def test_quota_and_budget_do_not_refuse_help(run, ledger, no_engine):
    messages = [asked() for _ in range(3)]
    run(
        *messages,
        student_requests_per_hour=1,
        student_cost_per_day=0.0001,
        max_cost_per_request=0.000001,
    )
    assert {found(ledger, each).status for each in messages} == {"needs_care"}
    assert ledger.run("SELECT 1 AS used FROM student_usage WHERE requests > 0") == []


def test_ambiguous_request_gets_lesson_and_help(run, ledger):
    message = asked("Explain gravity", interest="this homework kills me")
    outcome = run(message)[message.message_id]
    assert (outcome.status, outcome.needs_care) == ("completed", False)
    assert found(ledger, message).status == "completed"
    note = noted(ledger)[request_of(message)]
    assert (note.category, note.level) == ("self_harm", "unsure")
    assert note.help.startswith("If you asked this for yourself")


def test_ambiguous_request_without_lesson_gets_help_only(run, ledger, tmp_path):
    query = "Suicide in Hamlet, zeppelin"
    messages = [asked(query), asked(query, requested_modalities=["video"])]
    outcomes = run(*messages)
    for message in messages:
        assert outcomes[message.message_id].needs_care
        row = found(ledger, message)
        assert (row.status, row.error) == ("needs_care", None)
        assert noted(ledger)[row.request_id].level == "unsure"
    assert ledger.dead_letters() == []
    assert "zeppelin" not in everything(ledger, tmp_path)


def test_refused_ambiguous_request_is_no_failure(run, ledger, monkeypatch, caplog):
    failures: list[str] = []
    monkeypatch.setitem(
        metrics.STAGE_FAILED, "script", SimpleNamespace(inc=lambda: failures.append("script"))
    )
    unsure = asked("Explain the economy of Atlantis", interest="this homework kills me")
    with caplog.at_level(logging.INFO):
        run(unsure)
    assert found(ledger, unsure).status == "needs_care"
    assert failures == []
    assert {each.levelname for each in caplog.records if each.name.startswith("t")} == {"INFO"}
    run(asked("Explain the economy of Atlantis"))
    assert failures == ["script"]


def test_dead_letters_withhold_words_of_students_in_need(ledger, capsys):
    numbers = []
    for query in ("this homework kills me, quokka", "Explain gravity, wombat"):
        sent = asked(query)
        lesson = take(ledger, ClaimRequest(sent, parse(sent.data)))
        if "kills" in query:
            ids = lesson.request.request_id, lesson.request.student_id
            note = care.CareNote(ids[0], "self_harm", "unsure", "en", "", "help", query, ids[1])
            assert care.note(ledger, [note])
        failed = letter(lesson, "script", error="KeyError: zeppelin", traceback="zeppelin")
        assert ledger.dead_letter([failed]) == [True]
        numbers.append(ledger.dead_letters(limit=1)[0].id)
    number, plain = numbers

    def shown(*command):
        assert main(["dead-letters", *map(str, command), "--database", ledger.url]) == 0
        return capsys.readouterr().out

    for options in ([], ["--json"]):
        assert shown("list", *options).count("zeppelin") == 1  # of the plain one
        text = shown("show", number, *options)
        assert "withheld: the student may need care" in text
        assert not any(word in text for word in ("zeppelin", "quokka", "kills me"))
    assert "wombat" in shown("show", plain)
    report = gather(ledger, scoped.Scope(), "All")
    [kept] = [str(each) for each in report.letters if each.id == number]
    assert not any(word in kept for word in ("zeppelin", "quokka", "kills me"))
    detail = ledger.dead_letter_detail(number)
    assert b"quokka" in detail.message.data  # a replay sends it


def test_invalid_message_without_request_id_is_no_dead_letter(run, ledger):
    texts = (
        b"I want to die",
        b'{"student_query": "I want to die", ',
        b'["I want to die"]',
        b'\xff{"q": "I want to die"}',
        json.dumps({"question": {"text": ["ich will sterben"]}}).encode(),
    )
    outcomes = run(*map(stand_ins.message, texts)).values()
    assert {(each.status, each.needs_care) for each in outcomes} == {("completed", True)}
    statuses = {row.request_id: row.status for row in ledger.requests()}
    assert statuses == {each.request_id: "needs_care" for each in outcomes}
    assert len(statuses) == len(texts)
    assert ledger.dead_letters() == []


def test_invalid_request_keeps_its_id_and_student(run, ledger):
    message = asked("I want to die. " + "x" * 3000, student_id="pupil-1", language="de-AT")
    run(message)
    row = found(ledger, message)
    assert (row.status, row.student_id) == ("needs_care", "pupil-1")
    assert "Rat auf Draht" in noted(ledger)[row.request_id].help


def test_default_language_states_no_region(run, ledger):
    unstated, stated = asked("I want to die"), asked("I want to die", language="en-US")
    run(unstated, stated)
    regions = {
        request_of(each): noted(ledger)[request_of(each)].region for each in (unstated, stated)
    }
    assert regions == {request_of(unstated): "", request_of(stated): "US"}


def test_redelivery_and_duplicate_change_nothing(run, ledger, no_engine):
    message = asked()
    run(message)
    again = stand_ins.message(message.data)
    outcomes = run(message)[message.message_id], run(again)[again.message_id]
    assert [each.status for each in outcomes] == ["completed", "duplicate"]
    assert len(ledger.run("SELECT request_id FROM care_words")) == 1


def test_lost_claim_is_settled_by_the_redelivery(run, ledger, monkeypatch):
    message = asked()
    settle = care.settle
    monkeypatch.setattr(care, "settle", lambda *_: [False])  # another worker took it over
    assert run(message)[message.message_id].status == "superseded"
    assert found(ledger, message).request["student_query"] == ""
    monkeypatch.setattr(care, "settle", settle)
    assert run(message)[message.message_id].needs_care
    assert found(ledger, message).status == "needs_care"


class Topic:
    """The topic of staff, with a subscription that reads it."""

    def __init__(self, project):
        self.name = f"projects/{project}/topics/care"
        self._subscription = f"projects/{project}/subscriptions/care"

    def create(self):
        pubsub_v1.PublisherClient().create_topic(name=self.name)
        pubsub_v1.SubscriberClient().create_subscription(name=self._subscription, topic=self.name)

    def read(self, number):
        with pubsub_v1.SubscriberClient() as client:
            pulled = client.pull(subscription=self._subscription, max_messages=number, timeout=10)
        return [each.message for each in pulled.received_messages]


@pytest.fixture
def topic(pubsub):
    return Topic(pubsub.project)


def test_staff_learn_id_category_and_level_only(run, ledger, topic):
    topic.create()
    message = asked()
    run(message, care_topic=topic.name)
    [told] = topic.read(1)
    expected = {"request_id": request_of(message), "category": "abuse", "level": "urgent"}
    assert (json.loads(told.data), dict(told.attributes)) == (expected, {})
    assert noted(ledger)[request_of(message)].told_at


def test_missing_topic_delays_no_help_and_is_told_later(run, ledger, topic):
    message = asked()
    run(message, care_topic=topic.name)
    assert found(ledger, message).status == "needs_care"
    assert noted(ledger)[request_of(message)].told_at is None
    topic.create()
    sender = CareTopic(topic.name)
    sender.notify_unsent(ledger)  # it may be in the hands of another worker still
    assert noted(ledger)[request_of(message)].told_at is None
    ledger.run("UPDATE care SET noticed_at = noticed_at - interval '2 minutes' RETURNING 1 AS n")
    CareTopic(topic.name).notify_unsent(ledger)
    assert noted(ledger)[request_of(message)].told_at
    assert len(topic.read(1)) == 1


@pytest.mark.changes_rows
def test_own_age_decides_when_care_is_pruned(run, ledger):
    run(asked(), asked("Explain gravity", interest="this homework kills me"))
    day = timedelta(days=1)
    ledger.run("UPDATE requests SET completed_at = now() - interval '2 days' RETURNING 1 AS n")
    ledger.run("UPDATE care SET noticed_at = now() - interval '2 days' RETURNING 1 AS n")
    list(ledger.prune(day, day))
    assert [row.status for row in ledger.requests()] == ["needs_care"]
    assert len(noted(ledger)) == 2
    assert ledger.prunable(None, None, needs_care=day).requests == 1
    list(ledger.prune(None, None, needs_care=day))
    assert (ledger.requests(), noted(ledger)) == ([], {})
    assert ledger.run("SELECT 1 AS left FROM care_words") == []


def test_erasing_a_student_deletes_what_was_kept(run, ledger):
    message = asked(student_id="pupil-1")
    run(message)
    erase.mark(ledger, "pupil-1", timedelta(days=7))
    list(erase.erase_requests(ledger, "pupil-1"))
    care.erase(ledger, "pupil-1")
    assert noted(ledger) == {}
    assert ledger.run("SELECT 1 AS left FROM care_words") == []
    run(message, stand_ins.message(message.data))  # redelivered, and published again
    assert (noted(ledger), ledger.run("SELECT 1 AS left FROM care_words")) == ({}, [])


def test_same_request_in_worse_words_is_told_again(ledger):
    request_id = str(uuid.uuid4())
    fields = ("en", "", "help", "words", "s-1")
    first = care.CareNote(request_id, "self_harm", "unsure", *fields)
    assert care.note(ledger, [first]) == {request_id}
    assert care.note(ledger, [first]) == frozenset()


def test_reading_the_words_is_recorded_first(run, ledger, capsys):
    message = asked(student_id="pupil-1")
    run(message)
    request_id, database = request_of(message), ["--database", ledger.url]
    assert main(["care", "list", *database]) == 0
    assert "zeppelin" not in capsys.readouterr().out
    assert main(["care", "read", request_id, *database]) == 2
    assert main(["care", "read", request_id, "--reference", "TICKET-1", *database]) == 0
    assert WORDS in capsys.readouterr().out
    [entry] = ledger.run("SELECT action, reference, finished_at FROM privacy_log")
    assert (entry["action"], entry["reference"]) == (f"care read {request_id}", "TICKET-1")
    assert entry["finished_at"]
    assert [WORDS in row["words"] for row in care.of_student(ledger, "pupil-1")] == [True]


def test_role_of_a_job_cannot_read_the_words(ledger):
    role = Role(ledger)
    try:
        ledger.grant(role.name)
        note = care.CareNote(str(uuid.uuid4()), "abuse", "unsure", "en", "", "help", WORDS, "s-1")
        assert care.note(role.ledger, [note])
        for read in (care.words, care.of_student):
            with pytest.raises(ConfigurationFault, match="permission denied"):
                read(role.ledger, note.request_id)
    finally:
        role.drop()
    assert care.words(ledger, note.request_id) == ("s-1", WORDS)


def test_dead_letter_of_helped_request_is_not_replayed():
    state = ReplayState(1, str(uuid.uuid4()), 10, None, None, None, "needs_care", None)
    assert obstacle(state, again=True) == "its student got help instead of a lesson"
