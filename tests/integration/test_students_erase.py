"""An erased student leaves nothing behind, and counts and costs stay as they were."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.cli.app import main
from pipeline.jobs.graph_runner import GraphRunner
from pipeline.settings.beam_options import VividlyOptions
from tests import fork_server
from tests.integration import stand_ins
from tests.integration.ledger_support import claim, letter, message, request, row, take
from tests.integration.student_support import OTHER, STUDENT, Student, left_of, redeliver
from transforms.artifacts import ArtifactStore
from transforms.artifacts.local import LocalFolder
from transforms.ledger import COST_KEYS, ClaimRequest, scoped, tombstones
from transforms.ledger.database import Database
from transforms.ledger.scoped import Scope

CACHE = "0" * 64 + ".segment"


@pytest.fixture
def place(tmp_path):
    """Folders of the command, with a rendered scene in the cache."""
    (tmp_path / "cache").mkdir(mode=0o700)
    (tmp_path / "cache" / CACHE).write_bytes(b"zebrafish")
    return tmp_path


@pytest.fixture
def student(ledger, place):
    return Student(ledger, ArtifactStore(str(place / "artifacts")))


@pytest.fixture
def other(ledger, student):
    """Another student, whose id begins with that of the first."""
    other = Student(ledger, student.store, OTHER, "seahorse")
    other.complete()
    other.fail()
    other.refuse_all()
    return other


def options(ledger, place, *more):
    given = {
        "--database": ledger.url,
        "--artifacts": str(place / "artifacts"),
        "--segment-cache": str(place / "cache"),
    }
    return [*(part for pair in given.items() for part in pair), *more]


def erase(ledger, place, *more, student=STUDENT):
    return main(["students", "erase", student, "--wait", "0", *options(ledger, place, *more)])


def accounts(ledger):
    """Everything that must not change, over all time and since a moment in this hour."""
    found = []
    for since in (None, datetime.now(UTC) - timedelta(minutes=59)):
        found.append(ledger.totals(since))
        found += [ledger.costs(key, since) for key in COST_KEYS]
        scope = Scope(since)
        found.append(scoped.accounts(ledger, scope).outcomes)
        for read in (scoped.costs, scoped.savings):
            found.append(sorted(read(ledger, scope), key=str))
    return found


def settled(ledger):
    """The accounts once all messages in flight of the student are settled as cancelled."""
    totals = ledger.totals()
    return totals.received, totals.completed, totals.dead_lettered + totals.in_flight


def test_erased_student_leaves_nothing(ledger, place, student, other, capsys):
    student.fill(2)
    spent, before = ledger.costs("stage"), settled(ledger)
    assert left_of(student, place)
    assert erase(ledger, place) == 0
    assert left_of(student, place) == []
    assert ledger.costs("stage") == spent
    assert settled(ledger) == before
    assert ledger.totals().in_flight == 0
    printed = capsys.readouterr().out
    assert "14 requests, 16 dead letters" in printed
    assert STUDENT not in printed
    assert len(ledger.requests(student=OTHER)) == 2
    assert len(ledger.dead_letters()) == 1 + len(other.unread)
    assert all(student.store.list(asked.request.request_id) for asked in other.asked)


def test_redelivered_messages_bring_nothing_back(ledger, place, student):
    student.fill(1)
    erase(ledger, place)
    before = accounts(ledger)
    answers = redeliver(student)
    assert {answer.kind for answer in answers} == {"done"}
    replays = [
        ClaimRequest(message(data=asked.message.data), asked.request, replay=True)
        for asked in student.asked
    ]
    assert {answer.kind for answer in ledger.claim(replays, timedelta(minutes=5))} == {"duplicate"}
    assert left_of(student, place / "artifacts") == []
    assert ledger.totals().duplicates == before[0].duplicates + len(replays)


def test_graph_makes_no_lesson_of_redelivered_messages(ledger, place, student, monkeypatch):
    """Messages that a queue kept are delivered again, as they were and as new publications."""
    stand_ins.install(monkeypatch)
    graph = GraphRunner(VividlyOptions([]), ledger, student.store)
    fields = stand_ins.request(student_id=STUDENT, student_query="Explain zebrafish")
    first = stand_ins.message(fields)
    unread = stand_ins.message(f'{{"student_id": "{STUDENT}", zebrafish'.encode())
    assert {each.status for each in graph.run([first, unread])} == {"completed", "dead_lettered"}
    erase(ledger, place)
    again = graph.run([first, unread, stand_ins.message(fields)])
    assert sorted(each.status for each in again) == ["completed", "dead_lettered", "duplicate"]
    assert left_of(student, place) == []
    assert not list((place / "artifacts").glob("*/*"))


@pytest.mark.pooled
def test_killed_erasures_are_continued(ledger, place, student, other):
    """Processes are killed after one of their statements or deletions, and started again."""
    student.fill(5)
    assert len(student.asked) + len(student.unread) >= 50
    spent, before = ledger.costs("stage"), settled(ledger)
    kills = 0
    chance = random.Random(11)
    while True:
        step = chance.randint(5, 60)
        with (place / "log").open("ab") as log:
            process = fork_server.start(
                _killed_at, step, options(ledger, place),
                stdout=log, stderr=log, environment=os.environ,
            )  # fmt: skip
        code = process.wait(120)
        if code == 0:
            break
        assert code == -signal.SIGKILL
        kills += 1
        assert kills < 60
        assert ledger.costs("stage") == spent
        assert settled(ledger) == before
    assert kills
    assert left_of(student, place) == []
    assert ledger.totals().in_flight == 0
    assert erase(ledger, place) == 0  # idempotent
    entries = ledger.run("SELECT finished_at IS NULL AS killed FROM privacy_log")
    assert sorted(entry["killed"] for entry in entries) == [False] * 2 + [True] * kills


def _killed_at(step, given):
    """Run the command; die after the given number of statements and deleted files."""
    left = step

    def counted(method):
        def call(*arguments, **named):
            nonlocal left
            result = method(*arguments, **named)
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call

    for owner, name in ((Database, "run"), (LocalFolder, "delete")):
        setattr(owner, name, counted(getattr(owner, name)))
    os._exit(main(["students", "erase", STUDENT, "--wait", "0", *given]))


def test_request_in_work_is_cancelled_and_erased_later(ledger, place, student, capsys):
    lesson = student.work()
    assert erase(ledger, place) == 1
    assert "1 request is in work" in capsys.readouterr().out
    [status] = [ledger.progress([(lesson, "narration", 25)]).cancelled]
    assert status == {lesson.request.request_id}
    assert ledger.dead_letter([letter(lesson, "narration", error_type="Cancelled")]) == [True]
    assert erase(ledger, place) == 0
    assert "Run this again after" in capsys.readouterr().out
    assert left_of(student, place / "artifacts") == []


def test_erasure_waits_for_worker_to_stop(ledger, place, student):
    lesson = student.work()
    given = ["students", "erase", STUDENT, "--wait", "120", *options(ledger, place)]
    with ThreadPoolExecutor(1) as pool:
        erasing = pool.submit(main, given)
        while not row(ledger, lesson).cancel_requested_at:
            time.sleep(0.01)
        assert not erasing.done()
        ledger.dead_letter([letter(lesson, "narration", error_type="Cancelled")])
        assert erasing.result(timeout=100) == 0  # before the wait is over
    assert left_of(student, place / "artifacts") == []


def test_late_file_is_deleted_by_next_run(ledger, place, student):
    """A worker that was paused while its request was erased writes one more file."""
    lesson = student.work()
    ledger.run("UPDATE requests SET lease_expires_at = now() RETURNING 1 AS done")
    assert erase(ledger, place) == 0
    student.store.put(lesson.request.request_id, "video.mp4", b"zebrafish", "video/mp4")
    assert erase(ledger, place) == 0
    assert left_of(student, place / "artifacts") == []
    due = [each for batch in tombstones.unswept(ledger) for each in batch]
    assert due == [lesson.request.request_id]  # for an hour


def test_dry_run_changes_nothing(ledger, place, student, capsys):
    student.fill(1)
    student.work()
    found = ledger.run("SELECT md5(CAST(array_agg(r ORDER BY request_id) AS text)) FROM requests r")
    assert erase(ledger, place, "--dry-run", "--json") == 0
    would = json.loads(capsys.readouterr().out)
    assert (would["requests"], would["live"]) == (8, 1)
    assert would["dead_letters"] == 3 + len(student.unread)
    assert ledger.run("SELECT 1 FROM erased_requests UNION ALL SELECT 1 FROM privacy_log") == []
    assert found == ledger.run(
        "SELECT md5(CAST(array_agg(r ORDER BY request_id) AS text)) FROM requests r"
    )


def test_short_id_erases_no_other_letters(ledger, place, student):
    """A short id must not match the same digits in messages of other students."""
    student.refuse(b'{"student_id": "70", "grade_level": 7, "age": "7", ')
    student.refuse(b'{"grade_level": "7", "student_query": 1')
    student.refuse(b'{"student_id"= "7", \xff')
    assert erase(ledger, place, student="7") == 0
    assert len(ledger.dead_letters()) == 2


def test_letters_of_erased_student_cannot_be_replayed(ledger, place, student):
    student.fail()
    [found] = ledger.dead_letters()
    erase(ledger, place)
    assert ledger.dead_letters() == []
    assert ledger.dead_letter_detail(found.id) is None
    assert ledger.replay_states([found.id]) == []


def test_report_and_status_show_erased_requests(ledger, place, student, capsys):
    student.fill(1)
    erase(ledger, place)
    report = place / "report.html"
    assert main(["report", "--database", ledger.url, "--output", str(report)]) == 0
    assert "zebrafish" not in report.read_text()
    assert main(["status", "--database", ledger.url]) == 0
    assert "7 requests: 1 completed, 1 failed, 5 cancelled" in capsys.readouterr().out


def test_tombstones_expire_with_prune(ledger, place, student):
    student.complete()
    erase(ledger, place)
    prune = ["db", "prune", "--completed", "90d", "--database", ledger.url]
    assert main(prune) == 0
    assert ledger.run(
        "SELECT expires_at - erased_at > interval '32 days' AS held FROM erased_requests"
    ) == [{"held": False}]
    ledger.run("UPDATE erased_requests SET expires_at = now() RETURNING 1 AS done")
    assert main(prune) == 0
    assert ledger.run("SELECT 1 FROM erased_requests") == []


def test_student_may_ask_again(ledger, place, student):
    student.complete()
    erase(ledger, place)
    lesson = take(ledger, student.ask())
    assert row(ledger, lesson).student_id == STUDENT


@pytest.mark.changes_rows
def test_tombstone_refuses_even_pruned_requests(ledger, place, student):
    student.complete()
    erase(ledger, place)
    ledger.run("DELETE FROM requests RETURNING 1 AS done")
    again = ClaimRequest(message(), student.asked[0].request)
    assert claim(ledger, again).kind == "duplicate"
    assert claim(ledger, ClaimRequest(message(), request())).kind == "new"


def test_log_tells_who_and_why_but_not_whom(ledger, place, student):
    student.complete()
    erase(ledger, place, "--reference", "TICKET-7")
    [entry] = ledger.run("SELECT action, actor, reference, counts FROM privacy_log")
    assert (entry["action"], entry["reference"]) == ("erase", "TICKET-7")
    assert entry["actor"].endswith("role postgres")
    assert entry["counts"] == {"requests": 1, "dead_letters": 0, "files": 3, "live": 0}
