"""`vividly emulators`, used through the exports that it prints."""

from __future__ import annotations

import signal

import pytest
from google.cloud import storage

from pipeline.embedded.process import free_port
from tests.e2e import command
from transforms.artifacts import ArtifactStore


@pytest.fixture
def exports(tmp_path):
    """The environment variables printed by the command, which runs during the test."""
    process = command.start(
        tmp_path / "log",
        "emulators", "--storage", "--port", free_port(),
        VIVIDLY_STATE=str(tmp_path / "state"), VIVIDLY_PROJECT="some-project",
    )  # fmt: skip
    assert process.stdout is not None
    printed = {}
    while "GOOGLE_CLOUD_PROJECT" not in printed:
        line = process.stdout.readline()
        assert line, (tmp_path / "log").read_text()
        name, _, printed_value = line.removeprefix("export ").partition("=")
        printed[name] = printed_value.strip()
    yield printed
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0


def test_storage_serves_artifacts_by_its_exports(exports, monkeypatch):
    for name, value in exports.items():
        monkeypatch.setenv(name, value)
    store = ArtifactStore(exports["VIVIDLY_ARTIFACTS"])
    stored = store.put("11111111-2222-4333-8444-555555555555", "a.json", b"{}", "application/json")
    client = storage.Client()
    assert client.project == "some-project"
    [blob] = client.list_blobs("lessons")
    assert stored.uri == f"gs://lessons/{blob.name}"
    assert blob.download_as_bytes() == b"{}"
