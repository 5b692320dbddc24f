"""Run Google's Pub/Sub emulator, if gcloud has installed it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc

from pipeline.embedded.process import LOOPBACK, free_port, spawn, stop

_JAR = "platform/pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar"
_USUAL_ROOTS = (
    "/usr/lib/google-cloud-sdk",
    "/usr/share/google-cloud-sdk",
    "/opt/google-cloud-sdk",
    "~/google-cloud-sdk",
)


def missing() -> str | None:
    """Return why the emulator cannot be started here; None when it can."""
    if shutil.which("java") is None:
        return "no java on the path"
    if _jar() is None:
        return "Google's Pub/Sub emulator is not installed by gcloud"
    return None


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run the emulator and yield its ``host:port``; it logs to a file in `folder`."""
    java, jar = shutil.which("java"), _jar()
    assert java
    assert jar
    port = free_port()
    host = f"{LOOPBACK}:{port}"
    log = folder / "emulator.log"
    command = [java, "-Xmx256m", "-jar", str(jar), f"--host={LOOPBACK}", f"--port={port}"]
    with log.open("wb") as output:
        process = spawn(command, cwd=folder, log=output)
    try:
        with grpc.insecure_channel(host) as channel:
            ready = grpc.channel_ready_future(channel)
            deadline = time.monotonic() + 60
            while not ready.done():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
        yield host
    finally:
        stop(process, patience=0)


def _jar() -> Path | None:
    gcloud = shutil.which("gcloud")
    roots = [os.environ.get("CLOUDSDK_ROOT_DIR"), *_USUAL_ROOTS]
    if gcloud:
        roots.insert(0, str(Path(gcloud).resolve().parents[1]))
    found = (jar for root in roots if root for jar in Path(root).expanduser().glob(_JAR))
    return next(found, None)
