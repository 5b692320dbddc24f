"""The embedded Cloud Storage serves Google's client and Beam."""

from __future__ import annotations

import http.client
import json
import logging
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from google.api_core.exceptions import NotFound, PreconditionFailed
from google.cloud import storage
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.embedded.storage import StorageServer
from transforms.errors import DependencyDown

LARGE = os.urandom(9_000_000)
"""Content above 8 MB, which the client uploads in a resumable session."""


@pytest.fixture
def bucket(gcs):
    return storage.Client().bucket(gcs.name)


def put(bucket, name, content=b"x", **conditions):
    blob = bucket.blob(name)
    blob.upload_from_string(content, retry=None, **conditions)
    return blob


@pytest.mark.parametrize("content", [b"small", LARGE], ids=["at once", "in a session"])
def test_upload_obeys_its_condition(bucket, content):
    first = put(bucket, "a", content, if_generation_match=0)
    for conditions in (
        {"if_generation_match": 0},
        {"if_generation_match": first.generation + 1},
        {"if_generation_not_match": first.generation},
        {"if_metageneration_match": first.metageneration + 1},
    ):
        with pytest.raises(PreconditionFailed):
            put(bucket, "a", content + b"!", **conditions)
    assert bucket.blob("a").download_as_bytes() == content
    second = put(bucket, "a", content + b"!", if_generation_match=first.generation)
    assert second.generation != first.generation
    assert bucket.blob("a").download_as_bytes() == content + b"!"


def test_overtaken_upload_session_fails(bucket):
    slow = bucket.blob("a")
    session = slow.create_resumable_upload_session(if_generation_match=0)
    put(bucket, "a", b"fast", if_generation_match=0)
    late = requests.put(session, data=b"slow", timeout=10)
    assert late.status_code == 412
    assert bucket.blob("a").download_as_bytes() == b"fast"


def test_missing_object_is_not_found(bucket):
    missing = bucket.blob("missing")
    for call in (
        missing.reload,
        missing.download_as_bytes,
        missing.delete,
        lambda: missing.delete(if_generation_match=5),
        lambda: missing.reload(if_generation_match=5),
    ):
        with pytest.raises(NotFound):
            call()
    blob = put(bucket, "a")
    with pytest.raises(PreconditionFailed):
        blob.delete(if_generation_match=blob.generation + 1)
    blob.delete(if_generation_match=blob.generation)
    assert not blob.exists()


def test_old_generation_is_not_found(bucket):
    old = put(bucket, "a", b"old").generation
    new = put(bucket, "a", b"new").generation
    with pytest.raises(NotFound):
        bucket.blob("a", generation=old).download_as_bytes()
    assert bucket.blob("a", generation=new).download_as_bytes() == b"new"


def test_copy_obeys_conditions_on_both_objects(bucket):
    source = put(bucket, "source", b"content")
    with pytest.raises(PreconditionFailed):
        bucket.copy_blob(source, bucket, "target", if_source_generation_match=1)
    bucket.copy_blob(
        source,
        bucket,
        "target",
        if_generation_match=0,
        if_source_generation_match=source.generation,
    )
    with pytest.raises(PreconditionFailed):
        bucket.copy_blob(source, bucket, "target", if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        bucket.blob("target").rewrite(source, if_generation_match=0)
    assert bucket.blob("target").download_as_bytes() == b"content"


def test_one_of_concurrent_uploads_wins(bucket):
    def upload(n):
        try:
            put(bucket, "a", str(n).encode(), if_generation_match=0)
        except PreconditionFailed:
            return None
        return n

    with ThreadPoolExecutor(20) as pool:
        winners = [n for n in pool.map(upload, range(40)) if n is not None]
    assert [int(bucket.blob("a").download_as_bytes())] == winners


def test_connection_serves_many_requests(gcs):
    connection = http.client.HTTPConnection(gcs.endpoint.removeprefix("http://"), timeout=10)
    used = set()
    for path, status in (("/", 200), ("/storage/v1/b/none/o/x", 404), ("/nothing", 501)) * 3:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
        used.add(connection.sock)
    assert len(used) == 1
    connection.close()


@pytest.mark.parametrize(
    ("query", "body", "kind"),
    [
        ("uploadType=media&name=a&ifGenerationMatch=x", b"x", "text/plain"),
        ("uploadType=multipart&name=a", b"not json", "application/json"),
        ("uploadType=multipart", b"--x\r\n\r\nnot json\r\n--x--", "multipart/related; boundary=x"),
        ("uploadType=resumable&upload_id=none", b"x", "text/plain"),
        ("uploadType=media&name=../../a", b"x", "text/plain"),
    ],
)
def test_malformed_upload_gets_client_error(gcs, query, body, kind):
    with requests.Session() as session:
        answer = session.post(
            f"{gcs.endpoint}/upload/storage/v1/b/{gcs.name}/o?{query}",
            data=body,
            headers={"Content-Type": kind},
            timeout=10,
        )
        assert 400 <= answer.status_code < 500
        assert session.get(gcs.endpoint, timeout=10).text == "OK"


TWO_PARTS = (
    b'--x\r\nContent-Type: application/json\r\n\r\n{"name": "a"}\r\n'
    b"--x\r\nContent-Type: text/plain\r\n\r\nwhole content\r\n--x--"
)


@pytest.mark.parametrize("sent", [0, 1, 70, len(TWO_PARTS) - 1])
@pytest.mark.parametrize(
    ("upload", "kind"), [("multipart", "multipart/related; boundary=x"), ("media", "text/plain")]
)
def test_truncated_upload_leaves_nothing(bucket, gcs, caplog, upload, kind, sent):
    caplog.set_level(logging.WARNING)
    head = f"Content-Type: {kind}\r\nContent-Length: {len(TWO_PARTS)}"
    status, answer = cut_off(gcs, f"uploadType={upload}&name=a", head, TWO_PARTS[:sent])
    assert (status, answer["error"]["code"]) == (400, 400)
    assert f"after {sent} of {len(TWO_PARTS)} bytes" in answer["error"]["message"]
    assert not bucket.blob("a").exists()
    assert caplog.records == []


@pytest.mark.parametrize("sent", [b"", b"4\r\n", b"4\r\nha", b"4\r\nhalf\r\n"])
def test_truncated_chunked_upload_leaves_nothing(bucket, gcs, sent):
    head = "Transfer-Encoding: chunked"
    assert cut_off(gcs, "uploadType=media&name=a", head, sent)[0] == 400
    assert not bucket.blob("a").exists()


def test_session_continues_after_truncated_upload(bucket, gcs):
    session = bucket.blob("a").create_resumable_upload_session(if_generation_match=0)
    head = "Content-Length: 5\r\nContent-Range: bytes 0-4/5"
    assert cut_off(gcs, urlsplit(session).query, head, b"who", "PUT")[0] == 400
    assert not bucket.blob("a").exists()
    assert requests.put(session, data=b"whole", timeout=10).status_code == 200
    assert bucket.blob("a").download_as_bytes() == b"whole"


def test_client_lost_during_upload_is_ignored(bucket, gcs):
    head = f"Content-Length: {len(LARGE)}"
    for _ in range(5):
        with connected(gcs, "uploadType=media&name=a", head, LARGE[:1_000_000]):
            pass  # closed with the server's answer unread, as when a process is killed
    put(bucket, "b")
    assert [blob.name for blob in bucket.list_blobs()] == ["b"]


def cut_off(gcs, query, head, body, method="POST"):
    """Send less than announced, end the request, and return status and body of the answer."""
    with connected(gcs, query, head, body, method) as client:
        client.shutdown(socket.SHUT_WR)
        answer = http.client.HTTPResponse(client)
        answer.begin()
        found = answer.status, json.loads(answer.read())
        assert client.recv(1) == b""  # the server closes the connection too
        return found


def connected(gcs, query, head, body, method="POST"):
    server = urlsplit(gcs.endpoint)
    client = socket.create_connection((server.hostname, server.port), timeout=10)
    path = f"/upload/storage/v1/b/{gcs.name}/o?{query}"
    client.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode() + body)
    return client


@given(content=st.binary(max_size=300) | st.text("\r\n-=ab", max_size=60).map(str.encode))
@settings(max_examples=60)
def test_any_content_is_stored_unchanged(storage_server, content):
    storage_server.create_bucket("any-content")
    client = storage.Client(
        project="none", client_options={"api_endpoint": storage_server.endpoint},
        use_auth_w_custom_endpoint=False,
    )  # fmt: skip
    blob = client.bucket("any-content").blob("a")
    blob.upload_from_string(content, content_type="text/plain; charset=utf-8")
    assert blob.download_as_bytes() == content
    assert blob.content_type == "text/plain; charset=utf-8"
    client.close()


BEAM = """
from apache_beam.io.filesystems import FileSystems
root = "gs://{bucket}/beam"
with FileSystems.create(f"{{root}}/a") as file:
    file.write(b"beam")
print(FileSystems.open(f"{{root}}/a").read())
FileSystems.rename([f"{{root}}/a"], [f"{{root}}/b"])
print([m.path for m in FileSystems.match([f"{{root}}/*"])[0].metadata_list])
FileSystems.delete([f"{{root}}/b"])
print(FileSystems.exists(f"{{root}}/b"))
"""


def test_beam_needs_only_the_environment(gcs, tmp_path):
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),  # it holds no credentials
        "PYTHONPATH": os.pathsep.join(sys.path),
        **gcs.server.client_environment(),
    }
    done = subprocess.run(
        [sys.executable, "-c", BEAM.format(bucket=gcs.name)],
        env=environment,
        capture_output=True,
        text=True,
        # Without the dummy credentials Beam looks for real ones, for 22 s and more.
        timeout=60,
    )
    assert done.stdout.splitlines() == ["b'beam'", f"['gs://{gcs.name}/beam/b']", "False"]


def test_content_survives_restart_and_crash(tmp_path, monkeypatch):
    server = StorageServer(tmp_path / "storage")
    with server:
        for name, value in server.client_environment().items():
            monkeypatch.setenv(name, value)
        server.create_bucket("bucket")
        first = put(storage.Client().bucket("bucket"), "folder/a", LARGE)
        endpoint = server.endpoint
    with server:
        assert server.endpoint == endpoint
        assert storage.Client().bucket("bucket").blob("folder/a").download_as_bytes() == LARGE
    (tmp_path / "storage" / "index.new").write_text('{"buckets": {')  # a crash while writing
    with StorageServer(tmp_path / "storage") as again:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", again.endpoint)
        bucket = storage.Client().bucket("bucket")
        assert bucket.get_blob("folder/a").generation == first.generation
        put(bucket, "folder/b")
        assert sorted(b.name for b in bucket.list_blobs()) == ["folder/a", "folder/b"]


def test_taken_port_is_named():
    server = StorageServer().start()
    server.stop()
    port = server.endpoint.rpartition(":")[2]
    with (
        socket.create_server(("127.0.0.1", int(port))),
        pytest.raises(DependencyDown, match=port),
    ):
        server.start()


def test_stop_is_repeatable_and_closes_connections(tmp_path):
    server = StorageServer().start()
    with requests.Session() as session:
        assert session.get(server.endpoint, timeout=10).text == "OK"
        server.stop()
        with pytest.raises(requests.ConnectionError):
            session.get(server.endpoint, timeout=10)
    server.stop()


def test_dummy_credentials_are_deleted_with_server():
    server = StorageServer()
    path = Path(server.client_environment()["GOOGLE_APPLICATION_CREDENTIALS"])
    assert json.loads(path.read_text())["token"] == "embedded"
    del server
    assert not path.exists()
