"""OrderOfTries: calls the script engine, its repair, then the fallback engines in order.

The first engine is tried until a part of the stage's deadline, and repairs its answer at most once:
the repair names all errors together. Then each fallback is tried once, without a repair. At most
`MOST_CALLS` paid calls are made for one request. A refusal of the request's content, a rejected
call and a fault of the configuration end the order at once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from transforms.errors import (
    Cancelled,
    ContentError,
    ModelRetired,
    OverBudget,
    PermanentError,
    QuotaExhausted,
    StageTimeout,
    TransientError,
)
from transforms.model import ContentRequest, Script
from transforms.script.engines.claim_checker import VERIFY, ClaimChecker, find_contradictions
from transforms.script.engines.script_engine import (
    Problem,
    Refused,
    Repair,
    ScriptEngine,
    UnusableAnswer,
    Written,
    is_citing,
)
from transforms.script.sources.passage import Passage
from transforms.stage.paid_call import Answer, PaidCall, PaidCalls
from transforms.telemetry import log_events

log = logging.getLogger(__name__)

Check = Callable[[Script, ContentRequest, Sequence[str]], Sequence[Problem]]
"""Finds problems of a script of any engine, given the passages that its writer was given."""

FIRST_SHARE = 0.6
"""Part of the stage's deadline for the first engine, if there are fallbacks."""

MOST_CALLS = 3
"""Paid calls that write scripts for one request, stored answers included.

A call that the service refused with 429 or 5xx does not count, because it is not billed. A call
without an answer before its deadline counts, because it may be.
"""


class CheckFailed(PermanentError):
    """A check found a problem that blocks the script."""

    def __init__(self, writer: str, problems: Sequence[Problem]) -> None:
        super().__init__(f"the script of {writer} failed its checks: {_texts(problems)}")
        self.checks = checks_of(problems)


class NoScript(TransientError):
    """All engines failed, at least one of them temporarily; a replay may succeed."""

    is_final = True


@dataclass(frozen=True)
class Tried:
    """An accepted script and the engine that wrote it.

    Attributes:
        written: The script and its usage.
        engine: Name of the engine.
        is_fallback: Another engine than the first wrote it.
        problems: Problems that the script still has; none of them blocks.
    """

    written: Written
    engine: str
    is_fallback: bool
    problems: tuple[Problem, ...] = ()


class OrderOfTries:
    """Calls engines in order until one gives a usable script; it is thread-safe.

    A model that the service does not have any more is not called again in this process.

    Args:
        engines: The first engine and its fallbacks.
        checks: Checks of every script.
        claim_checker: Checks the claims of every script that passed those; None for none.
    """

    def __init__(
        self,
        engines: Sequence[ScriptEngine],
        checks: Sequence[Check] = (),
        claim_checker: ClaimChecker | None = None,
    ) -> None:
        self._engines = tuple(engines)
        self._claim_checker = claim_checker
        self._checks = tuple(checks)
        self._retired: dict[int, ModelRetired] = {}
        self._lock = threading.Lock()

    def write(
        self, request: ContentRequest, calls: PaidCalls, passages: Sequence[Passage] = ()
    ) -> Tried:
        """Write the script for a request with the first engine that succeeds.

        Args:
            request: A validated request.
            calls: The paid calls of the stage.
            passages: What sources say on the topic, for engines that cite.

        Raises:
            Refused: An engine refused the request for its content.
            CallRejected: The service of the first engine does not accept the call.
            ConfigurationFault: The set-up is wrong, or all models that could answer are retired.
            QuotaExhausted: An engine has no quota left, and no fallback gave a script.
            PermanentError: The checks failed after the repair, and no fallback passed them.
            TransientError: No engine gave a script; a replay tries again.
        """
        limited = _LimitedCalls(calls)
        failures: list[ContentError] = []
        exhausted: QuotaExhausted | None = None
        for at, engine in enumerate(self._engines):
            if at in self._retired:
                continue
            limited.set_share(_share(at, len(self._engines)), is_fallback=at > 0)
            try:
                asked = _Asked(engine, request, passages)
                written, problems = self._try(asked, limited, may_repair=at == 0)
            except ModelRetired as fault:
                self._retire(at, fault)
            except QuotaExhausted as fault:
                exhausted = exhausted or fault
            except (Cancelled, OverBudget, Refused):
                raise
            except (UnusableAnswer, CheckFailed, TransientError) as error:
                failures.append(error)
            except PermanentError as error:
                if at == 0:
                    raise
                failures.append(error)
            else:
                return Tried(written, engine.name, at > 0, tuple(problems))
        raise exhausted or self._failure(failures)

    def _try(
        self, asked: _Asked, calls: _LimitedCalls, may_repair: bool
    ) -> tuple[Written, Sequence[Problem]]:
        """Call one engine for a script without blocking problems; repair it once if allowed."""
        usable: tuple[Written, Sequence[Problem]] | None = None
        failure: ContentError
        try:
            written = asked.write(calls)
            problems = self._problems(written, asked, calls)
            failure = CheckFailed(written.model or asked.engine.name, problems)
            repair = Repair(written.answer, tuple(p.text for p in problems))
            if not _any(problems, "block"):
                usable = written, problems
                if not (_any(problems, "repair") and written.answer):
                    return usable
            may_repair = may_repair and bool(written.answer)
        except UnusableAnswer as unusable:
            failure, repair = unusable, unusable.repair
            if unusable.draft:
                found = self._checked(unusable.draft, asked)
                texts = tuple(problem.text for problem in found)
                repair = replace(repair, problems=(*repair.problems, *texts))
        if may_repair and calls.may_call:
            try:
                written = asked.write(calls, repair)
                problems = self._problems(written, asked, calls)
                if not _any(problems, "block"):
                    return written, problems
                failure = CheckFailed(written.model or asked.engine.name, problems)
            except (Cancelled, OverBudget):
                raise
            except TransientError as error:
                failure = error
        if usable:
            return usable
        raise failure

    def _problems(self, written: Written, asked: _Asked, calls: _LimitedCalls) -> Sequence[Problem]:
        found = [*written.problems, *self._checked(written.script, asked)]
        if self._claim_checker and not _any(found, "block"):
            found += find_contradictions(self._claim_checker, written.script, asked.passages, calls)
        return found

    def _checked(self, script: Script, asked: _Asked) -> Sequence[Problem]:
        texts = [passage.text for passage in asked.given]
        return [each for check in self._checks for each in check(script, asked.request, texts)]

    def _retire(self, at: int, fault: ModelRetired) -> None:
        """Never call an engine with a retired model again; log it if another engine is left."""
        with self._lock:
            is_new = at not in self._retired
            self._retired[at] = fault
            left = [
                str(each.identity.get("model", each.name))
                for n, each in enumerate(self._engines)
                if n not in self._retired
            ]
        if is_new and left:
            log.error(log_events.MODEL_RETIRED, fault.subject, ", ".join(left))

    def _failure(self, failures: Sequence[ContentError]) -> Exception:
        """Combine the failures of all engines into the error of the request.

        The request is not at fault if only a retired model could have written it.
        """
        if self._retired and all(type(each) is PermanentError for each in failures):
            return next(iter(self._retired.values()))
        first, *others = failures
        if not others:
            return first
        text = "; then ".join(map(str, failures))
        failed: ContentError
        if any(isinstance(each, TransientError) for each in failures):
            failed = NoScript(text)
        else:
            failed = PermanentError(text)
        failed.code = first.code
        failed.checks = tuple(sorted({name for each in failures for name in each.checks}))
        return failed


@dataclass(frozen=True)
class _Asked:
    """An engine with the request and passages that it is called with."""

    engine: ScriptEngine
    request: ContentRequest
    passages: Sequence[Passage]

    @property
    def given(self) -> Sequence[Passage]:
        """The passages for the engine; none if it cannot cite."""
        return self.passages if is_citing(self.engine) else ()

    def write(self, calls: PaidCalls, repair: Repair | None = None) -> Written:
        """Call the engine, with passages and repair if there are any."""
        more: dict[str, Any] = {} if repair is None else {"repair": repair}
        if self.given:
            more["passages"] = self.given
        return self.engine.write(self.request, calls=calls, **more)


class _CallsSpent(TransientError):
    """The request has used up its limit of paid calls."""

    is_final = True


class _LimitedCalls:
    """`PaidCalls` of one request, limited in number and to a share of the deadline."""

    def __init__(self, calls: PaidCalls) -> None:
        self._calls = calls
        self._made = 0
        self._share = 1.0
        self._is_fallback = False

    def set_share(self, share: float, is_fallback: bool) -> None:
        """Set the share of the deadline at which the next engine's time ends."""
        self._share = share
        self._is_fallback = is_fallback

    @property
    def left(self) -> float:
        return self._calls.left - (1.0 - self._share) * self._calls.timeout

    @property
    def timeout(self) -> float:
        return self._calls.timeout

    @property
    def may_call(self) -> bool:
        """Whether another paid call is allowed."""
        return self._made < MOST_CALLS and self.left > 0

    def run(self, call: PaidCall, send: Callable[[float], Answer]) -> Answer:
        if call.purpose == VERIFY:
            return self._calls.run(replace(call, until=self._share), send)
        if self._made >= MOST_CALLS:
            raise _CallsSpent(f"the request has had its {MOST_CALLS} paid calls")
        purpose = "fallback" if self._is_fallback else call.purpose

        def counted(seconds: float) -> Answer:
            try:
                return send(seconds)
            except StageTimeout:
                self._made += 1
                raise

        answer = self._calls.run(replace(call, purpose=purpose, until=self._share), counted)
        self._made += 1
        return answer


def _share(at: int, count: int) -> float:
    """Return the share of the deadline at which the time of the engine at index `at` ends.

    The fallbacks divide the time after the first engine's share evenly.
    """
    if count == 1:
        return 1.0
    return FIRST_SHARE + (1.0 - FIRST_SHARE) * at / (count - 1)


def checks_of(problems: Sequence[Problem]) -> tuple[str, ...]:
    """Return the names of the checks that found problems, sorted."""
    return tuple(sorted({problem.check for problem in problems if problem.check}))


def _any(problems: Sequence[Problem], severity: str) -> bool:
    return any(problem.severity == severity for problem in problems)


def _texts(problems: Sequence[Problem]) -> str:
    return "; ".join(problem.text for problem in problems if problem.severity == "block")
