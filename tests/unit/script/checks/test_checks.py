"""Planted defects are found, and good lessons pass."""

from __future__ import annotations

from tests.every_row import for_all
from tests.unit.script.checks.defects import Case, defects, good_lessons, harmless
from transforms.script.checks import CHECKS
from transforms.telemetry.metrics import SCRIPT_CHECKS

NAMES = {check.name for check in CHECKS}
DEFECTS = {case.name: case for case in defects() if case.check in NAMES}

MOST_ALARMS = 0.02
"""Part of the good lessons in which a check may find something that does not block."""


def found_by(case: Case) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for problem in case.problems():
        found.setdefault(problem.check, []).append(problem.text)
    return found


@for_all(DEFECTS)
def test_planted_defect_is_found(case: Case) -> None:
    assert case.check in found_by(case)


HARMLESS = {case.name: case for case in harmless()}


@for_all(HARMLESS)
def test_harmless_text_passes(case: Case) -> None:
    assert found_by(case) == {}


def test_good_lessons_pass():
    lessons = list(good_lessons())
    found = [(case.name, each) for case in lessons for each in case.problems()]
    assert [each for each in found if each[1].severity != "note"] == []
    assert len({name for name, _ in found}) <= MOST_ALARMS * len(lessons), found


def test_every_check_has_a_metric():
    assert sorted((*NAMES, "claims")) == sorted(SCRIPT_CHECKS)
    assert len(NAMES) == len(CHECKS)


def test_no_problem_is_more_severe_than_its_check():
    order = ("note", "repair", "block")
    severities = {check.name: order.index(check.severity) for check in CHECKS}
    for case in DEFECTS.values():
        for problem in case.problems():
            assert order.index(problem.severity) <= severities[problem.check], case.name
