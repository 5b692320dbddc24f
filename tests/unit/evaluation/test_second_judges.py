"""Judges by a second model, and what is said without one."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from benchmarks.lesson import SCRIPT
from pipeline.evaluation.ask import ask
from pipeline.evaluation.cached_calls import open_cache
from pipeline.evaluation.golden_set import Row
from pipeline.evaluation.scores import scores
from pipeline.evaluation.second_judges import NOT_CONTRADICTED, SOLVABLE, SecondJudges
from tests.unit.evaluation.results_support import result
from transforms.errors import ConfigurationFault, PermanentError, TransientError
from transforms.model import Usage
from transforms.script.engines.claim_checker import Claim
from transforms.script.engines.offline.offline_writer import OfflineScriptEngine
from transforms.stage.direct_calls import DirectCalls
from transforms.stage.paid_call import Answer, PaidCall


class Second:
    """A claim checker and quiz taker with planned answers; an error is raised."""

    name = "second"
    identity: ClassVar[dict[str, Any]] = {}

    def __init__(self, verdict: Any = "supported", answers: Any = None) -> None:
        self._verdict = verdict
        self._answers = answers

    def check(self) -> str:
        return ""

    def claims(self, script: Any, passages: Any, *, calls: Any) -> list[Claim]:
        if isinstance(self._verdict, Exception):
            raise self._verdict
        usage = (Usage("gemini-2.5-pro/input-tokens", 1000.0),)
        calls.run(PaidCall("verify", {"title": script.title}), lambda _: Answer(b"", usage))
        return [Claim("hook", "S.", "unknown"), Claim("hook", "S.", self._verdict)]

    def answers(self, script: Any, *, calls: Any) -> list[int | None]:
        if isinstance(self._answers, Exception):
            raise self._answers
        given = self._answers
        return [question.answer for question in script.quiz] if given is None else given


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (Second(), {SOLVABLE: True, NOT_CONTRADICTED: True}),
        (Second("contradicted"), {SOLVABLE: True, NOT_CONTRADICTED: False}),
        (Second("unknown", [None] * 9), {SOLVABLE: False, NOT_CONTRADICTED: True}),
        (Second(PermanentError("no")), {SOLVABLE: True}),
        (Second(answers=TransientError("busy")), {NOT_CONTRADICTED: True}),
    ],
)
def test_each_judge_gives_a_verdict(second: Second, expected: dict[str, bool]):
    judges = SecondJudges(second, second)
    assert judges.verdicts(SCRIPT, (), DirectCalls(60.0)) == expected


def test_unusable_model_stops_the_evaluation():
    second = Second(ConfigurationFault("model", "403"))
    with pytest.raises(ConfigurationFault):
        SecondJudges(second, second).verdicts(SCRIPT, (), DirectCalls(60.0))


def test_only_lessons_are_judged_and_billed_apart(tmp_path):
    rows = [Row("a", "Explain gravity"), Row("b", "how do fridges work")]
    judges = SecondJudges(Second(), Second())
    cache = open_cache(tmp_path)
    lesson, refusal = ask(rows, OfflineScriptEngine(), cache, is_paid=False, judges=judges)
    assert lesson.verdicts == {SOLVABLE: True, NOT_CONTRADICTED: True}
    assert [used.sku for used in lesson.judges_usage] == ["gemini-2.5-pro/input-tokens"]
    assert {used.sku for used in lesson.usage} == {"cpu-seconds"}
    assert (refusal.outcome, refusal.verdicts) == ("refused", {})


def test_rates_of_judges_count_verdicts():
    rows = [
        result("a", verdicts={SOLVABLE: True, NOT_CONTRADICTED: False}),
        result("b", verdicts={SOLVABLE: False}),
        result("c"),
    ]
    found = {score.name: (score.hits, score.total) for score in scores(rows)}
    assert (found[SOLVABLE], found[NOT_CONTRADICTED]) == ((1, 2), (0, 1))
