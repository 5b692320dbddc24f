"""The JSON Schema of content requests, for publishers; `transforms.parse` has the same limits."""

from __future__ import annotations

from typing import Any

from transforms.model import MODALITIES
from transforms.parse import GRADES, LANGUAGE_PATTERN, MAX_LENGTHS, UUID_PATTERN


def schema() -> dict[str, Any]:
    """Return the schema of a content request (JSON Schema draft 2020-12).

    The pipeline alone checks three rules: the preferred modality is a requested one, required
    texts are not blank, and the message as a whole keeps its limits.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Content request",
        "type": "object",
        "required": ["request_id", "student_id", "student_query", "grade_level"],
        "properties": {
            "request_id": {
                "description": "a UUID; the lesson's name everywhere",
                "type": "string",
                "pattern": f"^{UUID_PATTERN}$",
            },
            "student_id": _text("student_id", "who asks", least=1),
            "student_query": _text("student_query", "the question, as it was typed", least=1),
            "grade_level": {
                "description": f"whole number {GRADES[0]}–{GRADES[1]}",
                "type": "integer",
                "minimum": GRADES[0],
                "maximum": GRADES[1],
            },
            "interest": _text("interest", "what the student likes; `general` when absent"),
            "correlation_id": _text(
                "correlation_id", "returned in every log line; made from `request_id` when absent"
            ),
            "requested_modalities": {
                "description": "any of `text` (a script), `audio` (and its narration), `video` "
                '(and a film); `["video"]` when absent',
                "type": ["array", "null"],
                "items": {"enum": list(MODALITIES)},
                "minItems": 1,
            },
            "preferred_modality": {
                "description": "one of the requested ones",
                "enum": [*MODALITIES, None],
            },
            "language": {
                **_text("language", "BCP-47 tag; `en-US` when absent"),
                "pattern": f"^({LANGUAGE_PATTERN})?$",
            },
            "environment": _text("environment", "where it comes from, such as `production`"),
        },
    }


def _text(name: str, what: str, least: int = 0) -> dict[str, Any]:
    span = f"{least}–{MAX_LENGTHS[name]:,}" if least else f"up to {MAX_LENGTHS[name]:,}"
    kind: dict[str, Any] = {"description": f"{what}; {span} characters"}
    kind |= {"type": "string"} if least else {"type": ["string", "null"]}
    return kind | {"maxLength": MAX_LENGTHS[name]} | ({"minLength": least} if least else {})
