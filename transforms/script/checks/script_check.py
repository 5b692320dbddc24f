"""ScriptCheck: a check with its name and severity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from transforms.model import ContentRequest, Script
from transforms.script.engines.script_engine import Problem, Severity


@dataclass(frozen=True)
class Answered:
    """A script, with the request and the passages it was written from.

    Attributes:
        script: The script.
        request: The request it answers.
        passages: Passages of sources.
    """

    script: Script
    request: ContentRequest
    passages: tuple[str, ...] = ()


T = TypeVar("T", Script, Answered)


@dataclass(frozen=True)
class ScriptCheck(Generic[T]):
    """A check of a script alone, or of a script with its request and passages.

    Attributes:
        name: Its name in problems and metrics.
        severity: Highest severity of its problems.
        finds: What it finds, for the reference page.
        find: Finds the problems.
    """

    name: str
    severity: Severity
    finds: str
    find: Callable[[T], Sequence[Problem]]

    def problems(self, checked: T) -> tuple[Problem, ...]:
        """Run the check; return its problems, each with the name of this check."""
        return tuple(replace(each, check=self.name) for each in self.find(checked))
