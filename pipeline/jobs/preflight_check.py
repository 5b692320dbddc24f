"""Check: one thing that a job needs before it runs, with the remedy if it is missing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from transforms.errors import ConfigurationFault, DependencyDown, ModelRetired, TransientError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Finding:
    """Result of one check; `remedy` is empty if the check passed without a warning."""

    name: str
    detail: str
    remedy: str = ""
    is_warning: bool = False

    @property
    def passed(self) -> bool:
        """True if the check passed, perhaps with a warning."""
        return self.is_warning or not self.remedy

    def as_json(self) -> dict[str, Any]:
        """Return the result as a JSON object."""
        return {**asdict(self), "passed": self.passed}


@dataclass(frozen=True)
class Check:
    """A check of `vividly check`: one thing that a job needs.

    Attributes:
        name: Name of the thing checked.
        look: Function that returns what it found, or raises.
        remedy: Instruction for users if `look` raises.
        is_quick: A job runs it at its start, too.
        warns: It fails no command; its finding is a warning.
    """

    name: str
    look: Callable[[], str]
    remedy: str
    is_quick: bool = False
    warns: bool = False

    def run(self) -> Finding:
        """Run the check; an exception becomes a finding with the remedy."""
        try:
            return Finding(self.name, self.look())
        except Exception as error:  # noqa: BLE001  (any exception is a failed check)
            return Finding(self.name, _detail(error), self.remedy, self.warns)

    def require(self, by_other_account: bool) -> None:
        """Run the check at the start of a job; raise if it fails.

        An outage is left to the job, which waits for its dependencies.

        Args:
            by_other_account: Workers have an account of their own, so that only a missing model is
                an error, and everything else is logged.

        Raises:
            ConfigurationFault: The check failed; in the words of `vividly check`.
        """
        try:
            self.look()
        except (TransientError, DependencyDown) as error:
            log.warning("%s could not be checked: %s", self.name, error)
        except Exception as error:
            fault = ConfigurationFault(self.name, f"{_detail(error)}; {self.remedy}")
            if by_other_account and not isinstance(error, ModelRetired):
                log.warning(
                    "this account fails a check that the workers' account may pass: %s", fault
                )
                return
            raise fault from error


def _detail(error: Exception) -> str:
    if isinstance(error, ConfigurationFault):
        return f"{error.subject}: {error.detail}"
    return " ".join(str(error).split()) or type(error).__name__
