"""The interface (port) of quiz takers, which answer a lesson's quiz from its narration alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from transforms.model import Script
from transforms.stage.paid_call import PaidCalls


class QuizTaker(Protocol):
    """Answers quizzes. One instance serves one process and several threads."""

    name: str

    @property
    def identity(self) -> Mapping[str, str | int | float | None]:
        """Return everything that shapes the answers."""
        ...

    def check(self) -> str:
        """Reach the service, at no cost, and return what was found."""
        ...

    def answers(self, script: Script, *, calls: PaidCalls) -> Sequence[int | None]:
        """Return the index of a choice for each question, by at most one paid call.

        None stands for a question that the narration does not answer, or that has several right
        choices. The keys and explanations of the script are not shown to the model.

        Raises:
            ContentError: the service gave no answers.
            EnvironmentFault: the service cannot be used.
        """
        ...
