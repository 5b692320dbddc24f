"""Request factory for the tests of the script stage."""

from __future__ import annotations

from typing import Any

from transforms.model import ContentRequest


def request(query: str = "Explain Newton's second law", **fields: Any) -> ContentRequest:
    """Return a valid request with the given fields replaced."""
    known: dict[str, Any] = {
        "request_id": "3f2b8f7e-59a5-4b43-9a38-0c3f6f9f2a10",
        "student_id": "student-1",
        "student_query": query,
        "grade_level": 9,
        "correlation_id": "test",
    }
    return ContentRequest(**(known | fields))
