"""The requests that ship with the project, good and bad."""

from __future__ import annotations

import json
import uuid
from importlib.resources import files


def lines() -> list[bytes]:
    """The sample messages, as they are."""
    return (files(__name__) / "requests.jsonl").read_bytes().splitlines()


def fresh() -> list[bytes]:
    """The sample messages with request ids of this run, so that they can be sent again and again.

    Two messages with the same id keep having the same; what is not a request stays what it is.
    """
    run = uuid.uuid4()
    return [_renamed(line, run) for line in lines()]


def _renamed(line: bytes, run: uuid.UUID) -> bytes:
    try:
        fields = json.loads(line)
        original = uuid.UUID(fields["request_id"])
    except (ValueError, KeyError, TypeError):
        return line
    return json.dumps({**fields, "request_id": str(uuid.uuid5(run, str(original)))}).encode()
