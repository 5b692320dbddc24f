"""The published JSON Schema has the same limits as the parser."""

from __future__ import annotations

import json

import jsonschema
import pytest

from tests.unit import test_parse
from tests.unit.test_parse import ID, raw
from transforms.message_schema import schema

NOT_IN_SCHEMA = (
    "bytes", "depth", "digits", "float", "trimmed", "preferred_modality", "student_id, shortest",
    # In Python `$` also matches before a final line break; in JSON Schema it does not.
    "language, ends",
)  # fmt: skip
LIMITS = {
    what: pair
    for what, pair in test_parse.LIMITS.items()
    if not any(name in what for name in NOT_IN_SCHEMA)
}
ACCEPTS = jsonschema.Draft202012Validator(schema()).is_valid


@pytest.mark.parametrize("what", LIMITS)
def test_schema_has_limits_of_parser(what):
    last, beyond = (json.loads(data) for data in LIMITS[what])
    assert ACCEPTS(last)
    assert not ACCEPTS(beyond)


@pytest.mark.parametrize(
    "changes",
    [
        {"student_id": ""},
        {"request_id": f"x{ID}"},
        {"language": "-en"},
        {"language": "en-"},
        {"requested_modalities": []},
        {"requested_modalities": ["hologram"]},
        {"preferred_modality": "hologram"},
        {"grade_level": True},
        {"interest": 1},
        {"student_id": None},
    ],
    ids=str,
)
def test_schema_refuses_invalid_field(changes):
    assert not ACCEPTS(json.loads(raw(**changes)))


@pytest.mark.parametrize("name", ["interest", "correlation_id", "language", "environment"])
@pytest.mark.parametrize("value", [None, ""])
def test_schema_accepts_empty_optional_field(name, value):
    assert ACCEPTS(json.loads(raw(**{name: value})))


def test_schema_accepts_null_modalities_and_unknown_fields():
    changes = {"requested_modalities": None, "preferred_modality": None, "more": {"a": 1}}
    assert ACCEPTS(json.loads(raw(**changes)))
