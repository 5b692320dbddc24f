"""A script is tried with the first engine, one repair, then the fallbacks, within three calls."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pytest

from tests.unit.script.support import request
from transforms.errors import (
    CallRejected,
    Cancelled,
    ConfigurationFault,
    ContentError,
    EnvironmentFault,
    ModelRetired,
    PermanentError,
    QuotaExhausted,
    StageTimeout,
    TransientError,
)
from transforms.model import Script
from transforms.script.engines.claim_checker import VERIFY, Claim
from transforms.script.engines.script_engine import (
    Problem,
    Refused,
    Repair,
    UnusableAnswer,
    Written,
)
from transforms.script.order_of_tries import CheckFailed, NoScript, OrderOfTries
from transforms.script.sources.passage import Passage
from transforms.stage.paid_call import Answer, PaidCall

TIMEOUT = 100.0
GOOD = Script(
    title="Light",
    hook="Plants live on light.",
    scenes=(),
    key_takeaways=(),
    quiz=(),
    topic="photosynthesis",
    subject="biology",
    grade_level=8,
)
BAD = replace(GOOD, title="bad")


class Calls:
    """Paid calls on a clock that the test moves; transient errors use up the call's time."""

    def __init__(self) -> None:
        self.left = self.timeout = TIMEOUT
        self.made: list[PaidCall] = []

    def run(self, call: PaidCall, send: Callable[[float], Answer]) -> Answer:
        self.made.append(call)
        allowed = self.left - (1 - call.until) * self.timeout
        try:
            return send(allowed)
        except TransientError as error:
            if error.is_final:
                raise
            self.left -= allowed
            raise StageTimeout("no success in time") from error


@dataclass
class Engine:
    """Answers as planned; the last answer is repeated."""

    name: str
    plan: Sequence[Any]
    is_free: bool = False
    repairs: list[Repair | None] = field(default_factory=list)

    @property
    def identity(self) -> dict[str, str | int | float | None]:
        return {}

    def check(self) -> str:
        return ""

    def write(self, request: object, *, calls: Any, repair: Repair | None = None) -> Written:
        self.repairs.append(repair)
        result = self.plan[min(len(self.repairs), len(self.plan)) - 1]
        if self.is_free:
            return self._give(result)
        before_answer = isinstance(result, EnvironmentFault) or type(result) in (
            TransientError, StageTimeout, CallRejected, Cancelled,
        )  # fmt: skip

        def send(_: float) -> Answer:
            if before_answer:
                raise result
            return Answer(b"")

        calls.run(PaidCall("repair" if repair else "script", {}), send)
        return self._give(result)

    def _give(self, result: Any) -> Written:
        if isinstance(result, Exception):
            raise result
        return Written(result, model=f"{self.name}-1", answer="" if self.is_free else "text")


def unusable(**details: Any) -> UnusableAnswer:
    return UnusableAnswer("m", ["form", "picture"], **details)


def title_check(script: Script, *more: object) -> Sequence[Problem]:
    return [Problem("the title is bad", check="title")] if script.title == "bad" else []


def slow(_: Any = None) -> TransientError:
    return TransientError("429")


@pytest.mark.parametrize(
    ("first", "second", "offline", "winner", "purposes"),
    [
        ([GOOD], None, None, "a", "script"),
        ([unusable(), GOOD], None, None, "a", "script repair"),
        ([BAD, GOOD], [GOOD], None, "a", "script repair"),
        ([unusable()], [GOOD], None, "b", "script repair fallback"),
        ([BAD], [GOOD], None, "b", "script repair fallback"),
        ([slow()], [GOOD], None, "b", "script fallback"),
        ([unusable(), slow()], [GOOD], None, "b", "script repair fallback"),
        ([slow()], None, [GOOD], "offline", "script"),
        ([slow()], [unusable()], [GOOD], "offline", "script fallback"),
        ([slow()], [PermanentError("no")], [GOOD], "offline", "script fallback"),
        ([slow()], [BAD], [GOOD], "offline", "script fallback"),
        ([ModelRetired("m", "404")], [GOOD], None, "b", "script fallback"),
        ([ModelRetired("m", "404")], None, [GOOD], "offline", "script"),
        (
            [QuotaExhausted("m", "429")],
            [QuotaExhausted("m", "429")],
            [GOOD],
            "offline",
            "script fallback",
        ),
    ],
)
def test_engines_are_tried_in_order(first, second, offline, winner, purposes):
    engines = [Engine("a", first)]
    engines += [Engine("b", second)] if second else []
    engines += [Engine("offline", offline, is_free=True)] if offline else []
    calls = Calls()
    tried = OrderOfTries(engines, [title_check]).write(request(), calls)
    assert tried.written.script == GOOD
    assert (tried.engine, tried.is_fallback) == (winner, winner != "a")
    assert " ".join(call.purpose for call in calls.made) == purposes


@pytest.mark.parametrize(
    ("first", "others", "error", "expected"),
    [
        ([Refused("unsafe")], [GOOD], Refused, "unsafe"),
        ([unusable(), Refused("unsafe")], [GOOD], Refused, "unsafe"),
        ([slow()], [Refused("unsafe")], Refused, "unsafe"),
        ([CallRejected("400")], [GOOD], CallRejected, "400"),
        ([PermanentError("no")], [GOOD], PermanentError, "no"),
        ([Cancelled("script")], [GOOD], Cancelled, "cancelled"),
        ([unusable(), Cancelled("script")], [GOOD], Cancelled, "cancelled"),
        ([ConfigurationFault("m", "403")], [GOOD], ConfigurationFault, "403"),
        ([ConfigurationFault("m", "schema")], [GOOD], ConfigurationFault, "schema"),
        ([ModelRetired("m", "404")], None, ModelRetired, "404"),
        ([ModelRetired("m", "404")], [ModelRetired("n", "404")], ModelRetired, "m is mis"),
        ([ModelRetired("m", "404")], [PermanentError("German")], ModelRetired, "404"),
        ([QuotaExhausted("m", "429")], None, QuotaExhausted, "m is down"),
        ([QuotaExhausted("m", "429")], [PermanentError("German")], QuotaExhausted, "m is down"),
        ([unusable()], None, UnusableAnswer, "form; picture"),
        ([slow()], None, StageTimeout, "no success"),
        ([BAD], None, CheckFailed, "title is bad"),
        ([BAD], [BAD], PermanentError, "title is bad; then .*title is bad"),
        ([unusable()], [BAD], NoScript, "form; picture; then .*title is bad"),
        ([ModelRetired("m", "404")], [slow()], StageTimeout, "no success"),
    ],
)
def test_order_ends_with_error(first, others, error, expected):
    engines = [Engine("a", first), *([Engine("b", others)] if others else [])]
    with pytest.raises(error, match=expected) as caught:
        OrderOfTries(engines, [title_check]).write(request(), Calls())
    assert type(caught.value) is error
    if isinstance(caught.value, TransientError):
        assert caught.value.is_final or isinstance(caught.value, StageTimeout)
    assert getattr(caught.value, "checks", ()) == (("title",) if "title is bad" in expected else ())


def test_at_most_three_paid_calls_are_made():
    engines = [Engine(name, [unusable()]) for name in "abcd"]
    calls = Calls()
    with pytest.raises(NoScript, match="3 paid calls"):
        OrderOfTries(engines).write(request(), calls)
    assert [call.purpose for call in calls.made] == ["script", "repair", "fallback"]


def test_unanswered_calls_count_and_refused_ones_do_not():
    timeouts = [Engine(name, [StageTimeout("late")]) for name in "abcd"]
    calls = Calls()
    with pytest.raises(NoScript):
        OrderOfTries(timeouts).write(request(), calls)
    assert len(calls.made) == 3
    calls = Calls()
    busy = [*(Engine(name, [slow()]) for name in "abc"), Engine("d", [GOOD])]
    assert OrderOfTries(busy).write(request(), calls).engine == "d"


@pytest.mark.parametrize(
    ("fallbacks", "shares"), [(0, [1.0]), (1, [0.6, 1.0]), (2, [0.6, 0.8, 1.0])]
)
def test_deadline_is_shared_between_engines(fallbacks: int, shares: list[float]):
    calls = Calls()
    engines = [Engine(str(n), [slow()]) for n in range(fallbacks + 1)]
    with pytest.raises(ContentError):
        OrderOfTries(engines).write(request(), calls)
    assert [call.until for call in calls.made] == pytest.approx(shares)
    assert calls.left == pytest.approx(0.0)


def test_no_repair_begins_after_first_share():
    late = Calls()
    late.left = 0.4 * TIMEOUT
    engines = [Engine("a", [unusable(), GOOD]), Engine("b", [GOOD])]
    assert OrderOfTries(engines).write(request(), late).engine == "b"
    assert [call.purpose for call in late.made] == ["script", "fallback"]


def test_repair_names_problems_of_form_check_and_picture():
    noted = replace(BAD, topic="noted")

    class Noting(Engine):
        def _give(self, result: Any) -> Written:
            written = super()._give(result)
            return replace(written, problems=(Problem("picture 3", "note"),))

    engine = Noting("a", [noted, GOOD])
    OrderOfTries([engine], [title_check]).write(request(), Calls())
    assert engine.repairs == [None, Repair("text", ("picture 3", "the title is bad"))]
    cut = Engine("a", [unusable(answer="{", cut_off=True), GOOD])
    OrderOfTries([cut]).write(request(), Calls())
    assert cut.repairs == [None, Repair("{", ("form", "picture"), cut_off=True)]


@pytest.mark.parametrize(
    ("repaired", "title"), [(BAD, "bad"), (GOOD, "Light"), (unusable(), "bad"), (slow(), "bad")]
)
def test_script_with_minor_problem_is_repaired_once_then_used(repaired: Any, title: str):
    def minor(script: Script, *more: object) -> Sequence[Problem]:
        return [replace(each, severity="repair") for each in title_check(script, *more)]

    engine = Engine("a", [BAD, repaired])
    tried = OrderOfTries([engine, Engine("b", [GOOD])], [minor]).write(request(), Calls())
    assert (tried.engine, tried.written.script.title) == ("a", title)
    assert len(engine.repairs) == 2
    assert len(tried.problems) == (title == "bad")


def test_notes_alone_ask_for_no_repair():
    engine = Engine("a", [BAD])
    order = OrderOfTries([engine], [lambda *_: [Problem("a picture", "note")]])
    assert order.write(request(), Calls()).problems == (Problem("a picture", "note"),)
    assert engine.repairs == [None]


def test_retired_model_is_called_once_and_reported(caplog: pytest.LogCaptureFixture):
    first = Engine("a", [ModelRetired("gemini-1", "404")])
    order = OrderOfTries([first, Engine("offline", [GOOD], is_free=True)])
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            assert order.write(request(), Calls()).engine == "offline"
    assert len(first.repairs) == 1
    assert caplog.messages == ["the model gemini-1 is retired; this process goes on with offline"]


PASSAGES = (Passage("Plants live on light.", "Biology"),)


@dataclass
class Citing(Engine):
    """An engine that is given passages."""

    takes_passages: Literal[True] = True
    given: list[Sequence[Passage]] = field(default_factory=list)

    def write(
        self,
        request: object,
        *,
        calls: Any,
        repair: Repair | None = None,
        passages: Sequence[Passage] = (),
    ) -> Written:
        self.given.append(passages)
        return super().write(request, calls=calls, repair=repair)


def test_engines_that_cite_and_checks_get_passages():
    checked: list[Sequence[str]] = []

    def check(script: Script, asked: object, passages: Sequence[str]) -> Sequence[Problem]:
        checked.append(passages)
        return title_check(script)

    citing = Citing("a", [unusable(), BAD])
    order = OrderOfTries([citing, Engine("b", [GOOD])], [check])
    assert order.write(request(), Calls(), PASSAGES).engine == "b"
    assert citing.given == [PASSAGES, PASSAGES]
    assert checked == [["Plants live on light."], []]


@dataclass
class Checker:
    """Gives the planned verdicts, or raises; the last answer is repeated."""

    plan: Sequence[Any]
    asked: list[tuple[str, Sequence[Passage]]] = field(default_factory=list)
    name = "checker"
    identity: dict[str, str | int | float | None] = field(default_factory=dict)

    def check(self) -> str:
        return ""

    def claims(self, script: Script, passages: Sequence[Passage], *, calls: Any) -> Sequence[Claim]:
        self.asked.append((script.title, passages))
        result = self.plan[min(len(self.asked), len(self.plan)) - 1]

        def send(_: float) -> Answer:
            if isinstance(result, Exception):
                raise result
            return Answer(b"")

        calls.run(PaidCall(VERIFY, {"title": script.title}), send)
        return result


FALSE = [
    Claim("scenes.0", "Plants eat soil.", "contradicted", "They make sugar"),
    Claim("hook", "Plants live on light.", "supported"),
    Claim("scenes.1", "Plants like music.", "unknown"),
]


def checking(*plan: Any, engine: Engine | None = None) -> tuple[OrderOfTries, Engine, Checker]:
    engine, checker = engine or Engine("a", [GOOD]), Checker(plan)
    return OrderOfTries([engine, Engine("b", [GOOD])], [title_check], checker), engine, checker


def test_contradicted_claim_is_repaired_once():
    order, engine, checker = checking(FALSE, [])
    calls = Calls()
    tried = order.write(request(), calls, PASSAGES)
    assert (tried.engine, tried.problems) == ("a", ())
    assert engine.repairs[1] is not None
    assert engine.repairs[1].problems == (
        "scenes.0: 'Plants eat soil.' is contradicted: They make sugar; correct it",
    )
    assert checker.asked == [("Light", PASSAGES)] * 2
    assert [call.purpose for call in calls.made] == ["script", "verify", "repair", "verify"]


def test_claim_that_stays_contradicted_is_counted():
    order, engine, _ = checking(FALSE)
    tried = order.write(request(), Calls())
    assert tried.engine == "a"
    assert [problem.check for problem in tried.problems] == ["claims"]
    assert len(engine.repairs) == 2


def test_claims_of_blocked_script_are_not_checked():
    order, _, checker = checking([], engine=Engine("a", [BAD]))
    order.write(request(), Calls())
    assert [title for title, _ in checker.asked] == ["Light"]  # of the fallback


@pytest.mark.parametrize("failure", [slow(), unusable(), Refused("no"), CallRejected("400")])
def test_missing_verdicts_are_a_note(failure: Exception):
    order, engine, _ = checking(failure)
    tried = order.write(request(), Calls())
    assert [(each.check, each.severity) for each in tried.problems] == [("claims", "note")]
    assert engine.repairs == [None]


@pytest.mark.parametrize("failure", [ModelRetired("m", "404"), ConfigurationFault("m", "403")])
def test_unusable_checker_stops_the_job(failure: Exception):
    order, _, _ = checking(failure)
    for _ in range(2):  # the engine is not taken for retired
        with pytest.raises(ConfigurationFault) as caught:
            order.write(request(), Calls())
        assert not isinstance(caught.value, ModelRetired)


def test_cancel_during_check_of_claims_ends_the_order():
    order, _, _ = checking(Cancelled("script"))
    with pytest.raises(Cancelled):
        order.write(request(), Calls())
