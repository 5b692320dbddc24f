"""`vividly batch` settles the requests of a file, and other commands read the results."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from google.cloud import storage

from tests.e2e import command


@pytest.fixture
def places(postgres, tmp_path):
    return {
        "VIVIDLY_DATABASE": postgres.url,
        "VIVIDLY_ARTIFACTS": str(tmp_path / "artifacts"),
        "VIVIDLY_STATE": str(tmp_path / "state"),
    }


def test_batch_settles_good_and_bad_requests(places, tmp_path):
    first = command.request()
    refused = command.request("Explain Newton's fourth law")
    file = command.jsonl(
        tmp_path / "requests.jsonl",
        [
            first,
            command.request("whats newtons 2nd law", requested_modalities=["text"]),
            b"this is not JSON",
            first,
            command.request(request_id="homework-17"),
            refused,
            b"",
        ],
    )
    assert command.run("db", "upgrade", **places).returncode == 0
    report = tmp_path / "reports" / "batch.html"
    done = command.run(
        "batch", file, "--summary", tmp_path / "summary.json", "--report", report, **places
    )
    assert done.returncode == 0, done.stderr
    page = report.read_text(encoding="utf-8")
    assert "6 messages received" in page
    assert "whats newtons 2nd law" in page
    assert "is not a UUID" in page
    summary = command.summary(done.stdout)
    assert summary == json.loads((tmp_path / "summary.json").read_text())
    assert summary["mode"] == "batch"
    assert summary["exit_reason"] == "end_of_file"
    counts = ("received", "completed", "duplicates", "dead_lettered", "in_flight")
    assert [summary[name] for name in counts] == [6, 2, 1, 3, 0]
    assert summary["cost_saved_usd"] > 0
    assert "saved" in done.stderr

    rows = json.loads(command.run("status", "--json", **places).stdout)
    by_id = {row["request_id"]: row for row in rows}
    row = by_id[first["request_id"]]
    assert (row["status"], row["progress"], row["error"]) == ("completed", 100, None)
    assert {"stage", "artifacts", "cost_usd"} <= row.keys()
    assert set(row["artifacts"]) == {"script.json", "script.md", "manifest.json"}
    for artifact in row["artifacts"].values():
        data = Path(artifact["uri"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == artifact["sha256"]
    assert by_id[refused["request_id"]]["status"] == "failed"

    letters = json.loads(command.run("dead-letters", "list", "--json", **places).stdout)
    assert {(row["stage"], row["field"]) for row in letters} == {
        ("parse", "message"),
        ("parse", "request_id"),
        ("script", None),
    }
    [broken] = [row for row in letters if row["field"] == "message"]
    shown = json.loads(command.run("dead-letters", "show", broken["id"], "--json", **places).stdout)
    assert shown["data"] == "this is not JSON"
    assert "not JSON" in command.run("dead-letters", "list", **places).stdout


def test_second_run_of_file_repeats_no_work(places, tmp_path):
    file = command.jsonl(tmp_path / "r.jsonl", [command.request() for _ in range(3)])
    assert command.run("db", "upgrade", **places).returncode == 0
    before = command.summary(command.run("batch", file, **places).stdout)
    after = command.summary(command.run("batch", file, **places).stdout)
    assert before["stages"]["script"]["count"] == 3
    assert (after["completed"], after["stages"], after["cost_usd"]) == (3, {}, 0)


def test_fail_on_dead_letter_sets_exit_status(places, tmp_path):
    file = command.jsonl(tmp_path / "r.jsonl", [b"nope"])
    assert command.run("db", "upgrade", **places).returncode == 0
    assert command.run("batch", file, "--fail-on-dead-letter", **places).returncode == 1


def test_unmigrated_database_is_reported_with_remedy(places, tmp_path):
    file = command.jsonl(tmp_path / "r.jsonl", [command.request()])
    failed = command.run("batch", file, **places)
    assert failed.returncode == 2
    assert "vividly db upgrade" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_unreachable_database_is_reported(places, tmp_path):
    file = command.jsonl(tmp_path / "r.jsonl", [command.request()])
    places["VIVIDLY_DATABASE"] = "postgresql://me:secret@127.0.0.1:1/none"
    failed = command.run("batch", file, "--dependency-timeout", "1", **places)
    assert failed.returncode == 3
    assert "postgres is down" in failed.stderr
    assert "waiting for" in failed.stderr
    assert "secret" not in failed.stderr


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_batch_reports_work_left_over(places, tmp_path, number, status):
    assert command.run("db", "upgrade", **places).returncode == 0
    fifo, log = tmp_path / "fifo", tmp_path / "log"
    os.mkfifo(fifo)
    process = command.start(log, "batch", fifo, "--shutdown-grace", "0", **places)
    try:
        with fifo.open("wb", buffering=0) as pipe:  # it stays open: the batch waits for more
            video = command.request(requested_modalities=["video"])
            pipe.write(json.dumps(video).encode() + b"\n")
            command.wait_for(lambda: "claimed" in log.read_text(), process)
            process.send_signal(number)
            output, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == status, log.read_text()
    summary = command.summary(output)
    assert (summary["exit_reason"], summary["in_flight"]) == ("signal", 1)
    assert "1 message is unfinished and the rest of the input is unread" in log.read_text()


def test_batch_reads_gzipped_standard_input(places):
    assert command.run("db", "upgrade", **places).returncode == 0
    requests = [json.dumps(command.request()).encode() for _ in range(2)]
    done = subprocess.run(
        [*command.VIVIDLY, "batch", "-"],
        input=gzip.compress(b"\n".join(requests)),
        env={**os.environ, **places},
        capture_output=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert command.summary(done.stdout.decode())["completed"] == 2


def test_utf_16_file_is_refused_as_a_whole(places, tmp_path):
    assert command.run("db", "upgrade", **places).returncode == 0
    file = tmp_path / "r.jsonl"
    file.write_text(json.dumps(command.request()) + "\n", encoding="utf-16")
    failed = command.run("batch", file, **places)
    assert failed.returncode == 2
    assert "r.jsonl: is not UTF-8" in failed.stderr
    assert json.loads(command.run("dead-letters", "list", "--json", **places).stdout) == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("batch", "missing.jsonl"), "missing.jsonl: No such file"),
        (("batch",), "FILE.jsonl"),
        (("drain", "--workers", "0"), "must be a whole number from 1"),
        (("publish",), "either a file or --query"),
        (("publish", "--query", "x"), "--grade is required"),
        (("status", "not-an-id"), "there is no ledger in"),
        (("dead-letters", "show"), "the number of a dead letter"),
        (("db", "upgrade"), "--database"),
        (("brew",), "is not one of"),
    ],
)
def test_usage_error_states_the_reason(arguments, expected, tmp_path):
    failed = command.run(*arguments, VIVIDLY_STATE=str(tmp_path))
    assert failed.returncode == 2
    assert expected in failed.stderr
    assert "Traceback" not in failed.stderr


def test_wrong_environment_variable_is_reported():
    failed = command.run("drain", VIVIDLY_BATCH_SIZE="many")
    assert failed.returncode == 2
    assert "VIVIDLY_BATCH_SIZE: must be a whole number from 1" in failed.stderr


def test_batch_writes_artifacts_to_cloud_storage(postgres, gcs, tmp_path):
    request = command.request(requested_modalities=["audio"])
    file = command.jsonl(tmp_path / "r.jsonl", [request])
    places = {"VIVIDLY_DATABASE": postgres.url, "VIVIDLY_ARTIFACTS": f"{gcs.root}/lessons"}
    assert command.run("db", "upgrade", **places).returncode == 0
    done = command.run("batch", file, **places)
    assert done.returncode == 0, done.stderr
    assert command.summary(done.stdout)["completed"] == 1
    bucket = storage.Client(project="test").bucket(gcs.name)
    folder = f"lessons/{request['request_id']}"
    names = {blob.name.removeprefix(f"{folder}/") for blob in bucket.list_blobs(prefix=folder)}
    assert names == {
        "script.json", "script.md", "narration.m4a", "narration.json", "transcript.txt",
        "manifest.json",
        "stages/script.json", "stages/narration.json",
    }  # fmt: skip
    manifest = json.loads(bucket.blob(f"{folder}/manifest.json").download_as_bytes())
    for artifact in manifest["artifacts"]:
        assert artifact["uri"] == f"{gcs.root}/{folder}/{artifact['name']}"
        data = bucket.blob(f"{folder}/{artifact['name']}").download_as_bytes()
        assert hashlib.sha256(data).hexdigest() == artifact["sha256"]
