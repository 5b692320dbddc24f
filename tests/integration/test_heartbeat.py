"""Heartbeats renew the leases of lessons in work and detect lost claims."""

from __future__ import annotations

import logging
import subprocess
import sys
from dataclasses import replace

import pytest
from sqlalchemy import make_url

from tests.integration.ledger_support import LEASE, let_lease_lapse
from tests.integration.stage_support import PATIENCE, is_leased, made, wait_for, wait_for_lease
from transforms.errors import ClaimLost, WorkerFault
from transforms.ledger import Ledger
from transforms.process.supervision import SupervisedThread
from transforms.stage import heartbeat

BEAT = LEASE.total_seconds() / 3 + 0.001
"""Seconds between two heartbeats: a third of a lease."""


def lapse(ledger, *lessons):
    for lesson in lessons:
        let_lease_lapse(ledger, lesson.request.request_id)
        assert not is_leased(ledger, lesson)


@pytest.mark.pooled
def test_heartbeats_renew_every_lease_of_bundle(place, clock):
    lessons = [place.lesson(), place.lesson()]
    kinds = []

    def perform(lesson, folder, timeout):
        for _ in range(2):
            lapse(place.ledger, *lessons)
            clock.beat(BEAT)
            for each in lessons:
                wait_for_lease(place.ledger, each)
                kinds.append(place.rival(each).kind)
        return made(lesson)

    found = place.run_stage(perform, *lessons)
    assert kinds == ["duplicate"] * 8
    assert len(found["onward"]) == 2


def test_taken_over_last_stage_is_superseded(place, clock):
    lesson, other = place.lesson("text"), place.lesson("text")

    def perform(each, folder, timeout):
        if each.request == lesson.request:
            place.take_over(each)
            clock.beat_whole(BEAT)
        return made(each)

    found = place.run_stage(perform, lesson, other)
    [outcome] = found["outcomes"]
    assert (outcome.status, outcome.message_id) == ("superseded", lesson.message.message_id)
    assert [done.request for done in found["finished"]] == [other.request]
    assert not place.ledger.dead_letters()


def test_check_raises_for_lost_claims_only(place, clock):
    lost, kept = place.lesson(), place.lesson()
    with heartbeat.heartbeats(place.ledger, [lost, kept]) as check:
        check(lost)
        place.take_over(lost)
        clock.beat_whole(BEAT)
        check(kept)
        with pytest.raises(ClaimLost, match=lost.request.request_id):
            check(lost)


HIDE = "ALTER TABLE requests RENAME TO hidden"
SHOW = "ALTER TABLE hidden RENAME TO requests"
REFUSE = (
    "ALTER TABLE requests ADD CONSTRAINT never CHECK (lease_expires_at < '2000-01-01') NOT VALID"
)
ACCEPT = "ALTER TABLE requests DROP CONSTRAINT never"


@pytest.mark.parametrize(
    ("fault", "mend"), [(HIDE, SHOW), (REFUSE, ACCEPT)], ids=["outage", "refusal"]
)
def test_heartbeats_go_on_after_failure(place, clock, caplog, monkeypatch, fault, mend):
    thread = SupervisedThread("heartbeat", heartbeat._beat, PATIENCE)  # which is not restarted
    monkeypatch.setattr(heartbeat, "_thread", thread)
    caplog.set_level(logging.WARNING, logger="transforms.stage.heartbeat")
    lesson = place.lesson()
    with heartbeat.heartbeats(place.ledger, [lesson]) as check:
        lapse(place.ledger, lesson)
        change_tables(place.ledger, fault)
        clock.beat(BEAT)
        wait_for(lambda: "heartbeat" in caplog.text)
        change_tables(place.ledger, mend)
        check(lesson)
        clock.beat(BEAT)
        wait_for_lease(place.ledger, lesson)


@pytest.fixture
def fresh_thread(monkeypatch):
    """Let heartbeats run on a thread with all its restarts; end it afterwards."""
    thread = SupervisedThread("heartbeat", heartbeat._beat, PATIENCE, heartbeat.RESTARTS)
    monkeypatch.setattr(heartbeat, "_thread", thread)
    return thread


@pytest.fixture
def break_thread(fresh_thread, monkeypatch):
    """Make the heartbeat thread end as often as the test says."""

    def break_thread(times):
        renew = Ledger.heartbeat
        left = [SystemExit] * times

        def end(*arguments):
            if left:
                raise left.pop()
            return renew(*arguments)

        monkeypatch.setattr(Ledger, "heartbeat", end)
        return left

    return break_thread


def test_ended_heartbeat_is_restarted(place, clock, break_thread):
    left = break_thread(heartbeat.RESTARTS)
    lesson = place.lesson()
    with heartbeat.heartbeats(place.ledger, [lesson]) as check:
        while left:
            clock.advance(BEAT)
        lapse(place.ledger, lesson)
        clock.beat(BEAT)
        wait_for_lease(place.ledger, lesson)
        check(lesson)


def test_stage_without_heartbeat_raises_in_its_bundle(place, clock, break_thread, fresh_thread):
    left = break_thread(heartbeat.RESTARTS + 1)
    lesson = place.lesson()

    def perform(lesson, folder, timeout):
        while left:
            clock.advance(BEAT)
        wait_for(lambda: fresh_thread.failure() is not None)
        return made(lesson)

    for _ in range(2):  # in the bundle that loses its heartbeat, and at the start of the next
        with pytest.raises(WorkerFault, match="heartbeat thread failed with SystemExit"):
            place.run_stage(perform, lesson)
    assert not place.ledger.dead_letters()


def change_tables(ledger, statement):
    with ledger.connected() as connection:
        connection.exec_driver_sql(statement)


def test_outage_of_one_ledger_spares_others(place, clock):
    nowhere = make_url(place.ledger.url).set(database="missing")
    broken = Ledger(nowhere.render_as_string(hide_password=False))
    first, second = place.lesson(), place.lesson()
    with heartbeat.heartbeats(broken, [first]), heartbeat.heartbeats(place.ledger, [second]):
        lapse(place.ledger, first, second)
        clock.beat_whole(BEAT)
        wait_for_lease(place.ledger, second)
        assert not is_leased(place.ledger, first)


def test_each_lease_keeps_its_length(place, clock):
    short = place.lesson()
    long = place.lesson()
    short = replace(short, claim=replace(short.claim, lease=1.0))
    with heartbeat.heartbeats(place.ledger, [short, long]):
        lapse(place.ledger, long)
        clock.beat(0.5)  # due for the short lease; the long one is extended with it
        wait_for_lease(place.ledger, long)
        assert lease_left(place.ledger, long) > 30


def lease_left(ledger, lesson):
    [found] = ledger.run(
        "SELECT CAST(extract(epoch FROM lease_expires_at - now()) AS double precision) AS left "
        "FROM requests WHERE request_id = :id",
        id=lesson.request.request_id,
    )
    return found["left"]


def test_finished_stage_renews_no_lease(place, clock):
    ended, running = place.lesson(), place.lesson()
    with heartbeat.heartbeats(place.ledger, [running]):
        with heartbeat.heartbeats(place.ledger, [ended]):
            pass
        lapse(place.ledger, ended, running)
        clock.beat(BEAT)
        wait_for_lease(place.ledger, running)
        assert not is_leased(place.ledger, ended)


def test_failed_stage_renews_no_lease(place, clock):
    ended, running = place.lesson(), place.lesson()
    with heartbeat.heartbeats(place.ledger, [running]):
        with pytest.raises(KeyError), heartbeat.heartbeats(place.ledger, [ended]):
            raise KeyError
        lapse(place.ledger, ended, running)
        clock.beat(BEAT)
        wait_for_lease(place.ledger, running)
        assert not is_leased(place.ledger, ended)


def test_confirm_renews_lease_at_once(place):
    lesson = place.lesson()
    lapse(place.ledger, lesson)
    heartbeat.confirm_claim(place.ledger, lesson)
    assert lease_left(place.ledger, lesson) > LEASE.total_seconds() - 60


@pytest.mark.parametrize("settle", ["take_over", "complete", "fail"])
def test_confirm_refuses_request_not_running(place, settle):
    lesson = place.lesson()
    getattr(place, settle)(lesson)
    with pytest.raises(ClaimLost, match=lesson.request.request_id):
        heartbeat.confirm_claim(place.ledger, lesson)


FORKED = """
import os, threading, uuid
from datetime import UTC, datetime
from transforms.model import Claim, ContentRequest, Lesson, Message
from transforms.stage.heartbeat import heartbeats

class Heard:
    def __init__(self):
        self.beat = threading.Event()
    def heartbeat(self, claims, seconds):
        self.beat.set()
        return set()

request = ContentRequest(str(uuid.uuid4()), "s", "Explain gravity", 8, "c", ("text",))
message = Message(b"", {}, "m", datetime.now(UTC))
lesson = Lesson(message, request, Claim("token", 1, lease=0.03))
parent = Heard()
with heartbeats(parent, [lesson]):
    assert parent.beat.wait(20)
child = os.fork()
if child == 0:
    heard = Heard()
    with heartbeats(heard, [lesson]):
        os._exit(0 if heard.beat.wait(20) else 3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="forking with threads is for Linux")
def test_forked_child_starts_its_own_heartbeat():
    done = subprocess.run([sys.executable, "-c", FORKED], stdout=subprocess.PIPE, text=True)
    assert done.stdout.strip() == "0"


def test_new_lease_wakes_waiting_heartbeat(place, clock):
    long, short = place.lesson(), place.lesson()
    short = replace(short, claim=replace(short.claim, lease=0.0))
    with heartbeat.heartbeats(place.ledger, [long]):
        clock.beat(BEAT)  # the heartbeat now waits for the long lease
        assert not clock.begun.acquire(timeout=0.05)
        with heartbeat.heartbeats(place.ledger, [short]):
            assert clock.begun.acquire(timeout=PATIENCE)
