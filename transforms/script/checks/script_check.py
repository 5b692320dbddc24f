"""ScriptCheck: a check with its name and severity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from transforms.model import ContentRequest, Script
from transforms.script.engines.script_engine import Problem, Severity


@dataclass(frozen=True)
class Checked:
    """What a check looks at.

    Attributes:
        script: The script.
        request: The request it answers.
        passages: The passages of sources that its writer was given.
    """

    script: Script
    request: ContentRequest
    passages: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScriptCheck:
    """A check of scripts.

    Attributes:
        name: Its name in problems and metrics.
        severity: Severity of what it finds; a problem may be less severe.
        finds: What it finds, for the reference page.
        find: Finds the problems.
    """

    name: str
    severity: Severity
    finds: str
    find: Callable[[Checked], Sequence[Problem]]

    def problems(self, checked: Checked) -> tuple[Problem, ...]:
        """Return the problems, each with the name of this check."""
        return tuple(replace(each, check=self.name) for each in self.find(checked))
