"""Migrations make exactly the tables that the code declares, from any state, any number at once."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from transforms.errors import DependencyDown
from transforms.ledger import Ledger, current, downgrade, head, upgrade
from transforms.ledger.migrate import VERSION_TABLE
from transforms.ledger.schema import ARTIFACT_COLUMNS, metadata

CATALOG = """
SELECT 'column' AS kind, table_name || '.' || column_name AS name,
    concat_ws(' ', data_type, numeric_precision, numeric_scale, is_nullable, column_default,
        is_identity, generation_expression) AS definition
FROM information_schema.columns WHERE table_schema = 'public'
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
    """What Postgres knows of the tables, without Alembic's own."""
    return {
        (row["kind"], row["name"]): row["definition"]
        for row in ledger.run(CATALOG)
        if not row["name"].startswith(VERSION_TABLE)
    }


def tables(ledger):
    return {name for kind, name in catalog(ledger) if kind == "table"}


def test_migrations_and_declared_tables_agree(ledger):
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
    assert {"messages", "requests", "stages", "dead_letters"} == tables(ledger)


def test_every_artifact_has_its_column():
    assert set(ARTIFACT_COLUMNS) <= set(metadata.tables["requests"].columns.keys())


def test_upgrading_again_changes_nothing(ledger):
    assert current(ledger.url) is None
    assert upgrade(ledger.url) == head()
    before = catalog(ledger)
    assert upgrade(ledger.url) == current(ledger.url) == head()
    assert catalog(ledger) == before
    assert not ledger.check().outdated


def test_downgrading_and_upgrading_leads_back(ledger):
    upgrade(ledger.url)
    before = catalog(ledger)
    downgrade(ledger.url, "base")
    assert current(ledger.url) is None
    upgrade(ledger.url)
    assert catalog(ledger) == before


def test_several_processes_may_upgrade_at_once(ledger):
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert list(pool.map(upgrade, [ledger.url] * 4)) == [head()] * 4
    assert not ledger.check().outdated


def test_missing_tables_are_reported_with_the_remedy(ledger):
    assert (ledger.check().revision, ledger.check().outdated) == (None, True)
    with pytest.raises(DependencyDown, match="run `vividly db upgrade`"):
        ledger.totals()


def test_tables_of_a_newer_version_are_fine(ledger):
    upgrade(ledger.url)
    with ledger.connected() as connection:
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    assert not ledger.check().outdated
    assert ledger.totals().received == 0


def test_the_products_own_migrations_may_live_in_the_same_database(ledger):
    with ledger.connected() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num text)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('product')")
    upgrade(ledger.url)
    assert ledger.run("SELECT version_num FROM alembic_version") == [{"version_num": "product"}]


def test_a_failed_migration_leaves_nothing_behind(ledger):
    with ledger.connected() as connection:
        connection.exec_driver_sql("CREATE TABLE stages (something_else text)")
    with pytest.raises(Exception, match="already exists"):
        upgrade(ledger.url)
    assert tables(ledger) == {"stages"}
    assert current(ledger.url) is None


def test_check_tells_server_and_revisions(ledger):
    status = ledger.check()
    assert status.server.split(".")[0].isdigit()
    assert (status.revision, status.head) == (None, head())
