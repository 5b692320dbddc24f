"""The ledger works through PgBouncer, whose transactions change the server connection."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import make_url

from tests import pgbouncer
from tests.integration.ledger_support import (
    accounts_balance,
    completed,
    locked,
    message,
    request,
    take,
)
from transforms.errors import ConfigurationFault, DependencyDown
from transforms.ledger import ClaimRequest, Ledger, downgrade, head, upgrade
from transforms.ledger.database import StatementRefused, StatementSlow

IGNORED = {"ignore_startup_parameters": "statement_timeout,plan_cache_mode"}
SETTINGS = """
SELECT current_setting('application_name') AS name, current_setting('TimeZone') AS zone,
    current_setting('statement_timeout') AS patience
"""


@pytest.fixture
def pooled(migrated_postgres, bouncer):
    """A ledger behind a PgBouncer that pools transactions."""
    ledger = Ledger(bouncer.url(migrated_postgres.url))
    yield ledger
    ledger.close()


@pytest.fixture
def direct(migrated_postgres):
    """The same ledger without a pooler."""
    ledger = Ledger(migrated_postgres.url)
    yield ledger
    ledger.close()


def ask():
    return ClaimRequest(message(), request())


def finish(ledger):
    lesson = take(ledger, ask())
    return ledger.complete([completed(lesson)])


@pytest.mark.parametrize(
    ("settings", "parameters", "is_pooled"),
    [
        pytest.param({}, {}, True, id="refused parameters"),
        pytest.param(IGNORED, {}, True, id="ignored parameters"),
        pytest.param({}, {"pooler": "transaction"}, True, id="told"),
        pytest.param({"pool_mode": "session"}, {}, True, id="session pooling"),
        pytest.param({"pool_mode": "session"}, {"pooler": "session"}, False, id="told session"),
    ],
)
def test_workers_share_pooler(migrated_postgres, settings, parameters, is_pooled):
    with pgbouncer.serving(migrated_postgres.url, **settings) as bouncer:
        ledger = Ledger(bouncer.url(migrated_postgres.url, **parameters))
        assert ledger.run(SETTINGS) == [{"name": "vividly", "zone": "UTC", "patience": "15s"}]
        assert ledger.check().is_pooled is is_pooled
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(lambda _: finish(ledger), range(12))) == [[True]] * 12
        assert accounts_balance(ledger)
        ledger.close()


def test_direct_connection_is_not_pooled(direct):
    assert not direct.check().is_pooled


def test_pooler_is_detected_behind_equal_settings(migrated_postgres, direct):
    """The database's own settings are those asked for; only the server process differs."""
    name = make_url(direct.url).database
    for setting in ("statement_timeout = '15s'", "plan_cache_mode = force_custom_plan"):
        with direct.connected() as connection:
            connection.exec_driver_sql(f"ALTER DATABASE {name} SET {setting}")
    with pgbouncer.serving(direct.url, **IGNORED) as bouncer:
        ledger = Ledger(bouncer.url(direct.url))
        assert ledger.check().is_pooled
        ledger.close()


@pytest.mark.parametrize(
    "shared",
    [
        pytest.param("DEALLOCATE ALL", id="lost"),
        pytest.param("PREPARE pg8000_statement_1 AS SELECT 2", id="taken"),
    ],
)
def test_shared_prepared_statements_reveal_pooler(direct, shared):
    single = replace(direct, pool_size=1, max_overflow=0)
    first, second = "SELECT CAST(:n AS integer) AS one", "SELECT CAST(:n AS integer) AS two"
    assert single.run(first, n=1) == [{"one": 1}]
    with single.connected() as connection:
        connection.exec_driver_sql(shared)
    assert single.run(first, n=1) == [{"one": 1}]
    assert single.run(second, n=2) == [{"two": 2}]
    assert single.check().is_pooled
    single.close()


def test_refused_statement_is_rolled_back(pooled):
    single = replace(pooled, pool_size=1, max_overflow=0)
    with pytest.raises(StatementRefused, match="SQLSTATE 22012"):
        single.run(
            "WITH kept AS (INSERT INTO ledger_version VALUES ('x') RETURNING 1) "
            "SELECT 1 / (SELECT 0 FROM kept) AS never"
        )
    assert single.run("SELECT version_num FROM ledger_version") == [{"version_num": head()}]
    single.close()


def test_statement_timeout_is_kept(pooled, direct):
    lesson = take(pooled, ask())
    impatient = replace(pooled, timeout=0.3, pool_size=1, max_overflow=0)
    with locked(direct, lesson), pytest.raises(StatementSlow, match="statement timeout"):
        impatient.complete([completed(lesson)])
    assert impatient.complete([completed(lesson)]) == [True]
    impatient.close()


def test_lost_conflict_is_repeated(pooled):
    with pooled.connected() as connection:
        connection.exec_driver_sql("CREATE SEQUENCE tries")
        connection.exec_driver_sql(
            "CREATE FUNCTION lose() RETURNS bigint AS $$ BEGIN IF nextval('tries') <= 2 THEN "
            "RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END IF; "
            "RETURN currval('tries'); END $$ LANGUAGE plpgsql"
        )
    assert pooled.run("SELECT lose() AS tries") == [{"tries": 3}]


def test_deferred_constraint_fails_at_commit(pooled):
    with pooled.connected() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE numbers (n integer UNIQUE DEFERRABLE INITIALLY DEFERRED)"
        )
    with pytest.raises(StatementRefused, match="SQLSTATE 23505"):
        pooled.run("INSERT INTO numbers VALUES (1), (:n) RETURNING n", n=1)
    assert pooled.run("SELECT n FROM numbers") == []


def test_migrations_need_direct_connection(pooled, direct):
    assert upgrade(pooled.url) == head()  # nothing to migrate
    with pytest.raises(ConfigurationFault, match="address of Postgres itself"):
        downgrade(pooled.url, "0003")
    downgrade(direct.url, "0003")
    with pytest.raises(ConfigurationFault, match="address of Postgres itself"):
        upgrade(pooled.url)
    assert direct.check().revision == "0003"


def test_session_pooler_can_migrate(migrated_postgres):
    with pgbouncer.serving(migrated_postgres.url, pool_mode="session") as bouncer:
        url = bouncer.url(migrated_postgres.url, pooler="session")
        downgrade(url, "0003")
        assert upgrade(url) == head()


def test_stopped_server_behind_pooler_is_down(migrated_postgres):
    away = make_url(migrated_postgres.url).set(port=1).render_as_string(hide_password=False)
    with pgbouncer.serving(away, server_login_retry=0.1, query_wait_timeout=1) as bouncer:
        ledger = Ledger(bouncer.url(away, pooler="transaction"))
        with pytest.raises(DependencyDown, match="query_wait_timeout"):
            ledger.run("SELECT 1 AS one")
        ledger.close()


def test_restarts_of_pooler_lose_nothing(migrated_postgres):
    """Workers repeat each failed call; in the end every request is completed once."""
    with pgbouncer.serving(migrated_postgres.url) as bouncer:
        ledger = Ledger(bouncer.url(migrated_postgres.url))
        asked = [ask() for _ in range(40)]
        pause = threading.Event()

        def until_done(call):
            while True:
                try:
                    return call()
                except DependencyDown:
                    pause.wait(0.02)

        def work(each):
            lesson = until_done(lambda: take(ledger, each))
            return until_done(lambda: ledger.complete([completed(lesson)]))

        with ThreadPoolExecutor(8) as pool:
            working = [pool.submit(work, each) for each in asked]
            for finished in (10, 20):
                working[finished].result()
                bouncer.restart()
            assert [each.result() for each in working] == [[True]] * 40
        assert {each.status for each in ledger.requests(limit=None)} == {"completed"}
        assert ledger.totals().completed == 40
        assert accounts_balance(ledger)
        ledger.close()
