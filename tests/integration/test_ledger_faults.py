"""The ledger reports and survives restarts, crashes, stalls and lost answers of Postgres."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import make_url

from pipeline.embedded.postgres import EmbeddedPostgres
from tests.integration.ledger_support import (
    Cut,
    Proxy,
    accounts_balance,
    claim,
    completed,
    letter,
    message,
    outcome_of,
    record,
    request,
    take,
)
from tests.postgres_faults import crash, restart
from transforms.errors import ConfigurationFault, DependencyDown
from transforms.ledger import ClaimRequest, ClaimStatus, Ledger, engine, upgrade
from transforms.ledger.database import StatementRefused
from transforms.model import Lesson


def reached(ledger, **parts):
    """Return the ledger as reached by a URL of which some parts are others."""
    url = make_url(ledger.url).set(**parts)
    return replace(ledger, url=url.render_as_string(hide_password=False))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with EmbeddedPostgres(tmp_path_factory.mktemp("ledger") / "postgres") as server:
        upgrade(server.url)
        yield server


@pytest.fixture
def ledger(server):
    server.start()
    ledger = Ledger(server.url)
    yield ledger
    ledger.close()


@pytest.fixture
def proxy(ledger):
    proxy = Proxy("127.0.0.1", port_of(ledger))
    yield proxy
    proxy.close()


@pytest.fixture
def through(ledger, proxy):
    """Open the ledger through the proxy."""
    ledger = replace(reached(ledger, port=proxy.port), timeout=5)
    yield ledger
    ledger.close()


def port_of(ledger):
    return make_url(ledger.url).port


def password_of(ledger):
    return str(make_url(ledger.url).password)


def ask():
    return ClaimRequest(message(), request())


def backend(ledger):
    return ledger.run("SELECT pg_backend_pid() AS pid")[0]["pid"]


READY = b"Z\x00\x00\x00\x05I"
"""ReadyForQuery, the end of the answer to a statement."""


def lose_next_answer(proxy):
    """Cut the connection after the next statement was executed, before its answer arrives."""

    answer = b""

    def cut_once(chunk):
        nonlocal answer
        answer += chunk
        # BindComplete is the beginning of the answer to a statement, not to a ping.
        if answer.startswith(b"2") and answer.endswith(READY):
            proxy.on_answer = lambda chunk: None
            raise Cut
        if answer.endswith(READY):
            answer = b""

    proxy.on_answer = cut_once


def test_restart_between_calls_costs_no_call(ledger, server):
    with ThreadPoolExecutor(4) as pool:  # several connections are open
        lessons = list(pool.map(lambda _: take(ledger, ask()), range(16)))
        restart(server)
        assert list(pool.map(lambda each: ledger.complete([completed(each)]), lessons)) == (
            [[True]] * 16
        )


def test_crash_between_calls_loses_nothing(ledger, server, caplog):
    lessons = [take(ledger, ask()) for _ in range(4)]
    crash(server)
    server.start()
    assert ledger.complete([completed(each) for each in lessons]) == [True] * 4
    assert caplog.records == []


def test_restart_during_call_fails_only_that_call(ledger, server):
    began = threading.Event()

    def work():
        began.set()
        ledger.run("SELECT pg_sleep(30)")

    with ThreadPoolExecutor(1) as pool:
        failed = pool.submit(work)
        began.wait()
        restart(server)
        with pytest.raises(DependencyDown, match="postgres is down"):
            failed.result()
    lesson = take(ledger, ask())
    assert ledger.complete([completed(lesson)]) == [True]


def test_stopped_server_is_down_and_password_hidden(ledger, server):
    asked = ask()
    take(ledger, asked)
    server.stop()
    for _ in range(3):
        with pytest.raises(DependencyDown) as down:
            claim(ledger, asked)
        assert down.value.dependency == "postgres"
        assert "refused" in down.value.detail
        assert password_of(ledger) not in str(down.value)
        assert "\n" not in str(down.value)
    server.start()
    assert claim(ledger, asked).kind == "resumed"


def test_many_workers_lose_nothing_through_restarts(ledger, server):
    """Workers repeat each failed call; in the end every request is completed."""
    asked = [ask() for _ in range(300)]
    failures = []

    def until_done(make):
        while True:
            try:
                return make()
            except DependencyDown as down:
                failures.append(down)
                if not server.pid:
                    pause.wait(0.05)

    def work(each):
        lesson = until_done(lambda: take(ledger, each))
        assert until_done(lambda: ledger.complete([completed(lesson)])) == [True]

    pause = threading.Event()
    with ThreadPoolExecutor(8) as pool:
        working = [pool.submit(work, each) for each in asked]
        for finished in (75, 150, 225):
            working[finished].result()
            restart(server)
        for each in working:
            each.result()
    ids = {each.request.request_id for each in asked}
    rows = [row for row in ledger.requests(limit=None) if row.request_id in ids]
    assert {row.status for row in rows} == {"completed"}
    assert len(rows) == 300
    assert accounts_balance(ledger)


@pytest.mark.parametrize("what", ["claim", "progress", "complete", "dead_letter", "duplicates"])
def test_call_with_lost_answer_can_be_repeated(ledger, through, proxy, what):
    asked = ask()
    lesson: Any = None if what == "claim" else take(through, asked)
    bad = message()
    calls: dict[str, Callable[[], Any]] = {
        "claim": lambda: claim(through, asked).claim is not None,
        "progress": lambda: through.progress([(lesson.with_record(record(lesson)), "video", 9)]),
        "complete": lambda: through.complete([completed(lesson)]),
        "dead_letter": lambda: through.dead_letter([letter(lesson, "script"), letter(bad)]),
        "duplicates": lambda: through.duplicates([(bad, lesson.request.request_id)]),
    }
    through.run("SELECT 1 AS one")
    lose_next_answer(proxy)
    with pytest.raises(DependencyDown):
        calls[what]()
    before = ledger.requests(asked.request.request_id)
    assert before[0].status == {"complete": "completed", "dead_letter": "failed"}.get(
        what, "running"
    )
    expected = {
        "claim": True,
        "progress": ClaimStatus(frozenset(), frozenset()),
        "dead_letter": [True, True],
    }.get(what, [True])
    assert calls[what]() == expected
    after = ledger.requests(asked.request.request_id)
    if what in ("complete", "dead_letter"):
        assert after == before
    assert len(ledger.stages(asked.request.request_id)) == (what == "progress")
    letters = ledger.dead_letters(request_id=asked.request.request_id)
    assert len(letters) == (what == "dead_letter")
    assert accounts_balance(ledger)


def test_reset_idle_connections_are_replaced(through, proxy):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: take(through, ask()), range(8)))
    proxy.cut()
    for _ in range(4):
        take(through, ask())


def test_connection_is_pinged_after_a_pause(through, proxy, monkeypatch):
    answers: list[bool] = []
    through.totals()
    proxy.on_answer = lambda chunk: answers.append(chunk.endswith(READY))
    monkeypatch.setattr(engine, "PING_AFTER", 60.0)
    through.totals()
    assert sum(answers) == 1
    monkeypatch.setattr(engine, "PING_AFTER", 0.0)
    through.totals()
    assert sum(answers) == 1 + 2


def test_silent_server_times_out(through, proxy):
    impatient = replace(through, timeout=0.5)
    take(impatient, ask())
    proxy.stall()
    with pytest.raises(DependencyDown, match="timed out"):
        take(impatient, ask())
    proxy.resume()
    take(impatient, ask())
    impatient.close()


def test_statement_timeout_keeps_its_connection(ledger):
    lesson = take(ledger, ask())
    impatient = replace(ledger, timeout=0.5, pool_size=1, max_overflow=0)
    pid = backend(impatient)
    with ledger.connected() as connection:
        holding = connection.execution_options(isolation_level="READ COMMITTED")
        holding.exec_driver_sql(
            f"SELECT 1 FROM requests WHERE request_id = '{lesson.request.request_id}' FOR UPDATE"
        )
        with pytest.raises(DependencyDown, match=r"took too long.*statement timeout"):
            impatient.complete([completed(lesson)])
        holding.rollback()
    assert impatient.complete([completed(lesson)]) == [True]
    assert backend(impatient) == pid
    impatient.close()


def test_terminated_backend_costs_no_call(ledger):
    single = replace(ledger, pool_size=1, max_overflow=0)
    pid = backend(single)
    ledger.run("SELECT pg_terminate_backend(:pid, 10000)", pid=pid)  # and wait for its end
    assert backend(single) != pid
    single.close()


def test_exhausted_pool_is_reported_as_slow(ledger):
    single = replace(ledger, pool_size=1, max_overflow=0, timeout=0.2)
    with (
        single.connected(),
        pytest.raises(DependencyDown, match=r"took too long.*no connection became free"),
    ):
        single.totals()
    single.totals()
    single.close()


def test_connection_limit_of_server_is_down(ledger):
    with ledger.connected() as connection:
        connection.exec_driver_sql("CREATE ROLE crowd LOGIN CONNECTION LIMIT 1 PASSWORD 'in'")
    crowd = reached(ledger, username="crowd", password="in")
    with crowd.connected(), pytest.raises(DependencyDown, match=r"too many connections.*53300"):
        crowd.run("SELECT 1 AS one")
    crowd.close()


def test_database_closed_to_connections_is_down(ledger):
    """Postgres answers 55000 for a database that does not accept connections, as template0 is."""
    closed = reached(ledger, database="template0")
    with pytest.raises(DependencyDown, match=r"not currently accepting connections.*55000"):
        closed.check()


def test_missing_grant_is_configuration_fault(ledger):
    with ledger.connected() as connection:
        connection.exec_driver_sql("CREATE ROLE guest LOGIN PASSWORD 'in'")
    guest = reached(ledger, username="guest", password="in")
    with pytest.raises(ConfigurationFault, match=r"permission denied.*42501.*: GRANT"):
        guest.totals()
    guest.close()


@pytest.mark.parametrize(
    ("state", "is_outage", "keeps_connection"),
    [
        ("08006", True, False),
        ("22012", False, True),
        ("23505", False, True),
        ("25P02", False, True),
        ("25P03", True, False),
        ("25P04", True, False),
        ("42P02", False, True),
        ("53100", True, True),
        ("55000", True, True),
        ("55006", True, True),
        ("55P03", True, True),
        ("57000", True, True),
        ("57014", True, True),
        ("57P01", True, False),
        ("57P04", True, False),
        ("58030", True, True),
        ("F0000", True, True),
        ("XX000", False, True),
        ("XX001", True, True),
        ("XX002", True, True),
    ],
)
def test_sqlstate_decides_between_outage_and_bug(ledger, state, is_outage, keeps_connection):
    single = replace(ledger, pool_size=1, max_overflow=0)
    with single.connected() as connection:
        connection.exec_driver_sql(
            "CREATE OR REPLACE FUNCTION fail(state text) RETURNS integer AS "
            "$$ BEGIN RAISE EXCEPTION 'failed' USING ERRCODE = state; END $$ LANGUAGE plpgsql"
        )
    pid = backend(single)
    with pytest.raises(DependencyDown if is_outage else StatementRefused, match=state):
        single.run("SELECT fail(:state)", state=state)
    assert (backend(single) == pid) == keeps_connection
    single.close()


def test_read_only_server_is_down_until_writable(ledger):
    single = replace(ledger, pool_size=1, max_overflow=0)
    database = make_url(ledger.url).database

    def turn(read_only):
        with ledger.connected() as connection:
            connection.exec_driver_sql(
                f"ALTER DATABASE {database} SET default_transaction_read_only = {read_only}"
            )

    turn("on")
    try:
        with pytest.raises(DependencyDown, match="read-only transaction"):
            claim(single, ask())
    finally:
        with ledger.connected() as connection:
            connection.exec_driver_sql("SET default_transaction_read_only = off")
            connection.exec_driver_sql(
                f"ALTER DATABASE {database} RESET default_transaction_read_only"
            )
    assert claim(single, ask()).kind == "new"
    single.close()
    ledger.close()


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_lost_conflict_is_retried_a_limited_time(ledger, state):
    with ledger.connected() as connection:
        connection.exec_driver_sql("CREATE SEQUENCE IF NOT EXISTS tries")
        connection.exec_driver_sql("ALTER SEQUENCE tries RESTART")
        connection.exec_driver_sql(
            "CREATE OR REPLACE FUNCTION lose(number integer) RETURNS integer AS $$ BEGIN "
            "IF nextval('tries') <= number THEN "
            f"RAISE EXCEPTION 'lost' USING ERRCODE = '{state}'; END IF; "
            "RETURN number; END $$ LANGUAGE plpgsql"
        )
    assert ledger.run("SELECT lose(3) AS lost") == [{"lost": 3}]
    with pytest.raises(DependencyDown, match=r"took too long.*conflicts in a row"):
        ledger.run("SELECT lose(1000) AS lost")


def test_refused_statement_is_no_outage(ledger):
    single = replace(ledger, pool_size=1, max_overflow=0)
    pid = backend(single)
    with pytest.raises(Exception, match="SQLSTATE 22012") as bug:
        single.run("SELECT 1 / 0")
    assert not isinstance(bug.value, DependencyDown)
    assert backend(single) == pid
    single.close()


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        (
            {"password": "wrong"},
            ConfigurationFault,
            "password authentication failed.*: correct the user",
        ),
        ({"database": "nowhere"}, ConfigurationFault, "does not exist.*: create the database"),
        ({"host": "nowhere.invalid"}, DependencyDown, "nowhere.invalid"),
    ],
)
def test_refused_login_is_told_with_reason(ledger, change, kind, says):
    outside = reached(ledger, **change)
    with pytest.raises(kind, match=says) as down:
        outside.check()
    assert password_of(outside) not in str(down.value)


def test_forked_child_opens_own_connections(ledger):
    single = replace(ledger, pool_size=1, max_overflow=0)
    mine = backend(single)
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writes, str(backend(single)).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(reads, 100)) != mine
    assert backend(single) == mine
    os.close(reads)
    os.close(writes)
    single.close()


def test_many_threads_share_one_small_pool(through, proxy):
    asked = [ask() for _ in range(64)]
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(lambda each: claim(through, each), asked))
    assert proxy.accepted <= through.pool_size + through.max_overflow


def test_connections_have_name_utc_and_timeout(ledger):
    [row] = ledger.run(
        "SELECT current_setting('application_name') AS name, current_setting('TimeZone') AS zone,"
        " current_setting('statement_timeout') AS patience"
    )
    assert row == {"name": "vividly", "zone": "UTC", "patience": "15s"}


def test_stalled_worker_cannot_overwrite_its_successor(ledger, through, proxy):
    """A worker completes its lesson after another worker has claimed the request."""
    asked = ask()
    slow = take(through, asked)
    proxy.cut()
    fast = claim(ledger, asked)
    assert through.complete([completed(slow)]) == [False]
    lesson = Lesson(asked.message, asked.request, fast.claim)
    assert ledger.complete([completed(lesson)]) == [True]
    assert through.dead_letter([letter(slow, "video")]) == [False]
    assert outcome_of(ledger, asked.message.message_id) == "completed"
