"""Migrations create the declared tables, from every revision and concurrently."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from tests.integration.ledger_support import execute, transaction
from transforms.errors import ConfigurationFault, DependencyDown
from transforms.ledger import Ledger, current, downgrade, head, migrate, upgrade
from transforms.ledger.database import CONFLICT_TRIES
from transforms.ledger.migrate import MIGRATION_LOCK, VERSION_TABLE
from transforms.ledger.schema import ARTIFACT_COLUMNS, metadata

CATALOG = """
SELECT 'column' AS kind, table_name || '.' || column_name AS name,
    concat_ws(' ', data_type, numeric_precision, numeric_scale, is_nullable, column_default,
        is_identity, generation_expression) AS definition
FROM information_schema.columns
WHERE table_schema = 'public' AND to_regclass(quote_ident(table_name)) NOT IN (
    SELECT oid FROM pg_class WHERE relkind = 'v')
UNION ALL
SELECT 'constraint', conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = CAST('public' AS regnamespace)
UNION ALL
SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'table', relname, concat_ws(' ', reloptions)
FROM pg_class WHERE relnamespace = CAST('public' AS regnamespace) AND relkind = 'r'
"""


@pytest.fixture
def ledger(postgres):
    ledger = Ledger(postgres.url)
    yield ledger
    ledger.close()


def catalog(ledger):
    """Read the definitions of all tables except Alembic's."""
    return {
        (row["kind"], row["name"]): row["definition"]
        for row in ledger.run(CATALOG)
        if not row["name"].startswith(VERSION_TABLE)
    }


def wait_for_lock_request(ledger):
    """Wait until a migration has asked for the migration lock."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if ledger.run(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND query LIKE '%pg_try_advisory_lock%'"
        ):
            return
        time.sleep(0.01)
    raise AssertionError("no migration asks for the lock")


def tables(ledger):
    return {name for kind, name in catalog(ledger) if kind == "table"}


def test_migrations_match_declared_tables(ledger):
    upgrade(ledger.url)
    migrated = catalog(ledger)
    with ledger.connected() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
    downgrade(ledger.url, "base")
    assert tables(ledger) == set()
    with ledger.connected() as connection:
        metadata.create_all(connection)
    assert catalog(ledger) == migrated
    assert set(metadata.tables) == tables(ledger)


def test_every_artifact_has_its_column():
    assert set(ARTIFACT_COLUMNS) <= set(metadata.tables["requests"].columns.keys())


def test_repeated_upgrade_changes_nothing(ledger):
    assert current(ledger.url) is None
    assert upgrade(ledger.url) == head()
    before = catalog(ledger)
    assert upgrade(ledger.url) == current(ledger.url) == head()
    assert catalog(ledger) == before
    assert not ledger.check().outdated


def test_downgrade_and_upgrade_restore_tables(ledger):
    upgrade(ledger.url)
    before = catalog(ledger)
    downgrade(ledger.url, "base")
    assert current(ledger.url) is None
    upgrade(ledger.url)
    assert catalog(ledger) == before


def test_upgrade_waits_for_concurrent_migration(ledger):
    """The upgrade then finds the tables of the other migration, and creates nothing."""
    with ThreadPoolExecutor(1) as pool:
        with transaction(ledger) as other:
            execute(other, f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
            waiting = pool.submit(upgrade, ledger.url)
            wait_for_lock_request(ledger)
            metadata.create_all(other)
            execute(other, f"CREATE TABLE {VERSION_TABLE} (version_num varchar(32) NOT NULL)")
            execute(other, f"INSERT INTO {VERSION_TABLE} VALUES (:head)", head=head())
        assert waiting.result() == head()
    assert not ledger.check().outdated


def test_missing_tables_are_reported_with_remedy(ledger):
    assert (ledger.check().revision, ledger.check().outdated) == (None, True)
    with pytest.raises(ConfigurationFault, match="run `vividly db upgrade`"):
        ledger.totals()


def test_newer_tables_are_accepted(ledger):
    upgrade(ledger.url)
    with ledger.connected() as connection:
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    assert not ledger.check().outdated
    assert ledger.totals().received == 0


def test_foreign_migrations_may_share_the_database(ledger):
    with ledger.connected() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num text)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('product')")
    upgrade(ledger.url)
    assert ledger.run("SELECT version_num FROM alembic_version") == [{"version_num": "product"}]


def test_failed_migration_is_rolled_back(ledger):
    with ledger.connected() as connection:
        connection.exec_driver_sql("CREATE TABLE stages (something_else text)")
    with pytest.raises(Exception, match="already exists"):
        upgrade(ledger.url)
    assert tables(ledger) == {"stages"}
    assert current(ledger.url) is None


def test_check_returns_server_and_revisions(ledger):
    status = ledger.check()
    assert status.server.split(".")[0].isdigit()
    assert (status.revision, status.head) == (None, head())


LOSES = (
    "CREATE SEQUENCE tries",  # numbers are not given back when a transaction is rolled back
    """
    CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('tries') <= %d THEN RAISE 'lost' USING ERRCODE = 'deadlock_detected'; END IF;
        RETURN NEW;
    END $$
    """,
    f"CREATE TRIGGER lose BEFORE UPDATE ON {VERSION_TABLE} FOR EACH ROW EXECUTE FUNCTION lose()",
)


@pytest.mark.parametrize("lost", [2, 100])
def test_migration_that_loses_a_deadlock_is_repeated(ledger, monkeypatch, lost):
    monkeypatch.setattr(migrate, "_POLL", 0)
    upgrade(ledger.url, "0005")
    with ledger.connected() as connection:
        for statement in LOSES:
            connection.exec_driver_sql(statement.replace("%d", str(lost)))
    if lost < CONFLICT_TRIES:
        assert upgrade(ledger.url) == head()
        return
    with pytest.raises(DependencyDown, match=r"took too long.*conflicts in a row"):
        upgrade(ledger.url)
    assert current(ledger.url) == "0005"
