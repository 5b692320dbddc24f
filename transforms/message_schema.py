"""The JSON Schema of content requests, for publishers; `transforms.parse` has the same rules."""

from __future__ import annotations

from typing import Any

from transforms.model import MODALITIES
from transforms.parse import (
    CORRELATION_PATTERN,
    GRADES,
    LANGUAGE_PATTERN,
    MAX_LENGTHS,
    UUID_PATTERN,
    WHITE_SPACE,
)
from transforms.strict_json import FORBIDDEN_PATTERN, MAX_BYTES, MAX_DEPTH, MAX_NUMBER
from transforms.text.hidden import hidden_ranges

DEFAULT_MODALITY = "video"

NOT_STATED = (
    f"The message has at most {MAX_BYTES:,} bytes",
    "is UTF-8",
    "names no field twice in one object",
    f"and is nested at most {MAX_DEPTH} levels deep",
)
"""The rules that JSON Schema cannot state, as one sentence."""


def schema() -> dict[str, Any]:
    """Return the schema of a content request (JSON Schema draft 2020-12).

    A message that is JSON passes the schema if and only if the parser accepts it, except for the
    rules of `NOT_STATED`.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Content request",
        "description": "Rules that this schema cannot state: " + ", ".join(NOT_STATED) + ".",
        "type": "object",
        "required": ["request_id", "student_id", "student_query", "grade_level"],
        "properties": {
            "request_id": {
                "description": "a UUID; the lesson's name everywhere",
                "type": "string",
                "pattern": _whole(UUID_PATTERN),
            },
            "student_id": _required_text(
                "student_id", "opaque id of who asks, never a name or an e-mail address"
            ),
            "student_query": _required_text("student_query", "the question, as it was typed"),
            "grade_level": {
                "description": f"whole number {GRADES[0]}–{GRADES[1]}",
                "type": "integer",
                "minimum": GRADES[0],
                "maximum": GRADES[1],
            },
            "interest": _text("interest", "what the student likes; `general` when absent or blank"),
            "correlation_id": _text(
                "correlation_id",
                "returned in every log line; letters, digits and `. _ ~ : / + = -`; made from "
                "`request_id` when absent or blank",
            )
            | {"pattern": _whole(f"[{WHITE_SPACE}]*{CORRELATION_PATTERN}[{WHITE_SPACE}]*")},
            "requested_modalities": {
                "description": "any of `text` (a script), `audio` (and its narration), `video` "
                f'(and a film); `["{DEFAULT_MODALITY}"]` when absent',
                "type": ["array", "null"],
                "items": {"enum": list(MODALITIES)},
                "minItems": 1,
            },
            "preferred_modality": {
                "description": "one of the requested ones",
                "enum": [*MODALITIES, None],
            },
            "language": _text("language", "BCP-47 tag; `en-US` when absent or empty")
            | {"pattern": _whole(f"({LANGUAGE_PATTERN})?")},
            "environment": _text("environment", "where it comes from, such as `production`"),
            "share": {
                "description": "`false`: make the lesson for this request alone; `true` when "
                "absent",
                "type": ["boolean", "null"],
            },
        },
        "propertyNames": {"$ref": "#/$defs/value"},
        "additionalProperties": {"$ref": "#/$defs/value"},
        "allOf": [_preferred_is_requested(modality) for modality in MODALITIES],
        "$defs": {
            "value": {
                "description": "any JSON value; its strings and names hold neither control "
                "characters (other than tab and line ends) nor lone surrogates, and its numbers "
                "fit a 64-bit float",
                "not": {"type": "string", "pattern": FORBIDDEN_PATTERN},
                "minimum": -MAX_NUMBER,
                "maximum": MAX_NUMBER,
                "items": {"$ref": "#/$defs/value"},
                "propertyNames": {"$ref": "#/$defs/value"},
                "additionalProperties": {"$ref": "#/$defs/value"},
            }
        },
    }


def _text(name: str, what: str) -> dict[str, Any]:
    return {
        "description": f"{what}; up to {MAX_LENGTHS[name]:,} characters",
        "$ref": "#/$defs/value",
        "type": ["string", "null"],
        "maxLength": MAX_LENGTHS[name],
    }


def _required_text(name: str, what: str) -> dict[str, Any]:
    return _text(name, what) | {
        "description": f"{what}; 1–{MAX_LENGTHS[name]:,} characters, not only white space",
        "type": "string",
        "pattern": f"[^{WHITE_SPACE}{hidden_ranges()}]",
    }


def _whole(pattern: str) -> str:
    """Return a pattern for the whole text; in Python `$` also matches before a last line break."""
    return f"^{pattern}$(?!\\n)"


def _preferred_is_requested(modality: str) -> dict[str, Any]:
    """Return the rule that this modality is requested if it is the preferred one."""
    requested: dict[str, Any] = {"contains": {"const": modality}}  # holds for null, too
    then: dict[str, Any] = {"properties": {"requested_modalities": requested}}
    if modality != DEFAULT_MODALITY:
        requested["type"] = "array"
        then["required"] = ["requested_modalities"]
    preferred = {"properties": {"preferred_modality": {"const": modality}}}
    return {"if": preferred | {"required": ["preferred_modality"]}, "then": then}
