"""What benchmarks ask for."""

from __future__ import annotations

import json
import uuid


def text_request() -> bytes:
    """A text request as it is published."""
    fields = {
        "request_id": str(uuid.uuid4()),
        "student_id": "nobody",
        "student_query": "Explain photosynthesis for basketball fans",
        "grade_level": 9,
        "requested_modalities": ["text"],
    }
    return json.dumps(fields).encode()
