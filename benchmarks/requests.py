"""Make request messages for the benchmarks."""

from __future__ import annotations

import json
import uuid


def text_request() -> bytes:
    """Return the bytes of a text request with a new id."""
    return request("text")


def request(modality: str) -> bytes:
    """Return the bytes of a request with a new id."""
    fields = {
        "request_id": str(uuid.uuid4()),
        "student_id": "benchmark",
        "student_query": "Explain photosynthesis for basketball fans",
        "grade_level": 9,
        "requested_modalities": [modality],
    }
    return json.dumps(fields).encode()
