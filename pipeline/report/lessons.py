"""Read the artifacts of lessons from their stores."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from transforms.artifacts import ArtifactStore
from transforms.errors import EnvironmentFault
from transforms.ledger import RequestRow
from transforms.model import Script, decode

log = logging.getLogger(__name__)

READERS = 16  # threads; most of the time is spent waiting for Cloud Storage


@dataclass(frozen=True)
class LessonFiles:
    """Content of a lesson's artifacts.

    Attributes:
        script: None when it cannot be read.
        captions: WebVTT; None when there are none.
        chapters: WebVTT; None when there are none.
        problems: names of the checks that found something in the script, as the manifest has them;
            None when it cannot be read.
        missing: names of artifacts that no longer exist where the ledger recorded them.
        trouble: why the files could not be read; None if they could.
    """

    script: Script | None = None
    captions: str | None = None
    chapters: str | None = None
    problems: tuple[str, ...] | None = None
    missing: tuple[str, ...] = ()
    trouble: str | None = None


def read_lessons(rows: Sequence[RequestRow]) -> dict[str, LessonFiles]:
    """Read the files of completed requests; return them by request id.

    After the first failure of a store, its other lessons are skipped, so that an outage does not
    cost a thousand timeouts.
    """
    down: dict[str, str] = {}
    with ThreadPoolExecutor(READERS, "report") as pool:
        found = pool.map(lambda row: _read_or_explain(row, down), rows)
        return {row.request_id: files for row, files in zip(rows, found, strict=True)}


def _read_or_explain(row: RequestRow, down: dict[str, str]) -> LessonFiles:
    """Read the artifacts of a lesson; return the error's type instead if that fails."""
    try:
        return _read(row, down)
    except Exception as error:  # noqa: BLE001  (logged; the page names it)
        log.warning("the lesson of %s cannot be read: %s", row.request_id, type(error).__name__)
        return LessonFiles(trouble=type(error).__name__)


def _read(row: RequestRow, down: dict[str, str]) -> LessonFiles:
    missing = []
    for name, artifact in row.artifacts.items():
        if "://" not in artifact["uri"] and not Path(artifact["uri"]).is_file():
            missing.append(name)
    root = _store_root(row, "script.json")
    if root is None:
        return LessonFiles(missing=tuple(missing))
    if root in down:
        return LessonFiles(missing=tuple(missing), trouble=down[root])
    try:
        store = ArtifactStore(root)
        script = store.read(row.request_id, "script.json")
        captions, chapters, manifest = (
            store.read(row.request_id, name) if name in row.artifacts else None
            for name in ("captions.vtt", "chapters.vtt", "manifest.json")
        )
    except EnvironmentFault as error:
        down[root] = str(error)
        return LessonFiles(missing=tuple(missing), trouble=str(error))
    return LessonFiles(
        script=_decode_script(script),
        captions=captions.decode("utf-8", "replace") if captions else None,
        chapters=chapters.decode("utf-8", "replace") if chapters else None,
        problems=_problems(manifest),
        missing=tuple(missing),
    )


def _problems(manifest: bytes | None) -> tuple[str, ...] | None:
    try:
        stages = json.loads(manifest or b"")["stages"]
        return tuple(str(name) for stage in stages for name in stage["problems"])
    except (ValueError, LookupError, TypeError):
        return None  # none, damaged, or written by an older version


def _store_root(row: RequestRow, name: str) -> str | None:
    """Return the root of the store that holds an artifact, from the artifact's URI."""
    uri = str(row.artifacts.get(name, {}).get("uri", ""))
    ending = f"/{row.request_id}/{name}"
    return uri.removesuffix(ending) if uri.endswith(ending) else None


def _decode_script(data: bytes | None) -> Script | None:
    try:
        return decode(Script, data) if data else None
    except ValidationError:
        return None  # written by another version
