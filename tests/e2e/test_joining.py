"""A second command in a folder uses the services that the first one runs there."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import psutil
import pytest

from pipeline.embedded.process import free_port
from tests.e2e import command


@pytest.fixture
def folder(tmp_path):
    return {"VIVIDLY_STATE": str(tmp_path / "state"), "VIVIDLY_ARTIFACTS": str(tmp_path / "made")}


@pytest.fixture
def server(tmp_path, folder):
    """`vividly serve`, started and ready."""
    process = command.start(tmp_path / "serve.log", "serve", "--port", "0", **folder)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert "http://127.0.0.1:" in line, (tmp_path / "serve.log").read_text()
    yield process
    process.kill()


def postgres_processes(state: str) -> list[psutil.Process]:
    """Return the Postgres servers whose data is in a state folder."""
    data = Path(state, "postgres", "data").resolve()
    found = []
    for process in psutil.process_iter(["name"]):
        try:
            if process.info["name"] == "postgres" and Path(process.cwd()) == data:
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_second_command_uses_running_services(server, folder, tmp_path):
    file = command.jsonl(tmp_path / "r.jsonl", [command.request()])
    done = command.run("batch", file, **folder)
    assert done.returncode == 0, done.stderr
    assert command.summary(done.stdout)["completed"] == 1
    assert f"using the services that process {server.pid} runs" in done.stderr
    sent = command.run("publish", "--query", "Explain gravity", "--grade", "8",
                       "--modality", "text", "--wait", **folder)  # fmt: skip
    assert sent.returncode == 0, sent.stderr
    rows = json.loads(command.run("status", "--json", **folder).stdout)
    assert [row["status"] for row in rows] == ["completed", "completed"]
    assert rows[0]["request_id"] in sent.stdout
    server.send_signal(signal.SIGINT)
    assert server.wait(60) == 0


def test_killed_owner_ends_joined_batch(server, folder, tmp_path):
    fifo, log = tmp_path / "fifo", tmp_path / "batch.log"
    os.mkfifo(fifo)
    request = command.request(requested_modalities=["audio"])
    batch = command.start(log, "batch", fifo, "--shutdown-grace", "1", **folder)
    try:
        with fifo.open("wb", buffering=0) as pipe:  # it stays open: the batch waits for more
            pipe.write(json.dumps(request).encode() + b"\n")
            command.wait_for(lambda: "claimed" in log.read_text(), batch)
            os.kill(server.pid, signal.SIGKILL)
            output, _ = batch.communicate(timeout=120)
    finally:
        batch.kill()
    assert batch.returncode == 3, log.read_text()
    assert f"process {server.pid}, which ran the services" in log.read_text()
    assert command.summary(output)["exit_reason"] == "dependency_down"
    file = command.jsonl(tmp_path / "again.jsonl", [request])
    again = command.run("batch", file, "--lease", "1", **folder)
    assert again.returncode == 0, again.stderr
    assert command.summary(again.stdout)["completed"] == 1
    assert postgres_processes(folder["VIVIDLY_STATE"]) == []


def test_stopped_owner_ends_watching_command(folder, tmp_path):
    log = tmp_path / "watch.log"
    owner = command.start(tmp_path / "log", "emulators", "--port", free_port(), **folder)
    assert owner.stdout is not None
    assert owner.stdout.readline(), (tmp_path / "log").read_text()
    watching = command.start(log, "status", "--watch", **folder)
    try:
        assert watching.stdout is not None
        assert watching.stdout.readline()
        owner.terminate()
        assert watching.wait(60) == 3, log.read_text()
    finally:
        watching.kill()
        owner.kill()
    assert "has ended" in log.read_text()
