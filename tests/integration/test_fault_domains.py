"""A worker or a configuration at fault settles nothing and ends the job with a remedy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from pipeline import graph
from pipeline.jobs.graph_runner import GraphRunner
from pipeline.jobs.resources import check_rights
from pipeline.settings.beam_options import VividlyOptions
from pipeline.settings.chosen_engines import voice_engine
from tests.contract.fakes import texttospeech
from tests.contract.fakes.speech_rules import Failure
from tests.database_role import Role
from tests.e2e import command
from tests.integration.drain_support import record_requests, start_drain
from transforms.artifacts import ArtifactStore
from transforms.errors import ConfigurationFault
from transforms.ledger import Ledger
from transforms.ledger.rights import RIGHTS


@pytest.fixture
def role(ledger: Ledger) -> Iterator[Role]:
    role = Role(ledger)
    yield role
    role.drop()


def requests(count: int) -> list[bytes]:
    return [json.dumps(command.request()).encode() for _ in range(count)]


def runner(ledger: Ledger, folder: Path) -> GraphRunner:
    return GraphRunner(VividlyOptions([]), ledger, ArtifactStore(str(folder / "artifacts")))


def test_checked_rights_suffice_for_every_statement(role, queue, tmp_path):
    role.grant()
    assert not role.ledger.missing_rights()
    queue.publish(*requests(2), b"not JSON")
    summary = start_drain(queue, runner(role.ledger, tmp_path))._run()
    assert (summary["completed"], summary["dead_lettered"]) == (2, 1)
    [letter] = role.ledger.dead_letters()
    role.ledger.replayed(letter.id, "m-2")
    role.ledger.cancel([role.ledger.requests()[0].request_id])
    role.ledger.totals()


def test_each_missing_right_is_found_with_its_grant(role):
    role.grant()
    for table, rights in RIGHTS.items():
        for right in rights:
            role.run(f"REVOKE {right} ON {table} FROM {role.name}")
            missing = role.ledger.missing_rights()
            assert str(missing) == f"{right} on {table}"
            assert missing.grants == f"GRANT {right} ON {table} TO {role.name}"
            role.run(missing.grants)
    assert not role.ledger.missing_rights()


def test_missing_right_on_one_column_is_found(role):
    role.grant()
    role.run(f"REVOKE UPDATE ON messages FROM {role.name}")
    role.run(
        f"GRANT UPDATE (outcome, deliveries, settled_at, request_id) ON messages TO {role.name}"
    )
    missing = role.ledger.missing_rights()
    assert str(missing) == "UPDATE (message_id, publish_time, received_at, released) on messages"
    role.run(missing.grants)
    assert not role.ledger.missing_rights()


def test_schema_without_usage_is_found(role):
    role.grant()
    role.run("REVOKE USAGE ON SCHEMA public FROM PUBLIC")
    missing = role.ledger.missing_rights()
    assert missing.grants == f"GRANT USAGE ON SCHEMA public TO {role.name}"
    with pytest.raises(ConfigurationFault, match=r"lacks USAGE on SCHEMA public.*GRANT"):
        check_rights(role.ledger)
    role.run(missing.grants)
    assert not role.ledger.missing_rights()


def test_database_without_connect_is_configuration_fault(role):
    role.grant()
    role.run(f"REVOKE CONNECT ON DATABASE {role.database} FROM PUBLIC")
    with pytest.raises(ConfigurationFault, match="GRANT CONNECT ON DATABASE"):
        role.ledger.missing_rights()


def test_grant_revoked_during_drain_stops_it_at_once(role, queue, ledger, tmp_path):
    role.read_only()
    sent = requests(5)
    queue.publish(*sent)
    drain = start_drain(queue, runner(role.ledger, tmp_path))
    made = record_requests(drain._client)
    summary = drain._run()
    assert summary["exit_reason"] == "configuration_fault"
    assert summary["received"] == summary["in_flight"] == 5
    assert isinstance(drain.down, ConfigurationFault)
    assert "permission denied for table" in str(drain.down)
    changed = made["modify_ack_deadline"]
    handed_back = [each for ids, seconds in changed if not seconds for each in ids]
    assert len(handed_back) == len(set(handed_back)) == 5
    assert made["acknowledge"] == []
    assert queue.left() == set(sent)
    assert ledger.dead_letters() == []
    with pytest.raises(ConfigurationFault):
        drain._checks()["scheduler"]()


@pytest.mark.parametrize(
    ("code", "expected"),
    [("PERMISSION_DENIED", "enable billing"), ("UNAUTHENTICATED", "provide Google credentials")],
)
def test_refused_speech_service_stops_drain(queue, ledger, tmp_path, monkeypatch, code, expected):
    refused = Failure(grpc.StatusCode[code], "the project is closed")
    sent = [json.dumps(command.request(requested_modalities=["audio"])).encode()]
    queue.publish(*sent)
    with texttospeech.serve("grpc") as google:
        google.script.extend([refused] * 20)
        options = VividlyOptions([], voice_engine="google")
        voice = voice_engine(options)
        local = {**voice.settings, "endpoint": google.endpoint, "insecure": True}
        monkeypatch.setattr(graph, "voice_engine", lambda _: replace(voice, settings=local))
        store = ArtifactStore(str(tmp_path / "artifacts"))
        drain = start_drain(queue, GraphRunner(options, ledger, store))
        summary = drain._run()
    assert summary["exit_reason"] == "configuration_fault"
    assert "Google Text-to-Speech is misconfigured: the project is closed" in str(drain.down)
    assert expected in str(drain.down)
    assert queue.left() == set(sent)
    assert ledger.dead_letters() == []


def test_read_only_role_pulls_nothing_in_a_drain_command(role, queue, tmp_path):
    role.read_only()
    sent = requests(5)
    queue.publish(*sent)
    done = command.run(
        "drain",
        "--max-runtime",
        "10",
        VIVIDLY_SUBSCRIPTION=queue.name,
        VIVIDLY_DATABASE=role.ledger.url,
        VIVIDLY_ARTIFACTS=str(tmp_path / "artifacts"),
    )
    assert done.returncode == 3, done.stderr
    assert "the role lacks INSERT on messages, UPDATE on messages" in done.stderr
    assert f"GRANT INSERT, UPDATE ON messages TO {role.name}" in done.stderr
    assert len(done.stderr.splitlines()) < 10
    assert {each.message.data for each in queue.pull()} == set(sent)
