"""Totals by hour equal a scan of the rows, also while the migration that fills them goes on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import inspect
from sqlalchemy.schema import CreateColumn

from tests.integration.ledger_support import (
    claim,
    completed,
    execute,
    letter,
    message,
    record,
    recount,
    request,
    take,
    totals_match,
    transaction,
    wait_until_blocked,
)
from transforms.errors import DependencyDown
from transforms.ledger import (
    COST_KEYS,
    ClaimRequest,
    CompletedLesson,
    Ledger,
    downgrade,
    scoped,
    upgrade,
)
from transforms.ledger.schema import metadata
from transforms.ledger.scoped import Scope
from transforms.model import Saving

BEFORE, TABLES = "0007", "0008"
FILL = "SELECT 1 AS filled WHERE fill_hourly_totals()"
HOUR = timedelta(hours=1)


def ask(modality="text"):
    return ClaimRequest(message(), request(requested_modalities=(modality,)))


def finish(ledger, modality="text", usd=0.004):
    """Complete a text or audio request."""
    lesson = take(ledger, ask(modality))
    lesson = lesson.with_record(record(lesson, engine="gemini", cost_usd=usd))
    savings = [Saving("video", "slides", 0.0003)]
    if modality == "audio":
        lesson = lesson.with_record(record(lesson, "narration", engine="google", cost_usd=0.06))
    else:
        savings.append(Saving("narration", "google", 0.05))
    done = completed(lesson)
    whole = CompletedLesson(lesson, done.manifest, done.script, tuple(savings))
    assert ledger.complete([whole]) == [True]


def fail(ledger, error_type="StageTimeout"):
    lesson = take(ledger, ask("video"))
    lesson = lesson.with_record(record(lesson, engine="offline", cost_usd=0.001))
    ledger.progress([(lesson, "narration", 25)])
    assert ledger.dead_letter([letter(lesson, "narration", error_type=error_type)]) == [True]


def let_pass(ledger, minutes):
    """Make all rows older."""
    for table, column in (
        ("messages", "received_at"), ("stages", "finished_at"), ("requests", "completed_at"),
    ):  # fmt: skip
        ledger.run(
            f"UPDATE {table} SET {column} = {column} - make_interval(mins => :minutes) RETURNING 1",
            minutes=minutes,
        )


@contextmanager
def writable_tables(ledger):
    """Add the columns and tables that present workers use to tables of an earlier revision."""
    with ledger.connected() as connection:
        found = inspect(connection)
        before = {
            name: {column["name"] for column in found.get_columns(name)}
            for name in found.get_table_names()
        }
        tables = [table for table in metadata.sorted_tables if table.name not in before]
        columns = [
            column
            for table in metadata.sorted_tables
            for column in table.columns
            if column.name not in before.get(table.name, {column.name})
        ]
        for column in columns:
            added = CreateColumn(column).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {column.table.name} ADD {added}")
        metadata.create_all(connection, tables)
    yield
    with ledger.connected() as connection:
        for column in columns:
            connection.exec_driver_sql(f"ALTER TABLE {column.table.name} DROP {column.name}")
        metadata.drop_all(connection, tables)


def everything(ledger, since=None, until=None):
    """Read all that is computed from the totals."""
    scope = Scope(since, until)
    accounts = scoped.accounts(ledger, scope)
    found = [(dict(accounts.outcomes), accounts.cancelled, accounts.first)]
    found += [ledger.costs(key, since, until) for key in COST_KEYS]
    return [
        *found,
        *(sorted(read(ledger, scope), key=str) for read in (scoped.costs, scoped.savings)),
    ]


@pytest.fixture
def rows(ledger):
    """Requests of every outcome in several hours, a reopened one and one in flight."""
    for number in range(4):
        finish(ledger, ("text", "audio")[number % 2])
        fail(ledger, ("StageTimeout", "Cancelled")[number % 2])
        let_pass(ledger, 25 + 40 * number)
    ledger.dead_letter([letter(message())])
    failed = take(ledger, ask())
    ledger.dead_letter([letter(failed, "script")])
    again = ClaimRequest(message(), failed.request, replay=True)
    assert claim(ledger, again).kind == "reopened"
    recount(ledger)


def test_every_period_is_read_as_from_rows(ledger, rows):
    now = datetime.now(UTC)
    hour = now.replace(minute=0, second=0, microsecond=0)
    # A period that ends with a row ends before it, in an hour whose totals count it.
    received = [row["received_at"] for row in ledger.run("SELECT received_at FROM messages")]
    times = [None, now - 5 * HOUR, hour - 3 * HOUR, min(received), max(received), hour, now]
    spans = [(a, b) for a, b in product(times, times) if not (a and b) or a < b]
    from_totals = [everything(ledger, *span) for span in spans]
    ledger.run("UPDATE totals_since SET since = 'infinity' RETURNING since")
    ledger.run("DELETE FROM hourly_messages RETURNING hour")
    ledger.run("DELETE FROM hourly_stages RETURNING hour")
    from_rows = [everything(ledger, *span) for span in spans]
    for span, found, expected in zip(spans, from_totals, from_rows, strict=True):
        assert found == expected, span
    recount(ledger)


def test_filling_counts_rows_that_change_meanwhile_once(ledger, rows):
    """The last migration is interrupted after each hour, and workers go on."""
    running = take(ledger, ask())
    let_pass(ledger, 90)
    downgrade(ledger.url, BEFORE)
    upgrade(ledger.url, TABLES)
    ends = [
        lambda: ledger.complete([completed(running, saved=0.25)]),
        lambda: finish(ledger),
        lambda: fail(ledger, "Cancelled"),
    ]
    filled = 0
    with writable_tables(ledger):
        while True:
            before = everything(ledger)
            if not ledger.run(FILL):
                break
            assert everything(ledger) == before
            if filled < len(ends):
                ends[filled]()
            filled += 1
    assert filled > len(ends)
    assert upgrade(ledger.url) > TABLES
    assert totals_match(ledger)


def test_filling_waits_for_writers(ledger):
    take(ledger, ask())
    downgrade(ledger.url, BEFORE)
    upgrade(ledger.url, TABLES)
    with ThreadPoolExecutor(1) as pool:
        with transaction(ledger) as other:
            execute(other, "UPDATE messages SET outcome = 'duplicate', settled_at = now()")
            filling = pool.submit(ledger.run, FILL)
            wait_until_blocked(ledger, filling)
        assert filling.result()
    upgrade(ledger.url)
    assert totals_match(ledger)


def test_prune_of_previous_release_waits_for_filling(ledger, rows):
    downgrade(ledger.url, BEFORE)
    upgrade(ledger.url, TABLES)
    with pytest.raises(DependencyDown, match="run vividly db upgrade first"):
        ledger.run("DELETE FROM messages WHERE outcome = 'completed' RETURNING 1 AS gone")
    upgrade(ledger.url)
    assert totals_match(ledger)


@pytest.mark.changes_rows
def test_totals_of_pruned_rows_are_taken_over(ledger):
    downgrade(ledger.url, BEFORE)
    with writable_tables(ledger):
        finish(ledger)
    for statement in (
        "INSERT INTO daily_messages SELECT '2026-01-02', 'dead_lettered', 7, at, at "
        "FROM CAST('2026-01-02T03:00Z' AS timestamptz) AS at RETURNING day",
        "INSERT INTO daily_requests VALUES ('2026-01-02', 'cancelled', 'text', 2) RETURNING day",
        "INSERT INTO daily_stages VALUES ('2026-01-02', 'text', 'gemini', 'script', "
        "5, 5, 5, 5, 6, 0, 0, 0.5) RETURNING day",
    ):
        ledger.run(statement)
    upgrade(ledger.url)
    accounts = scoped.accounts(ledger, Scope())
    assert accounts.outcomes == {"completed": 1, "dead_lettered": 7}
    assert (accounts.cancelled, accounts.first) == (2, datetime(2026, 1, 2, 3, tzinfo=UTC))
    day = next(each for each in ledger.costs("day") if each.key == "2026-01-02")
    assert (day.requests, day.done, day.cost_usd) == (5, 6, 0.5)


def test_writers_do_not_wait_for_totals_of_others(ledger):
    with transaction(ledger) as other:
        execute(
            other,
            "INSERT INTO messages (message_id, outcome, deliveries, publish_time, settled_at) "
            "VALUES ('other', 'dead_lettered', 1, now(), now())",
        )
        assert ledger.dead_letter([letter(message())]) == [True]
        finish(ledger)


def test_more_writers_than_shards_lose_nothing(ledger):
    def work(number):
        own = Ledger(ledger.url, pool_size=1, max_overflow=number)  # a pool of its own
        for _ in range(3):
            finish(own, ("text", "audio")[number % 2])
        own.close()

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(work, range(20)))
    assert sum(each.requests for each in ledger.costs("modality")) == 60


def test_request_counts_once_in_each_group(ledger):
    lesson = take(ledger, ask("audio"))
    lesson = lesson.with_record(record(lesson, engine="google", cost_usd=0.004))
    ledger.progress([(lesson, "narration", 25)])
    lesson = lesson.with_record(record(lesson, "narration", engine="google", cost_usd=0.06))
    done = completed(lesson)
    savings = (Saving("video", "google", 0.0003),)
    ledger.complete([CompletedLesson(lesson, done.manifest, done.script, savings)])
    found = {key: [each.requests for each in ledger.costs(key)] for key in COST_KEYS}
    assert found == {"day": [1], "modality": [1], "engine": [1], "stage": [1, 1, 1]}
