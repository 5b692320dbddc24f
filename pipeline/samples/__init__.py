"""Sample messages, valid and invalid."""

from __future__ import annotations

import json
import uuid
from importlib.resources import files


def lines() -> list[bytes]:
    """Return the sample messages unchanged."""
    return (files(__name__) / "requests.jsonl").read_bytes().splitlines()


def fresh() -> list[bytes]:
    """Return the sample messages with new request ids, so that they can be published repeatedly.

    Messages with equal ids keep equal ids; messages that are not requests stay unchanged.
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
