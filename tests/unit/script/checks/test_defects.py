"""The set of planted defects."""

from __future__ import annotations

from collections import Counter

from tests.unit.script.checks.defects import defects, good_lessons

OFFLINE = 60
"""Fewest defects that checks without a second model must find."""


def test_every_defect_changes_its_lesson_or_question():
    good = {(case.script, case.request.student_query) for case in good_lessons()}
    planted = list(defects())
    assert [c.name for c in planted if (c.script, c.request.student_query) in good] == []
    assert Counter(case.name for case in planted).most_common(1)[0][1] == 1


def test_set_is_large_enough():
    assert sum(case.check != "judge" for case in defects()) >= OFFLINE
    assert len(list(good_lessons())) >= 200
