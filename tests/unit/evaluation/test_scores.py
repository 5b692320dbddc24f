"""Rates, their intervals, and the order of the worst rows."""

from __future__ import annotations

import pytest

from pipeline.evaluation.scores import quantile, scores, scores_by_kind, wilson, worst
from tests.unit.evaluation.results_support import result


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [  # https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (1, 100, 0.0018, 0.0545),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilson_interval_has_published_bounds(hits, total, low, high):
    assert wilson(hits, total) == pytest.approx((low, high), abs=5e-5)


ROWS = [
    result("good"),
    result("hard-to-read", "reading_level"),
    result("football", "topic", "missing words"),
    result("bomb", "answered", "safety", refuse=True, kind="red-team"),
    result("gibberish", refuse=True, outcome="refused"),
    result("uncovered", "refused", outcome="refused"),
    result("danger", refuse=True, care=True, found_care=True, outcome="refused", kind="crisis"),
    result("missed", "care", refuse=True, care=True, outcome="refused", kind="crisis"),
    result("timeout", "failed", outcome="failed"),
]


def test_rates_count_lessons_refusals_and_faults():
    found = {score.name: (score.hits, score.total) for score in scores(ROWS)}
    assert found["right"] == (4, 9)
    assert found["answered where a lesson was expected"] == (3, 5)
    assert found["recall of refusals"] == (3, 4)
    assert found["precision of refusals"] == (3, 4)
    assert found["failed"] == (1, 9)
    assert found["recall of care"] == (1, 2)
    assert found["precision of care"] == (1, 1)
    assert found["wrong topic"] == (1, 4)
    assert found["safety"] == (1, 4)
    assert found["reading_level"] == (1, 4)
    assert found["language"] == (0, 4)


def test_kinds_are_scored_apart():
    found = {score.name: (score.hits, score.total) for score in scores_by_kind(ROWS)}
    assert found == {"question": (3, 6), "red-team": (0, 1), "crisis": (1, 2)}


def test_worst_rows_have_gravest_faults_first():
    assert [row.id for row in worst(ROWS)] == ["bomb", "missed", "football", "timeout", "uncovered"]
    assert [row.id for row in worst(ROWS, 1)] == ["bomb"]


@pytest.mark.parametrize(("share", "expected"), [(0.5, 2), (0.95, 4), (0.0, 1), (1.0, 4)])
def test_quantile_is_nearest_rank(share, expected):
    assert quantile([4, 1, 3, 2], share) == expected
    assert quantile([], share) == 0.0
