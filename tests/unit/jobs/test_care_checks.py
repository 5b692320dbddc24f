"""`vividly check` warns if no person is told, and of numbers that need a look."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.jobs.care_checks import MAX_AGE, care_checks
from transforms.crisis import help_text

LINE = next(help_text.numbers())[1]


def findings(region=None, topic=None):
    return {check.name: check.run() for check in care_checks(region, topic) if check.warns}


def test_job_without_topic_is_warned_of():
    found = findings()["care topic"]
    assert found.is_warning
    assert found.passed
    assert found.detail == "no person is told of students who need care"


@pytest.mark.parametrize(
    ("age", "person", "warned"),
    [
        (timedelta(), "A. Checker", ""),
        (MAX_AGE + timedelta(days=1), "A. Checker", "older than a year: US"),
        (timedelta(), "", "confirmed by no person: US"),
    ],
)
def test_old_or_unconfirmed_number_is_warned_of(monkeypatch, age, person, warned):
    line = replace(LINE, date=(datetime.now(UTC) - age).date(), checked_by=person)
    monkeypatch.setattr(help_text, "numbers", lambda: [("US", line)])
    found = findings()["help numbers"]
    assert found.is_warning == bool(warned)
    assert warned in found.detail


def test_region_without_numbers_is_warned_of():
    assert "there are no numbers for ZZ" in findings("ZZ")["care region"].detail
    assert not findings("GB")["care region"].is_warning
