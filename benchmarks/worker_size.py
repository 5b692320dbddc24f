"""Measure which installed packages a worker opens, and how large the others are.

    python -m benchmarks.worker_size [--list]

It makes a text, an audio and a video lesson with the offline engines, and then constructs what the
production engines, the store, the queue and the ledger use at Google. Every file that one of these
processes opens is noted; a package counts as opened if one of its files was, except its metadata.
The packages are those of an image without extras (`constraints/…/core.txt`).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

from packaging.utils import canonicalize_name

from deploy.supply_chain import pins

_HOOK = """
import os, sys

_seen = set()
_log = os.open(os.environ["OPENED_FILES"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def _note(event, arguments):
    place = 0 if event == "open" else 1 if event == "import" else None
    if place is None or not isinstance(arguments[place], (str, bytes)):
        return
    path = os.fsdecode(arguments[place])
    if "site-packages" in path and ".dist-info" not in path and path not in _seen:
        _seen.add(path)
        os.write(_log, os.fsencode(path) + b"\\n")

sys.addaudithook(_note)
"""
"""Module that Python imports at its start; it notes opened files and extension modules."""

_PRODUCTION = """
from google.auth.credentials import AnonymousCredentials

import apache_beam.io.gcp.gcsio
import apache_beam.runners.worker.sdk_worker_main
import google.genai
import pipeline.main
import transforms.ledger.cloud_sql
from apache_beam.io.gcp import pubsub
from google.cloud import pubsub_v1, secretmanager, storage, texttospeech
from google.cloud.sql.connector import Connector
from transforms.narration.engines.google import google_tts
from transforms.script.engines.gemini import gemini_engine

anonymous = AnonymousCredentials()
for client in (
    pubsub_v1.PublisherClient,
    pubsub_v1.SubscriberClient,
    secretmanager.SecretManagerServiceClient,
    texttospeech.TextToSpeechClient,
):
    client(credentials=anonymous)
storage.Client(project="p", credentials=anonymous)
google.genai.Client(vertexai=True, project="p", location="global", credentials=anonymous)
"""


def opened_files(folder: Path) -> set[Path]:
    """Run a worker's work and return the files of packages that it opened."""
    (folder / "hook").mkdir()
    (folder / "hook" / "sitecustomize.py").write_text(_HOOK)
    log = folder / "opened"
    environment = {**os.environ, "PYTHONPATH": str(folder / "hook"), "OPENED_FILES": str(log)}
    requests = folder / "requests.jsonl"
    with requests.open("w") as lines:
        for modality in ("text", "audio", "video"):
            request = {
                "request_id": str(uuid.uuid4()),
                "student_id": "worker-size",
                "student_query": "Explain photosynthesis",
                "grade_level": 9,
                "requested_modalities": [modality],
            }
            print(json.dumps(request), file=lines)
    lessons: list[str | Path] = [Path(sys.executable).with_name("vividly"), "batch", requests,
               f"--state={folder / 'state'}", f"--artifacts={folder / 'artifacts'}"]  # fmt: skip
    for command in (lessons, [sys.executable, "-c", _PRODUCTION]):
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return {Path(line) for line in log.read_text().splitlines()}


def files_of(distribution: metadata.Distribution) -> list[Path]:
    """Return the files of a package that exist, with those that Python compiled from them."""
    found = []
    for file in distribution.files or ():
        path = Path(str(distribution.locate_file(file))).resolve()
        found.append(path)
        if path.suffix == ".py":
            tag = f"{path.stem}.{sys.implementation.cache_tag}.pyc"
            found.append(path.parent / "__pycache__" / tag)
    return [path for path in dict.fromkeys(found) if path.is_file()]


def measure(opened: set[Path]) -> tuple[dict[str, int], dict[str, int]]:
    """Return the bytes of each package that was opened, and of each that was not."""
    python = ".".join(map(str, sys.version_info[:2]))
    core = {pin.name for pin in pins.pins((pins.FOLDER / python / "core.txt").read_text(), python)}
    resolved = {path.resolve() for path in opened}
    used: dict[str, int] = {}
    unused: dict[str, int] = {}
    for distribution in metadata.distributions():
        name = canonicalize_name(distribution.metadata["Name"])
        if name in core:
            files = files_of(distribution)
            size = sum(path.stat().st_size for path in files)
            (unused if resolved.isdisjoint(files) else used)[name] = size
    return used, unused


def table(sizes: Mapping[str, int], most: int | None) -> list[str]:
    """Return the largest packages as lines of text."""
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:most]
    return [f"  {size / 1e6:7.1f} MB  {name}" for name, size in largest]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the sizes of opened and unopened packages."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worker_size")
    parser.add_argument("--list", action="store_true", help="list all packages")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        used, unused = measure(opened_files(Path(folder)))
    for title, sizes in (("opened by a worker", used), ("never opened", unused)):
        print(f"{sum(sizes.values()) / 1e6:.0f} MB in {len(sizes)} packages {title}")
        print("\n".join(table(sizes, None if chosen.list else 12)))


if __name__ == "__main__":
    main()
