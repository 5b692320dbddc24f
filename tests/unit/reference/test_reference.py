"""Generated reference pages are current and complete."""

from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.reference import pages, settings_page
from pipeline.reference.ledger_words import WORDS
from pipeline.settings import SETTINGS
from transforms.errors import InvalidRequest
from transforms.ledger.schema import metadata
from transforms.message_schema import schema
from transforms.model import ContentRequest
from transforms.parse import parse

REQUEST = {
    "request_id": "123E4567-e89b-12d3-a456-426614174000",
    "student_id": "student-1",
    "student_query": "Explain photosynthesis",
    "grade_level": 9,
}


@pytest.mark.parametrize("file", pages.files(), ids=lambda file: file.name)
def test_generated_page_is_up_to_date(file):
    assert file.read_text(encoding="utf-8") == pages.files()[file], "run `make docs`"


def test_every_setting_is_described():
    text = settings_page.tables()
    for setting in SETTINGS:
        assert f"`--{setting.name}`" in text


def test_every_column_is_described():
    described = {table: set(words) - {""} for table, words in WORDS.items()}
    assert described == {name: set(table.columns.keys()) for name, table in metadata.tables.items()}


def test_schema_names_every_field():
    jsonschema.Draft202012Validator.check_schema(schema())
    assert set(schema()["properties"]) == set(ContentRequest.__dataclass_fields__) - {"metadata"}


_TEXTS = st.one_of(st.none(), st.sampled_from(["", "en", "en-US", "x" * 36, "video"]), st.text())
_FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "request_id": st.one_of(st.uuids().map(str), _TEXTS),
        "student_id": st.one_of(_TEXTS, st.text("ab", min_size=99, max_size=101)),
        "student_query": _TEXTS,
        "grade_level": st.one_of(st.integers(-1, 18), st.floats(-1, 18), st.booleans()),
        "interest": _TEXTS,
        "correlation_id": st.one_of(_TEXTS, st.text("ab", min_size=63, max_size=65)),
        "requested_modalities": st.one_of(
            st.none(), st.lists(st.sampled_from(["text", "audio", "video", "smell"]), max_size=3)
        ),
        "preferred_modality": _TEXTS,
        "language": _TEXTS,
        "environment": _TEXTS,
        "more": st.integers(),
    },
)


BEYOND_A_SCHEMA = ("must be one of the requested", "is blank", "control character", "surrogate")


def refusal(message) -> str:
    """Return why the pipeline refuses a message; empty when it accepts it."""
    try:
        parse(json.dumps(message).encode())
    except InvalidRequest as error:
        return error.reason
    return ""


@given(changes=_FIELDS)
def test_schema_and_parser_agree(changes):
    message = {**REQUEST, **changes}
    assume(all(not isinstance(v, str) or v == v.strip() for v in message.values()))
    refused = refusal(message)
    fits = jsonschema.Draft202012Validator(schema()).is_valid(message)
    assert fits == (not refused) or any(words in refused for words in BEYOND_A_SCHEMA)
