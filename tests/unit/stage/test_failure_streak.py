"""After equal unexpected failures in a row a canary decides what is at fault."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from transforms.errors import (
    CallRejected,
    ChildDied,
    ClaimLost,
    ConfigurationFault,
    DependencyDown,
    PermanentError,
    TransientError,
    Undecided,
    WorkerFault,
)
from transforms.ledger import Ledger
from transforms.stage import failure_streak
from transforms.stage.failure_streak import EQUAL_FAILURES, FailureStreak

LEDGER = Ledger("postgresql://user@127.0.0.1/none")


def raised(error: Exception) -> Exception:
    """Return an error that was raised here."""
    words = "words of a student"
    try:
        raise error
    except Exception as caught:  # noqa: BLE001
        assert words
        return caught


class Bench:
    """A streak, and a canary that fails with an error if one is set."""

    def __init__(self) -> None:
        self.streak = FailureStreak(LEDGER, "script")
        self.error: Exception | None = None
        self.runs = 0
        self._count = 0

    def canary(self) -> None:
        self.runs += 1
        if self.error:
            raise self.error

    def fail(self, *errors: Exception, succeeded: bool = False, may_defer: bool = False) -> None:
        """Judge a bundle of new messages, one for each error."""
        named = {}
        for error in errors:
            self._count += 1
            named[f"m-{self._count}"] = error
        self.judge(named, succeeded=succeeded, may_defer=may_defer)

    def judge(
        self, errors: dict[str, Exception], succeeded: bool = False, may_defer: bool = False
    ) -> None:
        self.streak.judge(errors, succeeded, self.canary, may_defer)

    def succeed(self) -> None:
        self.judge({}, succeeded=True)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def bug() -> Exception:
    return raised(KeyError("words of a student"))


def fail_times(bench: Bench, times: int, make: Callable[[], Exception] = bug) -> None:
    for _ in range(times):
        bench.fail(make())


def test_canary_runs_after_equal_failures_in_a_row(bench):
    fail_times(bench, EQUAL_FAILURES - 1)
    assert bench.runs == 0
    fail_times(bench, 1)
    assert bench.runs == 1


def test_failures_of_one_bundle_count_together(bench):
    bench.fail(*(bug() for _ in range(EQUAL_FAILURES)))
    assert bench.runs == 1


def test_passed_canary_starts_a_new_streak(bench, caplog):
    fail_times(bench, 2 * EQUAL_FAILURES)
    assert bench.runs == 2
    [first, _] = [each.getMessage() for each in caplog.records]
    assert first.startswith("canary of the script stage passed after 5 equal failures in a row: ")
    assert "KeyError at unit/stage/test_failure_streak.py:" in first
    assert "words" not in first


@pytest.mark.parametrize("in_bundle", [False, True])
def test_success_ends_the_streak(bench, in_bundle):
    fail_times(bench, EQUAL_FAILURES - 1)
    bench.fail(bug(), succeeded=True) if in_bundle else bench.succeed()
    fail_times(bench, EQUAL_FAILURES - 1)
    assert bench.runs == 0


def test_errors_of_different_places_count_apart(bench):
    for _ in range(EQUAL_FAILURES - 1):
        bench.fail(bug())
        bench.fail(raised(ValueError()))
    assert bench.runs == 0
    bench.fail(raised(ValueError()))
    assert bench.runs == 1


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (PermanentError("refused"), False),
        (TransientError("429"), False),
        (ClaimLost("id"), False),
        (CallRejected("400"), True),
    ],
    ids=repr,
)
def test_only_unexpected_errors_count(bench, error, counts):
    fail_times(bench, EQUAL_FAILURES, lambda: raised(error))
    assert bench.runs == counts


@pytest.mark.parametrize("error", [MemoryError(), ChildDied("SIGKILL")], ids=repr)
def test_lack_of_memory_is_judged_at_once(bench, error):
    bench.fail(raised(error))
    assert bench.runs == 1
    bench.error = raised(error)
    with pytest.raises(WorkerFault, match="memory"):
        bench.fail(raised(error))


def test_engine_that_cannot_be_loaded_is_judged_at_once(bench):
    bench.error = raised(ImportError("no library"))
    with pytest.raises(ConfigurationFault, match="ImportError"):
        bench.fail(raised(ImportError("no library")))


def test_failed_canary_stops_the_job_once(bench, caplog):
    bench.error = raised(ValueError("no such model"))
    fail_times(bench, EQUAL_FAILURES - 1)
    with pytest.raises(ConfigurationFault) as fault:
        bench.fail(bug())
    assert str(fault.value).startswith(
        "script stage is misconfigured: 5 messages in a row failed with KeyError at "
    )
    assert "the built-in request failed with ValueError at" in str(fault.value)
    assert "words" not in str(fault.value)
    with pytest.raises(ConfigurationFault):
        bench.fail(bug())
    assert bench.runs == 1
    assert "canary of the script stage failed" in caplog.text


def test_canary_runs_again_after_its_verdict_is_old(bench, monkeypatch):
    monkeypatch.setattr(failure_streak, "VALID", 0.0)
    bench.error = raised(ValueError())
    fail_times(bench, EQUAL_FAILURES - 1)
    for _ in range(2):
        with pytest.raises(ConfigurationFault):
            bench.fail(bug())
    assert bench.runs == 2


def test_success_after_failed_canary_goes_on(bench):
    bench.error = raised(ValueError())
    fail_times(bench, EQUAL_FAILURES - 1)
    with pytest.raises(ConfigurationFault):
        bench.fail(bug())
    bench.succeed()
    fail_times(bench, 1)
    assert bench.runs == 1


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (DependencyDown("postgres", "gone"), DependencyDown),
        (WorkerFault("memory", "none"), WorkerFault),
        (MemoryError(), WorkerFault),
        (ChildDied("SIGKILL"), WorkerFault),
        (PermanentError("refused"), ConfigurationFault),
    ],
    ids=repr,
)
def test_domain_of_canarys_error_is_kept(bench, error, kind):
    bench.error = raised(error)
    fail_times(bench, EQUAL_FAILURES - 1)
    with pytest.raises(kind):
        bench.fail(bug())


def defer(bench: Bench, *message_ids: str) -> None:
    with pytest.raises(Undecided):
        bench.judge({each: bug() for each in message_ids}, may_defer=True)


def test_deferred_failure_is_decided_when_it_returns(bench):
    defer(bench, "m-a")
    held = bench.streak.held("m-a")
    assert isinstance(held, KeyError)
    bench.judge({"m-a": held}, may_defer=True)
    assert bench.streak.held("m-a") is None
    assert bench.runs == 0


def test_deferred_failures_that_return_ask_for_a_canary(bench):
    for name in "abcd":
        defer(bench, name)
    for name in "abcd":
        bench.judge({name: bench.streak.held(name)}, may_defer=True)
    assert bench.runs == 1
    bench.error = raised(ValueError())
    defer(bench, "m-e")
    defer(bench, "m-f")
    with pytest.raises(ConfigurationFault, match="2 messages in a row"):
        bench.judge({"m-e": bench.streak.held("m-e")}, may_defer=True)


def test_other_errors_do_not_judge_a_returning_message(bench):
    defer(bench, "m-a")
    for _ in range(2):
        bench.fail(raised(ValueError()))
    bench.judge({"m-a": bench.streak.held("m-a")}, may_defer=True)
    assert bench.runs == 0


def test_deferred_failures_wait_for_the_canary(bench):
    for name in "abcd":
        defer(bench, name)
    bench.judge({"e": bug()}, may_defer=True)
    assert bench.runs == 1
    for name in "abcd":
        bench.judge({name: bench.streak.held(name)}, may_defer=True)
    assert bench.runs == 1


def test_returning_message_is_not_decided_after_failed_canary(bench):
    bench.error = raised(ValueError())
    for name in "abcd":
        defer(bench, name)
    with pytest.raises(ConfigurationFault):
        bench.judge({"e": bug()}, may_defer=True)
    with pytest.raises(ConfigurationFault):
        bench.judge({"a": bench.streak.held("a")}, may_defer=True)


def test_success_in_bundle_decides_at_once(bench):
    bench.judge({"m-a": bug()}, succeeded=True, may_defer=True)
    assert bench.streak.held("m-a") is None


def test_held_failure_drops_local_variables(bench):
    defer(bench, "m-a")
    trace: Any = bench.streak.held("m-a").__traceback__
    assert trace.tb_frame.f_locals == {}


def test_number_of_held_failures_is_bounded(bench, monkeypatch):
    monkeypatch.setattr(failure_streak, "MAX_HELD", 2)
    monkeypatch.setattr(failure_streak, "EQUAL_FAILURES", sys.maxsize)
    for name in "abc":
        defer(bench, name)
    assert [bench.streak.held(name) is None for name in "abc"] == [True, False, False]
