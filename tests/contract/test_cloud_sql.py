"""The ledger connects to Cloud SQL through Google's connector, with a password and by IAM."""

from __future__ import annotations

import os

import pytest
import sqlalchemy

from tests.contract.fakes import cloud_sql
from tests.integration.ledger_support import claim, message, request
from transforms.errors import DependencyDown
from transforms.ledger import ClaimRequest, Ledger, upgrade

NAME = "test-project:europe-west1:lessons"


@pytest.fixture
def instance(postgres, tmp_path, monkeypatch):
    behind = sqlalchemy.make_url(postgres.url)
    with cloud_sql.serving(NAME, (str(behind.host), int(behind.port or 0)), tmp_path) as serving:
        for name, value in serving.environment().items():
            monkeypatch.setenv(name, value)
        yield serving


@pytest.fixture
def account(postgres):
    """Create a role that may log in without a password, as on an instance with IAM login."""
    engine = sqlalchemy.create_engine(postgres.url, isolation_level="AUTOCOMMIT")
    name = f"lessons-{os.urandom(4).hex()}@test.iam"
    with engine.connect() as connection:
        connection.exec_driver_sql(f'CREATE ROLE "{name}" LOGIN SUPERUSER')
        file = connection.exec_driver_sql("SHOW hba_file").scalar_one()
        rules = connection.exec_driver_sql(f"SELECT pg_read_file('{file}')").scalar_one()
        kept = [line for line in rules.splitlines() if line and not line.startswith("#")]
        lines = ", ".join(f"'{line}'" for line in (f'host all "{name}" all trust', *kept))
        connection.exec_driver_sql(f"COPY (SELECT unnest(ARRAY[{lines}])) TO '{file}'")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
        yield name
        connection.exec_driver_sql(f'REASSIGN OWNED BY "{name}" TO CURRENT_USER')
        connection.exec_driver_sql(f'DROP ROLE "{name}"')
    engine.dispose()


def address(database, user, **parameters):
    query = "&".join(f"{k}={v}" for k, v in {"instance": NAME, **parameters}.items())
    return f"postgresql://{user}@/{database}?{query}"


def can_claim(url):
    """Migrate a database and return whether a request can be claimed in it."""
    upgrade(url)
    ledger = Ledger(url)
    claimed = claim(ledger, ClaimRequest(message(), request()))
    ledger.close()
    return claimed.kind == "new"


def test_ledger_connects_with_password(instance, postgres):
    behind = sqlalchemy.make_url(postgres.url)
    user = f"{behind.username}:{behind.password}"
    assert can_claim(address(behind.database, user))
    assert set(instance.logins) == {False}


def test_ledger_connects_with_iam(instance, postgres, account):
    database = sqlalchemy.make_url(postgres.url).database
    assert can_claim(address(database, account.replace("@", "%40") + ".gserviceaccount.com"))
    assert set(instance.logins) == {True}
    assert "https://www.googleapis.com/auth/sqlservice.login" in instance.scopes


def test_ledger_connects_to_private_address(instance, postgres):
    behind = sqlalchemy.make_url(postgres.url)
    instance.addresses = {"PRIVATE": instance.addresses["PRIMARY"]}
    user = f"{behind.username}:{behind.password}"
    assert can_claim(address(behind.database, user, ip_type="private"))


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        ((403, "NOT_AUTHORIZED: cloudsql.instances.get"), "AUTHORIZED.*Cloud SQL Client"),
        ((404, "The Cloud SQL instance does not exist."), "does not exist"),
    ],
)
def test_refusal_names_instance_and_remedy(instance, refusal, expected):
    instance.refusal = refusal
    with pytest.raises(DependencyDown, match=rf"{NAME}: .*{expected}"):
        Ledger(address("lessons", "ann:secret")).check()


def test_missing_address_kind_is_reported(instance):
    with pytest.raises(DependencyDown, match=f"{NAME}: .*PRIVATE"):
        Ledger(address("lessons", "ann:secret", ip_type="private")).check()
