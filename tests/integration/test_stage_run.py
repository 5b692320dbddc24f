"""RunStage reuses valid results, keeps its deadline and emits every lesson once."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from tests.integration.ledger_support import SCRIPT, outcome_of, row
from tests.integration.stage_support import NO_WAIT, FolderlessTask, VideoTask, made
from transforms.artifacts import retries
from transforms.dead_letters import DEAD_LETTERS
from transforms.errors import (
    ClaimLost,
    DependencyDown,
    PermanentError,
    TransientError,
)
from transforms.model import StageRecord, Usage, decode, encode
from transforms.process import retry
from transforms.process.backoff import Backoff
from transforms.process.retry import RetryPolicy
from transforms.stage.budget import Budget
from transforms.stage.heartbeat import release_on_outage
from transforms.stage.task import Produced, put_artifacts


def ids(lessons):
    return [lesson.request.request_id for lesson in lessons]


class Times:
    """Work that fails a number of times before it succeeds; records the arguments of each try."""

    def __init__(self, failures, error=TransientError, seconds=0.0):
        self.timeouts = []
        self._failures = failures
        self._error = error
        self._seconds = seconds

    def __call__(self, lesson, folder, timeout):
        self.timeouts.append(timeout)
        time.sleep(self._seconds)
        if len(self.timeouts) <= self._failures:
            raise self._error(f"failure {len(self.timeouts)}")
        return made(lesson)


# Tries and deadlines


def test_each_try_gets_remaining_time(place):
    work = Times(2, seconds=0.05)
    place.run_stage(work, place.lesson(), policy=RetryPolicy(60.0, 3, backoff=NO_WAIT))
    first, second, third = work.timeouts
    assert 59 < first <= 60
    assert second <= first - 0.05
    assert third <= second - 0.05


@pytest.mark.parametrize(
    ("error", "tries", "kept"),
    [
        (TransientError, 3, ["failure 1", "failure 2", "failure 3"]),
        (PermanentError, 3, ["failure 1"]),
        (TransientError, 1, ["failure 1"]),
        (KeyError, 3, []),
    ],
)
def test_dead_letter_keeps_every_try(place, error, tries, kept):
    work = Times(99, error)
    lesson = place.lesson()
    found = place.run_stage(work, lesson, policy=RetryPolicy(60.0, tries, backoff=NO_WAIT))
    assert list(found) == [DEAD_LETTERS]
    [dead] = found[DEAD_LETTERS]
    assert [attempt.message for attempt in dead.attempts] == kept
    assert [attempt.error_type for attempt in dead.attempts] == [error.__name__] * len(kept)
    assert len(work.timeouts) == max(1, len(kept))
    assert dead.stage == "script"
    assert dead.error_type == error.__name__
    assert dead.retryable == (error is TransientError)
    assert (dead.traceback is not None) == (error is KeyError)
    assert dead.claim == lesson.claim


def test_deadline_ends_tries(place):
    work = Times(99)
    policy = RetryPolicy(0.2, 99, backoff=Backoff(60.0, 60.0))
    found = place.run_stage(Slow(work, 0.3), place.lesson(), policy=policy)
    [dead] = found[DEAD_LETTERS]
    assert (dead.error_type, dead.retryable) == ("StageTimeout", True)
    assert [attempt.message for attempt in dead.attempts] == ["failure 1"]


class Slow:
    """Work that takes a number of seconds longer."""

    def __init__(self, work, seconds):
        self._work = work
        self._seconds = seconds

    def __call__(self, lesson, folder, timeout):
        time.sleep(self._seconds)
        return self._work(lesson, folder, timeout)


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_record_counts_tries(place, failures):
    lesson = place.lesson()
    found = place.run_stage(Times(failures), lesson)
    [onward] = found["onward"]
    [record] = onward.records
    assert record.attempts == failures + 1
    [stage] = place.ledger.stages(lesson.request.request_id)
    assert stage.tries == failures + 1
    stored = decode(StageRecord, place.file(lesson, "stages/script.json").read_bytes())
    assert stored == record


def test_seconds_cover_all_tries(place):
    lesson = place.lesson()
    [onward] = place.run_stage(Times(1, seconds=0.1), lesson)["onward"]
    assert onward.records[0].seconds >= 0.2


def test_each_try_has_empty_folder_of_its_own(place):
    folders = []

    def perform(lesson, folder, timeout):
        folders.append(folder)
        assert list(folder.iterdir()) == []
        (folder / "left").write_text("from a failed try")
        (folder / "script.json").write_bytes(b"{}")
        if len(folders) < 3:
            raise TransientError("again")
        return Produced({"script.json": folder / "script.json"})

    found = place.run_stage(perform, lesson := place.lesson())
    assert ids(found["onward"]) == [lesson.request.request_id]
    assert len(set(folders)) == 3
    assert not any(folder.parent.exists() for folder in folders)
    assert place.file(lesson, "script.json").read_bytes() == b"{}"


def test_task_without_files_gets_no_folder(place):
    exists = []

    def perform(lesson, folder, timeout):
        exists.append(folder.exists())
        return made(lesson)

    place.run_stage(perform, place.lesson(), task=FolderlessTask)
    assert exists == [False]


# Reuse


class Counted:
    """Work that counts its calls."""

    def __init__(self):
        self.calls = 0

    def __call__(self, lesson, folder, timeout):
        self.calls += 1
        script = encode(SCRIPT) + b" " * self.calls
        return Produced({"script.json": script}, (Usage("cpu-seconds", 2.0),))


@pytest.mark.parametrize(
    ("change", "again"),
    [
        ({}, False),
        ({"force": True}, True),
        ({"salt": "changed"}, True),
        ({"damage": ("script.json", b"{}")}, True),
        ({"damage": ("stages/script.json", b"half of it")}, True),
        ({"damage": ("stages/script.json", b"")}, True),
    ],
    ids=["nothing", "force", "inputs", "artifact", "record", "empty record"],
)
def test_stage_is_redone_only_if_needed(place, change, again):
    work = Counted()
    lesson = place.lesson()
    [first] = place.run_stage(work, lesson)["onward"]
    options = dict(change)
    if "damage" in options:
        name, content = options.pop("damage")
        place.file(lesson, name).write_bytes(content)
    [second] = place.run_stage(work, lesson, **options)["onward"]
    assert work.calls == 1 + again
    [before], [after] = first.records, second.records
    assert not before.reused
    assert after.reused == (not again)
    assert replace(after, reused=False) == before or again
    assert place.store.verify(after.artifacts[0])


def test_one_damaged_artifact_of_several_redoes_stage(place):
    calls = []

    def perform(lesson, folder, timeout):
        calls.append(lesson)
        return Produced({"a.json": b"a", "b.json": b"b"})

    lesson = place.lesson()
    place.run_stage(perform, lesson)
    place.file(lesson, "b.json").unlink()
    place.run_stage(perform, lesson)
    assert len(calls) == 2
    assert place.file(lesson, "b.json").read_bytes() == b"b"


def test_stages_with_equal_inputs_keep_apart(place):
    lesson = place.lesson("video")
    [first] = place.run_stage(made, lesson)["onward"]
    [second] = place.run_stage(made, lesson, task=VideoTask)["finished"]
    assert first.records[0].fingerprint != second.records[0].fingerprint


def test_alternative_texts_follow_artifacts(place):
    def perform(lesson, folder, timeout):
        return Produced({"a.webp": b"a", "b.webp": b"b"}, alt={"b.webp": "A falling apple"})

    [onward] = place.run_stage(perform, place.lesson())["onward"]
    assert [artifact.alt for artifact in onward.records[0].artifacts] == ["", "A falling apple"]


# Where lessons go


def test_bundle_accounts_for_each_lesson(place):
    kinds = ("audio", "text", "permanent", "bug", "taken", "cancelled", "audio")
    lessons = [
        place.lesson("text" if kind == "text" else "audio", student_query=kind) for kind in kinds
    ]

    def perform(lesson, folder, timeout):
        kind = lesson.request.student_query
        if kind == "permanent":
            raise PermanentError("refused")
        if kind == "bug":
            raise KeyError("bug")
        if kind == "taken":
            place.take_over(lesson)
        if kind == "cancelled":
            place.cancel(lesson)
        return made(lesson)

    found = place.run_stage(perform, *lessons)
    messages = {tag: [e.message for e in found[tag]] for tag in ("onward", "finished")}
    assert messages["onward"] == [lessons[0].message, lessons[6].message]
    assert messages["finished"] == [lessons[1].message]
    assert [(e.message, e.error_type) for e in found[DEAD_LETTERS]] == [
        (lessons[2].message, "PermanentError"),
        (lessons[3].message, "KeyError"),
        (lessons[5].message, "Cancelled"),
    ]
    assert found[DEAD_LETTERS][2].error == (
        "cancelled on request before narration; a replay reopens it"
    )
    [outcome] = found["outcomes"]
    assert (outcome.status, outcome.message_id, outcome.stage) == (
        "superseded",
        lessons[4].message.message_id,
        "script",
    )


def test_progress_names_next_stage(place):
    lesson = place.lesson()
    place.run_stage(made, lesson)
    found = row(place.ledger, lesson)
    assert (found.stage, found.progress) == ("narration", 25)
    assert list(found.artifacts) == ["script.json"]
    assert found.cost_usd > 0


def test_isolated_lesson_is_not_held(place):
    order = []

    def perform(lesson, folder, timeout):
        order.append(lesson.request.student_query)
        return made(lesson)

    lessons = [place.lesson(student_query=name) for name in ("first", "isolated", "last")]
    lessons[1] = replace(lessons[1], claim=replace(lessons[1].claim, isolated=True))
    found = place.run_stage(perform, *lessons)
    assert order == ["isolated", "first", "last"]
    assert len(found["onward"]) == 3


# Outages


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(retries, "_PATIENCE", retry.RetryPolicy(0.01, 1))


def break_before(place):
    place.break_store()
    return made


def break_within(place):
    def perform(lesson, folder, timeout):
        place.break_store()
        return made(lesson)

    return perform


def released(place, lesson):
    return not place.ledger.interrupted([lesson.message.message_id])


@pytest.mark.parametrize("breaks", [break_before, break_within])
def test_outage_releases_every_claim(place, impatient, breaks):
    lessons = [place.lesson(), place.lesson()]
    work = breaks(place)
    with pytest.raises(DependencyDown, match="artifacts"):
        place.run_stage(work, *lessons)
    assert not place.ledger.dead_letters()
    for lesson in lessons:
        assert outcome_of(place.ledger, lesson.message.message_id) == "in_flight"
        assert released(place, lesson)
        assert place.rival(lesson).kind == "taken_over"


def test_outage_of_ledger_too_names_first_cause(place):
    lesson = place.lesson()
    with place.ledger.connected() as connection:
        connection.exec_driver_sql("ALTER TABLE requests RENAME TO hidden")
    with (
        pytest.raises(DependencyDown, match="artifacts"),
        release_on_outage(place.ledger, [lesson]),
    ):
        raise DependencyDown("artifacts", "gone")
    with place.ledger.connected() as connection:
        connection.exec_driver_sql("ALTER TABLE hidden RENAME TO requests")


def test_other_failures_keep_claims(place):
    lesson = place.lesson()
    with pytest.raises(KeyError), release_on_outage(place.ledger, [lesson]):
        raise KeyError
    assert place.rival(lesson).kind == "duplicate"


# Artifacts that another worker left


@pytest.mark.parametrize("settle", ["take_over", "complete", "fail"])
def test_lost_claim_leaves_artifacts_unchanged(place, settle):
    lesson = place.lesson()
    theirs = {"script.json": b"theirs"}
    put_artifacts(place.store, place.ledger, lesson, theirs)
    getattr(place, settle)(lesson)
    with pytest.raises(ClaimLost):
        put_artifacts(place.store, place.ledger, lesson, {"script.json": b"ours"})
    assert place.file(lesson, "script.json").read_bytes() == b"theirs"


def test_stage_without_claim_replaces_nothing(place):
    lesson = place.lesson("text")

    def perform(lesson, folder, timeout):
        successor = place.take_over(lesson)
        put_artifacts(place.store, place.ledger, successor, {"script.json": b"theirs"})
        return made(lesson)

    found = place.run_stage(perform, lesson)
    assert [outcome.status for outcome in found["outcomes"]] == ["superseded"]
    assert list(found) == ["outcomes"]
    assert place.file(lesson, "script.json").read_bytes() == b"theirs"
    assert not place.file(lesson, "stages/script.json").exists()


def test_valid_claim_replaces_artifacts_of_dead_worker(place):
    lesson = place.lesson()
    put_artifacts(place.store, place.ledger, lesson, {"script.json": b"theirs"})
    lesson = place.take_over(lesson)
    [onward] = place.run_stage(made, lesson)["onward"]
    assert place.store.verify(onward.records[0].artifacts[0])


def test_record_is_written_after_artifacts(place):
    """A record without its artifacts would make the next worker reuse a missing result."""
    lesson = place.lesson()
    (place.root / lesson.request.request_id / "b.json").mkdir(parents=True)

    def perform(lesson, folder, timeout):
        return Produced({"a.json": b"a", "b.json": b"b"})

    with pytest.raises(DependencyDown):
        place.run_stage(perform, lesson)
    assert not place.file(lesson, "stages/script.json").exists()


# Money


def test_request_over_budget_is_not_started(place):
    work = Counted()
    budget = Budget(place.ledger, per_request=0.0)
    found = place.run_stage(work, lesson := place.lesson(), budget=budget, task=VideoTask)
    assert work.calls == 0
    [dead] = found[DEAD_LETTERS]
    assert (dead.error_type, dead.retryable, dead.attempts) == ("OverBudget", True, ())
    assert dead.message == lesson.message


def test_reused_result_needs_no_budget(place):
    lesson = place.lesson("video")
    place.run_stage(made, lesson, task=VideoTask)
    budget = Budget(place.ledger, per_request=0.0)
    [again] = place.run_stage(made, lesson, budget=budget, task=VideoTask)["finished"]
    assert again.records[0].reused


def test_cost_is_price_of_usage(place):
    lesson = place.lesson()
    [onward] = place.run_stage(made, lesson)["onward"]
    [record] = onward.records
    assert record.usage == (Usage("cpu-seconds", 2.0),)
    assert record.cost_usd > 0
    [stage] = place.ledger.stages(lesson.request.request_id)
    assert stage.cost_usd == pytest.approx(record.cost_usd, abs=1e-7)
    assert json.loads(place.file(lesson, "stages/script.json").read_bytes())["cost_usd"] > 0
