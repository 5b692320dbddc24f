"""Reading lessons back from where their artifacts are."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from transforms.artifacts import ArtifactStore
from transforms.errors import DependencyDown
from transforms.ledger import RequestRow
from transforms.model import Script, decode

READERS = 16  # files read side by side; most of the time goes into waiting for Cloud Storage


@dataclass(frozen=True)
class LessonFiles:
    """What a lesson's artifacts hold.

    Attributes:
        script: None when it cannot be read.
        captions: WebVTT; None when there are none.
        chapters: WebVTT; None when there are none.
        missing: names of artifacts that are no longer where the ledger says.
        trouble: why they could not be read, if they could not.
    """

    script: Script | None = None
    captions: str | None = None
    chapters: str | None = None
    missing: tuple[str, ...] = ()
    trouble: str | None = None


def read_lessons(rows: Sequence[RequestRow]) -> dict[str, LessonFiles]:
    """The files of completed requests, by request id.

    A store that cannot be reached is asked a few times, not once for each of a thousand lessons.
    """
    down: dict[str, str] = {}
    with ThreadPoolExecutor(READERS, "report") as pool:
        found = pool.map(lambda row: _read(row, down), rows)
        return {row.request_id: files for row, files in zip(rows, found, strict=True)}


def _read(row: RequestRow, down: dict[str, str]) -> LessonFiles:
    missing = []
    for name, artifact in row.artifacts.items():
        if "://" not in artifact["uri"] and not Path(artifact["uri"]).is_file():
            missing.append(name)
    root = _root(row, "script.json")
    if root is None:
        return LessonFiles(missing=tuple(missing))
    if root in down:
        return LessonFiles(missing=tuple(missing), trouble=down[root])
    try:
        store = ArtifactStore(root)
        script = store.read(row.request_id, "script.json")
        captions, chapters = (
            store.read(row.request_id, name) if name in row.artifacts else None
            for name in ("captions.vtt", "chapters.vtt")
        )
    except DependencyDown as error:
        down[root] = str(error)
        return LessonFiles(missing=tuple(missing), trouble=str(error))
    return LessonFiles(
        script=_script(script),
        captions=captions.decode("utf-8", "replace") if captions else None,
        chapters=chapters.decode("utf-8", "replace") if chapters else None,
        missing=tuple(missing),
    )


def _root(row: RequestRow, name: str) -> str | None:
    """The root of the store that an artifact is in; jobs need not all have the same."""
    uri = str(row.artifacts.get(name, {}).get("uri", ""))
    ending = f"/{row.request_id}/{name}"
    return uri.removesuffix(ending) if uri.endswith(ending) else None


def _script(data: bytes | None) -> Script | None:
    try:
        return decode(Script, data) if data else None
    except ValidationError:
        return None  # written by another version
