"""The interface (port) of claim checkers, which compare a script with sources by a second model."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from transforms.errors import (
    Cancelled,
    ConfigurationFault,
    ContentError,
    ModelRetired,
    OverBudget,
)
from transforms.model import Script
from transforms.script.engines.script_engine import Problem
from transforms.script.sources.passage import Passage
from transforms.stage.paid_call import PaidCalls

log = logging.getLogger(__name__)

Verdict = Literal["supported", "contradicted", "unknown"]

CHECK = "claims"
"""Name of the check in problems and metrics."""

VERIFY = "verify"
"""Purpose of the paid calls."""


@dataclass(frozen=True)
class Claim:
    """A statement of a script, with the verdict of the sources on it.

    Attributes:
        place: Where it stands, such as ``scenes.2``.
        statement: The statement.
        verdict: ``"unknown"`` if neither a passage nor well-established knowledge decides it.
        reason: What contradicts it; empty if nothing does.
    """

    place: str
    statement: str
    verdict: Verdict
    reason: str = ""


class ClaimChecker(Protocol):
    """Compares the claims of scripts with sources; one instance serves several threads."""

    name: str

    @property
    def identity(self) -> Mapping[str, str | int | float | None]:
        """Return the settings that the verdicts depend on, for the fingerprint."""
        ...

    def check(self) -> str:
        """Verify, at no cost, that the service can be reached; return a line that says so."""
        ...

    def claims(
        self, script: Script, passages: Sequence[Passage], *, calls: PaidCalls
    ) -> Sequence[Claim]:
        """Check the claims of a script with at most one paid call; return their verdicts.

        Args:
            script: the script.
            passages: what sources say on its topic; without any, established knowledge decides.
            calls: sends paid calls, and knows the deadline.

        Raises:
            ContentError: the service gave no verdicts.
            EnvironmentFault: the service cannot be used.
        """
        ...


def find_contradictions(
    checker: ClaimChecker, script: Script, passages: Sequence[Passage], calls: PaidCalls
) -> list[Problem]:
    """Return a problem for each contradicted claim of a script; each asks for a repair.

    A checker that gives no verdicts does not hold the script up; that is a note.

    Raises:
        Cancelled: The request was cancelled.
        OverBudget: The call could exceed the request's cost limit.
        EnvironmentFault: The service cannot be used.
    """
    try:
        claims = checker.claims(script, passages, calls=calls)
    except (Cancelled, OverBudget):
        raise
    except ModelRetired as fault:  # of the checker, not of the engine that wrote the script
        raise ConfigurationFault(fault.subject, fault.detail) from fault
    except ContentError as error:
        log.warning("the claims of a script were not checked: %s", type(error).__name__)
        return [Problem("the claims were not checked", "note", CHECK)]
    return [
        Problem(
            f"{claim.place}: {claim.statement!r} is contradicted: {claim.reason}; correct it",
            "repair",
            CHECK,
        )
        for claim in claims
        if claim.verdict == "contradicted"
    ]
