"""Comparison of an evaluation with a baseline."""

from __future__ import annotations

import pytest

from pipeline.evaluation.comparison import compare
from tests.unit.evaluation.results_support import evaluation, result


@pytest.mark.parametrize("fault", ["safety", "care", "topic", "language"])
def test_new_fault_is_regression(fault):
    before, after = evaluation(result("a")), evaluation(result("a", fault))
    assert compare(after, before).is_regression
    assert not compare(before, after).is_regression
    assert not compare(after, after).is_regression


def test_other_faults_are_no_regression():
    after = evaluation(result("a", "reading_level", "arithmetic", "missing words"))
    assert not compare(after, evaluation(result("a"))).is_regression


def test_one_row_lost_for_one_won_is_no_regression():
    before = evaluation(result("a", "topic"), result("b"))
    after = evaluation(result("a"), result("b", "topic"))
    compared = compare(after, before)
    [topic] = [change for change in compared.changes if change.fault == "topic"]
    assert (topic.new, topic.gone, topic.p) == (("b",), ("a",), 1.0)
    assert not compared.is_regression


def test_only_shared_rows_are_compared():
    before = evaluation(result("a"), result("b"), result("c", query="once"))
    after = evaluation(result("a"), result("c", "topic", query="now"), result("d", "topic"))
    compared = compare(after, before)
    assert compared.shared == 1
    assert not compared.is_regression


def test_probability_of_change_is_two_sided_sign_test():
    names = "abcdef"
    before = evaluation(*(result(name) for name in names))
    after = evaluation(*(result(name, "safety") for name in names))
    assert compare(after, before).changes[0].p == pytest.approx(2 / 2**6)
