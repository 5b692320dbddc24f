"""The interface (port) of quiz takers, which answer a lesson's quiz from its narration alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from transforms.model import Script
from transforms.stage.paid_call import PaidCalls


class QuizTaker(Protocol):
    """Answers the quiz of a script. One instance serves one process and several threads."""

    name: str

    @property
    def identity(self) -> Mapping[str, str | int | float | None]:
        """Return the settings that the answers depend on, for the fingerprint."""
        ...

    def check(self) -> str:
        """Verify, at no cost, that the service can be reached; return a line that says so."""
        ...

    def answers(self, script: Script, *, calls: PaidCalls) -> Sequence[int | None]:
        """Answer the quiz of a script with at most one paid call; return the chosen indices.

        None stands for a question that the narration does not answer, or that has several right
        choices. The keys and explanations of the script are not shown to the model.

        Raises:
            ContentError: the service gave no answers.
            EnvironmentFault: the service cannot be used.
        """
        ...
