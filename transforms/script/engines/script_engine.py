"""The port between the script stage and whatever writes the words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from transforms.model import ContentRequest, Script, Usage


@dataclass(frozen=True)
class Written:
    """A script and what it took to write it."""

    script: Script
    usage: tuple[Usage, ...] = ()


class ScriptEngine(Protocol):
    """Writes scripts. One instance serves one process and may be called from several threads."""

    name: str

    @property
    def identity(self) -> Mapping[str, str | int | float | None]:
        """Everything of the engine that shapes its answer (version, model, temperature…)."""
        ...

    def check(self) -> str:
        """Reach whatever it needs, at no cost, and say what that is.

        Raises:
            ContentError: it cannot be reached or used.
        """
        ...

    def write(self, request: ContentRequest, *, timeout: float) -> Written:
        """Write the script for a request.

        Args:
            request: a validated request.
            timeout: seconds it may take.

        Raises:
            PermanentError: it cannot be answered (no such topic, refused, unusable answer).
            TransientError: the engine may succeed later.
        """
        ...
