"""The JSON Schemas of manifest, summary and dead letters describe what is written."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest

from pipeline.cli import output
from pipeline.monitoring.summary import Tally
from pipeline.reference import output_schemas
from tests import reports
from tests.integration.ledger_support import message, record, request
from transforms.model import Attempt, Claim, Lesson, Outcome, Usage
from transforms.publish import manifest


def accepts(schema: str, written: object) -> bool:
    loaded = json.loads(schema)
    jsonschema.Draft202012Validator.check_schema(loaded)
    return jsonschema.Draft202012Validator(loaded).is_valid(written)


def lesson():
    lesson = Lesson(message(), request(), Claim("token", 1))
    made = record(lesson, "script", usage=(Usage("characters", 1.5),), model="some-model")
    return lesson.with_record(made).with_record(record(lesson, "video", fallback=True))


def test_manifest_fits_its_schema():
    written = json.loads(manifest(lesson(), saved_usd=0.5))
    assert accepts(output_schemas.manifest(), written)
    for name in written:
        rest = {key: value for key, value in written.items() if key != name}
        assert not accepts(output_schemas.manifest(), rest), name


@pytest.mark.parametrize("more", [{}, {"unread_input": True}])
@pytest.mark.parametrize("outcomes", [[], [Outcome("1", "completed", records=lesson().records)]])
def test_summary_fits_its_schema(outcomes, more):
    tally = Tally("batch")
    tally.received(len(outcomes))
    tally.settled(outcomes)
    written = {**tally.summary("end_of_file"), **more}
    assert accepts(output_schemas.summary(), written)
    assert not accepts(output_schemas.summary(), {**written, "undescribed": 1})


@pytest.mark.parametrize("replays", [0, 2])
def test_dead_letter_fits_its_schema(capsys, replays):
    found = reports.letter(
        data=b"\xff{}", attempts=(Attempt(reports.NOON, "Busy", "429"),), traceback="boom",
        replays=replays, replayed_at=reports.NOON if replays else None,
    )  # fmt: skip
    output.dead_letter(found, as_json=True)
    assert accepts(output_schemas.dead_letter(), json.loads(capsys.readouterr().out))
    output.dead_letter(replace(found, field=None, traceback=None), as_json=True)
    assert accepts(output_schemas.dead_letter(), json.loads(capsys.readouterr().out))
