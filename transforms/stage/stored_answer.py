"""Stored answers of paid calls: one line of JSON, then the bytes of the answer."""

from __future__ import annotations

import json

from transforms.model import Usage
from transforms.stage.paid_call import Answer


def encode_answer(answer: Answer) -> bytes:
    """Encode an answer for the store."""
    about = {
        "usage": [[used.sku, used.quantity, used.priced_as] for used in answer.usage],
        "model": answer.model,
        "details": dict(answer.details),
    }
    return json.dumps(about).encode() + b"\n" + answer.data


def decode_answer(stored: bytes) -> Answer:
    """Decode an answer from the store."""
    line, _, data = stored.partition(b"\n")
    about = json.loads(line)
    usage = tuple(Usage(*used) for used in about["usage"])
    return Answer(data, usage, about["model"], about["details"])
