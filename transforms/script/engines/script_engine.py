"""The interface (port) that script engines implement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeGuard

from transforms.errors import PermanentError, TransientError
from transforms.model import ContentRequest, Script, Usage
from transforms.script.sources.passage import Passage
from transforms.stage.paid_call import PaidCalls

Severity = Literal["block", "repair", "note"]


@dataclass(frozen=True)
class Problem:
    """A fault of a script, worded so that a repair request can quote it.

    Attributes:
        text: What is wrong and what is valid, without words of the student.
        severity: ``"block"``: the script cannot be used. ``"repair"``: it is worth one repair, and
            is used if that fails. ``"note"``: it is named in a repair that has another reason.
        check: Name of the check that found it; empty for the form of the engine's answer.
    """

    text: str
    severity: Severity = "block"
    check: str = ""


@dataclass(frozen=True)
class Repair:
    """A request to rewrite a script, with its answer and problems.

    Attributes:
        answer: The engine's answer that has the problems; empty if it is of no use for a repair.
        problems: All problems found, in words for the engine.
        cut_off: The answer ended at the limit of its tokens.
    """

    answer: str
    problems: tuple[str, ...]
    cut_off: bool = False


@dataclass(frozen=True)
class Written:
    """A script and the usage it took to write it.

    Attributes:
        script: The script.
        usage: Usage besides that of paid calls.
        model: The model that answered; empty if the engine has none.
        answer: The engine's answer, for a repair; empty if the engine cannot repair.
        problems: Problems that the engine itself found, none of which blocks.
    """

    script: Script
    usage: tuple[Usage, ...] = ()
    model: str = ""
    answer: str = ""
    problems: tuple[Problem, ...] = ()


class UnusableAnswer(TransientError):
    """An engine's answer cannot be parsed as a script; a repair, fallback or replay may help.

    Args:
        writer: The engine or model.
        problems: All problems found, in words for the engine.
        answer: The answer; empty if it is of no use for a repair.
        cut_off: The answer ended at the limit of its tokens.
        draft: The script as far as it can be read, so that a repair can name what its checks find.
    """

    is_final = True

    def __init__(
        self,
        writer: str,
        problems: Sequence[str],
        answer: str = "",
        cut_off: bool = False,
        draft: Script | None = None,
    ) -> None:
        super().__init__(f"{writer} gave an answer that cannot be used: {'; '.join(problems)}")
        self.repair = Repair(answer, tuple(problems), cut_off)
        self.draft = draft


class Refused(PermanentError):
    """An engine refused the request for its content; no other engine is asked."""


class ScriptEngine(Protocol):
    """Writes the scripts of lessons; one instance serves several threads."""

    name: str

    @property
    def identity(self) -> Mapping[str, str | int | float | None]:
        """Return the settings that the script depends on: version, model, digest of the prompt."""
        ...

    def check(self) -> str:
        """Verify, at no cost, that the services can be reached; return a line that says so.

        Raises:
            ContentError: a service cannot be reached or used.
        """
        ...

    def write(
        self, request: ContentRequest, *, calls: PaidCalls, repair: Repair | None = None
    ) -> Written:
        """Write the script for a request with at most one paid call.

        Args:
            request: a validated request.
            calls: sends paid calls, and knows the deadline.
            repair: what to write again; only given after an answer that can be repaired.

        Raises:
            Refused: the engine refuses the request for its content.
            UnusableAnswer: the answer is no script.
            ModelRetired: the engine's model does not exist.
            PermanentError: the engine cannot write this script, for example for its topic.
            TransientError: the engine may succeed later.
        """
        ...


class CitingEngine(ScriptEngine, Protocol):
    """A script engine that takes passages of sources and cites them."""

    takes_passages: Literal[True]

    def write(
        self,
        request: ContentRequest,
        *,
        calls: PaidCalls,
        repair: Repair | None = None,
        passages: Sequence[Passage] = (),
    ) -> Written:
        """Write the script for a request, as `ScriptEngine.write`.

        Args:
            request: as there.
            calls: as there.
            repair: as there.
            passages: what sources say on the topic, the best first. Only what the script rests on
                is among its `sources`.
        """
        ...


def is_citing(engine: ScriptEngine) -> TypeGuard[CitingEngine]:
    """Return whether an engine takes passages of sources."""
    return getattr(engine, "takes_passages", False)
