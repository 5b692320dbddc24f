"""Migrations outside a transaction: they block no writer, and resume when they are killed."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from alembic import op
from alembic.migration import MigrationContext
from alembic.operations import Operations

from tests.integration.ledger_support import execute, transaction
from transforms.errors import DependencyDown
from transforms.ledger import Ledger, current, downgrade, head, migrate, online, upgrade
from transforms.ledger.migrate import VERSION_TABLE

BEFORE, ONLINE = "0003", "0004"
INDEX = "stages_costs_idx"

UPGRADE = "import sys; from transforms.ledger import upgrade; upgrade(sys.argv[1], sys.argv[2])"

VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"

BUILDER = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND query LIKE 'CREATE INDEX CONCURRENTLY%'
"""


@pytest.fixture
def ledger(migrated_postgres):
    """A ledger without the indexes of the first migration outside a transaction."""
    ledger = Ledger(migrated_postgres.url)
    downgrade(ledger.url, BEFORE)
    yield ledger
    ledger.close()


def wait_for(ledger, statement, **parameters):
    """Wait until a statement returns a row."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if rows := ledger.run(statement, **parameters):
            return rows
        time.sleep(0.02)
    raise AssertionError(statement)


def is_valid(ledger, name=INDEX):
    return [row["indisvalid"] for row in ledger.run(VALID, name=name)]


@contextmanager
def unfinished_write(ledger):
    """Hold a transaction that has written to `stages`: an index build waits for its end."""
    with transaction(ledger) as other:
        execute(other, "DELETE FROM stages WHERE attempt = -1")
        yield


@contextmanager
def upgrade_process(ledger):
    """Start an upgrade in a process, wait until its index build waits, and kill it at the end."""
    process = subprocess.Popen([sys.executable, "-c", UPGRADE, ledger.url, ONLINE])
    try:
        yield wait_for(ledger, BUILDER)[0]["pid"]
    finally:
        process.kill()
        process.wait()


def test_killed_index_build_is_done_again(ledger):
    with unfinished_write(ledger):
        with upgrade_process(ledger) as backend:
            wait_for(ledger, VALID, name=INDEX)
        ledger.run("SELECT pg_terminate_backend(CAST(:pid AS integer))", pid=backend)
        wait_for(
            ledger,
            "SELECT 1 AS gone WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = :pid)",
            pid=backend,
        )
        assert is_valid(ledger) == [False]
        assert current(ledger.url) == BEFORE
    assert upgrade(ledger.url, ONLINE) == ONLINE
    assert is_valid(ledger) == [True]
    assert is_valid(ledger, "stages_finished_at_idx") == []


def test_upgrade_waits_for_orphaned_index_build(ledger):
    """The server goes on with the build of a killed client, whose lock it keeps."""
    with unfinished_write(ledger):
        with upgrade_process(ledger) as backend:
            wait_for(ledger, VALID, name=INDEX)
        second = subprocess.Popen([sys.executable, "-c", UPGRADE, ledger.url, ONLINE])
        wait_for(
            ledger,
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid NOT IN (pg_backend_pid(), :builder) AND query LIKE '%pg_try_advisory_lock%'",
            builder=backend,
        )
        assert is_valid(ledger) == [False]  # the second has not dropped what the first builds
    assert second.wait(60) == 0
    assert current(ledger.url) == ONLINE
    assert is_valid(ledger) == [True]


def test_index_build_does_not_block_writers(ledger):
    with unfinished_write(ledger), upgrade_process(ledger):
        ledger.run("DELETE FROM stages WHERE attempt = -2 RETURNING attempt")


def test_downgrade_restores_replaced_index(ledger):
    upgrade(ledger.url)
    downgrade(ledger.url, BEFORE)
    assert is_valid(ledger, "stages_finished_at_idx") == [True]
    assert is_valid(ledger) == []
    assert upgrade(ledger.url) == head()


def test_transactional_migration_gives_up_waiting_for_lock(ledger, monkeypatch):
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT", 0.05)
    with transaction(ledger) as other:
        execute(other, f"SELECT * FROM {VERSION_TABLE} FOR UPDATE")
        with pytest.raises(DependencyDown, match=r"took too long.*lock timeout"):
            downgrade(ledger.url, "0002")
    assert current(ledger.url) == BEFORE


def test_backfill_commits_each_batch(ledger):
    with ledger.connected() as connection:
        connection.exec_driver_sql("CREATE TABLE numbers (n integer, square integer)")
        connection.exec_driver_sql("INSERT INTO numbers SELECT generate_series(1, 10), NULL")
        connection.exec_driver_sql("INSERT INTO numbers VALUES (2000000000, NULL)")
    batch = (
        "UPDATE numbers SET square = n * n WHERE n IN "
        "(SELECT n FROM numbers WHERE square IS NULL ORDER BY n LIMIT 4)"
    )

    def run():
        with migrate._migrating(ledger.url) as config:
            context = MigrationContext.configure(config.attributes["connection"])
            with context.begin_transaction(_per_migration=True), Operations.context(context):
                assert op.get_context() is context
                return online.backfill(batch)

    with pytest.raises(Exception, match="SQLSTATE 22003"):  # the last square is out of range
        run()
    left = "SELECT count(*) AS rows FROM numbers WHERE square IS NULL"
    assert ledger.run(left) == [{"rows": 3}]
    ledger.run("DELETE FROM numbers WHERE n > 10 RETURNING n")
    assert run() == 2
    assert ledger.run(left) == [{"rows": 0}]
