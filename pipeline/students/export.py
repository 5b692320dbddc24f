"""Export a student's data: rows as JSON, dead letters as bytes, and all files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.usage_error import UsageError
from transforms.ledger import care
from transforms.ledger.erase import letter_numbers

if TYPE_CHECKING:
    from transforms.artifacts import ArtifactStore
    from transforms.ledger import DeadLetterDetail, Ledger

FILE = "student.json"


def export(ledger: Ledger, store: ArtifactStore, student: str, folder: Path) -> Mapping[str, int]:
    """Write all data of a student into a new folder that only this user can read.

    `student.json` comes last, so a folder without it is incomplete.

    Returns:
        Numbers of requests, dead letters and files.

    Raises:
        UsageError: The folder exists and is not empty.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty; give a new folder")
    requests, files = [], 0
    for row in ledger.requests(student=student, limit=None):
        files += store.copy_all(row.request_id, folder / "requests" / row.request_id)
        stages = [asdict(stage) for stage in ledger.stages(row.request_id)]
        requests.append({**asdict(row), "stages": stages})
    letters = []
    for number in letter_numbers(ledger, student):
        letter = ledger.dead_letter_detail(number)
        if letter:
            letters.append(_letter(letter, folder / "dead-letters"))
    whole = {
        "student_id": student,
        "exported_at": datetime.now(UTC),
        "requests": requests,
        "dead_letters": letters,
        "care": care.of_student(ledger, student),
    }
    _write(folder / FILE, json.dumps(whole, indent=2, default=_plain).encode())
    return {"requests": len(requests), "dead_letters": len(letters), "files": files}


def _letter(letter: DeadLetterDetail, folder: Path) -> dict[str, Any]:
    """Write a dead letter's message to a file, and return its other fields."""
    data = folder / f"{letter.id}.bin"
    folder.mkdir(mode=0o700, exist_ok=True)
    _write(data, letter.message.data)
    fields = asdict(letter)
    message = fields.pop("message")
    return {**fields, "attributes": message["attributes"], "data": f"{folder.name}/{data.name}"}


def _write(file: Path, content: bytes) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(content)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)
