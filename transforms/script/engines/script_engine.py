"""The interface (port) that script engines implement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from transforms.model import ContentRequest, Script, Usage
from transforms.stage.paid_call import PaidCalls


@dataclass(frozen=True)
class Written:
    """A script and the usage it took to write it, besides that of paid calls."""

    script: Script
    usage: tuple[Usage, ...] = ()


class ScriptEngine(Protocol):
    """Writes scripts. One instance serves one process and may be called from several threads."""

    name: str

    @property
    def identity(self) -> Mapping[str, str | int | float | None]:
        """Return everything that shapes the script: version, model, digest of the prompt."""
        ...

    def check(self) -> str:
        """Reach the services the engine needs, at no cost, and return what was found.

        Raises:
            ContentError: a service cannot be reached or used.
        """
        ...

    def write(self, request: ContentRequest, *, calls: PaidCalls) -> Written:
        """Write the script for a request.

        Args:
            request: a validated request.
            calls: the deadline, and the calls to services that cost money.

        Raises:
            PermanentError: unknown topic, refused request or unusable answer.
            TransientError: the engine may succeed later.
        """
        ...
