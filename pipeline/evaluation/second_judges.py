"""Judges of lessons by a second model; without one, their lines say "not run"."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from transforms.errors import ContentError
from transforms.model import Script
from transforms.script.engines.claim_checker import ClaimChecker
from transforms.script.engines.quiz_taker import QuizTaker
from transforms.script.sources.passage import Passage
from transforms.stage.paid_call import PaidCalls

log = logging.getLogger(__name__)

NOT_CONTRADICTED = "not contradicted"
SOLVABLE = "quiz solvable from the narration"

JUDGES = (SOLVABLE, NOT_CONTRADICTED)
"""Names of the judges."""


class SecondJudges:
    """Judges lessons with a claim checker and a quiz taker.

    Args:
        claims: Checks the claims of a lesson.
        quiz: Answers its quiz.
    """

    def __init__(self, claims: ClaimChecker, quiz: QuizTaker) -> None:
        self._claims = claims
        self._quiz = quiz

    def check(self) -> None:
        """Verify that the services can be reached, at no cost."""
        self._claims.check()
        self._quiz.check()

    def verdicts(
        self, script: Script, passages: Sequence[Passage], calls: PaidCalls
    ) -> Mapping[str, bool]:
        """Return whether a lesson passed, by judge; a judge without a verdict is left out.

        Raises:
            EnvironmentFault: The service cannot be used.
        """
        judges: Mapping[str, Callable[[], bool]] = {
            SOLVABLE: lambda: self._is_solvable(script, calls),
            NOT_CONTRADICTED: lambda: self._is_uncontradicted(script, passages, calls),
        }
        found = {}
        for name, passes in judges.items():
            try:
                found[name] = passes()
            except ContentError as error:
                log.warning("no verdict of the judge %r: %s", name, type(error).__name__)
        return found

    def _is_solvable(self, script: Script, calls: PaidCalls) -> bool:
        given = self._quiz.answers(script, calls=calls)
        return list(given) == [question.answer for question in script.quiz]

    def _is_uncontradicted(
        self, script: Script, passages: Sequence[Passage], calls: PaidCalls
    ) -> bool:
        claims = self._claims.claims(script, passages, calls=calls)
        return all(claim.verdict != "contradicted" for claim in claims)
