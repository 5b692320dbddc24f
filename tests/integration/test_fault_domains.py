"""A worker or a configuration at fault settles nothing and ends the job with a remedy."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from pipeline.jobs.graph_runner import GraphRunner
from pipeline.settings.beam_options import VividlyOptions
from tests.e2e import command
from tests.integration.drain_support import Queue, start_drain
from tests.integration.ledger_support import accounts_balance
from transforms.artifacts import ArtifactStore
from transforms.errors import ConfigurationFault, WorkerFault
from transforms.ledger import Ledger
from transforms.ledger.rights import RIGHTS, grant_statement


class Role:
    """A database role that owns nothing."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.name = f"guest_{os.urandom(4).hex()}"
        self.run(f"CREATE ROLE {self.name} LOGIN PASSWORD 'in'")
        url = make_url(ledger.url).set(username=self.name, password="in")
        self.ledger = replace(ledger, url=url.render_as_string(hide_password=False))

    def run(self, statement: str) -> None:
        with self._ledger.connected() as connection:
            connection.exec_driver_sql(statement)

    def grant(self) -> None:
        """Grant what the ledger needs and nothing else."""
        for table, rights in RIGHTS.items():
            self.run(f"GRANT {', '.join(rights)} ON {table} TO {self.name}")

    def read_only(self) -> None:
        """Grant SELECT only."""
        self.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {self.name}")

    def drop(self) -> None:
        self.ledger.close()
        self.run(f"DROP OWNED BY {self.name}")
        self.run(f"DROP ROLE {self.name}")


@pytest.fixture
def role(ledger: Ledger) -> Iterator[Role]:
    role = Role(ledger)
    yield role
    role.drop()


@pytest.fixture
def queue(pubsub: Any) -> Queue:
    return Queue(pubsub.project)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 300 KB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = shutil.which("mount")
    if not mount or os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    mounted = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def requests(count: int, modality: str = "text") -> list[bytes]:
    return [
        json.dumps(command.request(requested_modalities=[modality])).encode() for _ in range(count)
    ]


def runner(ledger: Ledger, folder: Path) -> GraphRunner:
    return GraphRunner(VividlyOptions([]), ledger, ArtifactStore(str(folder / "artifacts")))


def test_role_with_needed_rights_completes_and_dead_letters(role, queue, tmp_path):
    role.grant()
    queue.publish(*requests(2), b"not JSON")
    drain = start_drain(queue, runner(role.ledger, tmp_path))
    summary = drain._run()
    assert (summary["completed"], summary["dead_lettered"]) == (2, 1)
    assert role.ledger.missing_rights() == ()
    [letter] = role.ledger.dead_letters()
    role.ledger.replayed(letter.id, "m-2")
    role.ledger.cancel([summary_id(role.ledger)])


def summary_id(ledger: Ledger) -> str:
    return str(ledger.requests()[0].request_id)


@pytest.mark.parametrize(
    ("right", "table"), [(right, table) for table, rights in RIGHTS.items() for right in rights]
)
def test_each_missing_right_is_found(role, right, table):
    role.grant()
    role.run(f"REVOKE {right} ON {table} FROM {role.name}")
    assert role.ledger.missing_rights() == (f"{right} on {table}",)
    assert grant_statement((f"{right} on {table}",)) == f"GRANT {right} ON {table} TO the role"


def test_read_only_role_stops_the_drain_at_once(role, queue, ledger, tmp_path, monkeypatch):
    role.read_only()
    runs = []
    run = GraphRunner.run
    monkeypatch.setattr(GraphRunner, "run", lambda *given: (runs.append(1), run(*given))[1])
    sent = requests(5)
    queue.publish(*sent)
    drain = start_drain(queue, runner(role.ledger, tmp_path))
    summary = drain._run()
    assert summary["exit_reason"] == "configuration_fault"
    assert summary["received"] == summary["in_flight"] == 5
    assert len(runs) <= 3  # one per thread
    assert isinstance(drain.down, ConfigurationFault)
    assert "permission denied for table" in str(drain.down)
    assert "GRANT SELECT, INSERT, UPDATE, DELETE" in str(drain.down)
    assert queue.left() == set(sent)
    assert ledger.dead_letters() == []
    with pytest.raises(ConfigurationFault):
        drain._checks()["scheduler"]()


def test_read_only_role_pulls_nothing_in_a_drain_command(role, queue, tmp_path):
    role.read_only()
    sent = requests(1)
    queue.publish(*sent)
    done = command.run(
        "drain",
        VIVIDLY_SUBSCRIPTION=queue.name,
        VIVIDLY_DATABASE=role.ledger.url,
        VIVIDLY_ARTIFACTS=str(tmp_path / "artifacts"),
    )
    assert done.returncode == 3, done.stderr
    assert "the role lacks INSERT on messages" in done.stderr
    assert "GRANT INSERT, UPDATE ON" in done.stderr
    assert "Traceback" not in done.stderr
    assert {each.message.data for each in queue.pull()} == set(sent)


def test_full_temporary_folder_settles_nothing(ledger, queue, tmp_path, small_disk, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    (small_disk / "other").write_bytes(b"x" * 250_000)
    sent = requests(3, "audio")
    queue.publish(*sent)
    drain = start_drain(queue, runner(ledger, tmp_path), workers=1)
    summary = drain._run()
    assert summary["exit_reason"] == "worker_fault"
    assert (summary["dead_lettered"], summary["in_flight"]) == (0, 3)
    assert isinstance(drain.down, WorkerFault)
    assert str(small_disk) in str(drain.down)
    assert "No space left on device; free some space, or set TMPDIR" in str(drain.down)
    assert ledger.dead_letters() == []
    assert queue.left() == set(sent)
    with pytest.raises(WorkerFault):
        drain._checks()["scheduler"]()
    monkeypatch.undo()
    after = start_drain(queue, runner(ledger, tmp_path), workers=1)
    queue.redeliver()
    assert after._run()["completed"] == 3
    assert accounts_balance(ledger)
