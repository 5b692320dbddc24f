"""ScriptCheck: a check with its name and severity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from transforms.model import ContentRequest, Script
from transforms.script.engines.script_engine import Problem, Severity


@dataclass(frozen=True)
class Answered:
    """A script, and what its writer was given.

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
    """A check of scripts, which looks at the script alone or at what was asked for too.

    Attributes:
        name: Its name in problems and metrics.
        severity: Severity of what it finds; a problem may be less severe.
        finds: What it finds, for the reference page.
        find: Finds the problems.
    """

    name: str
    severity: Severity
    finds: str
    find: Callable[[T], Sequence[Problem]]

    def problems(self, checked: T) -> tuple[Problem, ...]:
        """Return the problems, each with the name of this check."""
        return tuple(replace(each, check=self.name) for each in self.find(checked))
