"""`vividly db upgrade --grant-to` gives a role the rights of a job, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from pipeline.cli.app import main
from tests.database_role import Role
from transforms.errors import ConfigurationFault
from transforms.ledger import Ledger


@pytest.fixture
def role(ledger: Ledger) -> Iterator[Role]:
    role = Role(ledger)
    yield role
    role.drop()


def test_granted_role_may_do_the_work_of_a_job(role, ledger):
    role.run("REVOKE USAGE ON SCHEMA public FROM PUBLIC")
    assert role.ledger.missing_rights()
    for _ in range(2):  # each release grants again
        assert main(["db", "upgrade", "--database", ledger.url, "--grant-to", role.name]) == 0
        assert not role.ledger.missing_rights()


def test_granted_role_may_neither_delete_nor_alter(role, ledger):
    ledger.grant(role.name)
    for statement in ("DELETE FROM requests", "TRUNCATE stages", "DROP TABLE messages"):
        with pytest.raises(ConfigurationFault, match=r"permission denied|must be owner"):
            role.ledger.run(statement)


def test_role_name_is_quoted(ledger):
    name = f'jobs@my-project.iam"; DROP TABLE requests; -- {uuid4()}'
    quoted = '"' + name.replace('"', '""') + '"'
    with ledger.connected() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {quoted}")
        try:
            ledger.grant(name)
            [row] = ledger.run(
                "SELECT has_table_privilege(:role, 'requests', 'INSERT') AS held", role=name
            )
        finally:
            connection.exec_driver_sql(f"DROP OWNED BY {quoted}")
            connection.exec_driver_sql(f"DROP ROLE {quoted}")
    assert row["held"]


def test_missing_role_is_named(ledger, capsys):
    assert main(["db", "upgrade", "--database", ledger.url, "--grant-to", "nobody@p.iam"]) == 3
    assert "the role nobody@p.iam does not exist" in capsys.readouterr().err


def test_grants_to_a_role_belong_to_upgrade(capsys):
    assert main(["db", "current", "--database", "postgresql://a@b/c", "--grant-to", "jobs"]) == 2
    assert "--grant-to is an option of `upgrade`" in capsys.readouterr().err
