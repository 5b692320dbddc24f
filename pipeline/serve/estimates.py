"""Estimates of what a request will cost and how long it will take, by modality."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from pipeline.settings.chosen_engines import engine_choices, prices
from transforms.ledger import Ledger
from transforms.model import MODALITIES, STAGES_OF, Modality

NEWEST = 20
"""Completed requests whose median duration is shown."""

OFFLINE_SECONDS: Mapping[Modality, float] = {"text": 1, "audio": 8, "video": 30}
"""Seconds that the offline engines take on a laptop; shown until requests have been completed."""


@dataclass(frozen=True)
class Estimate:
    """US dollars and seconds of a request; None where nothing is known."""

    usd: float | None
    seconds: float | None

    @property
    def about(self) -> str:
        """The duration in words; empty if it is not known."""
        if self.seconds is None:
            return ""
        whole = max(1, round(self.seconds))
        return f"about {whole} s" if whole < 100 else f"about {round(whole / 60)} min"


@dataclass(frozen=True)
class Estimates:
    """Estimates of cost and duration for a job's engines.

    Args:
        costs: US dollars of a typical request, by modality.
        is_offline: The job uses engines of this machine only.
    """

    costs: Mapping[Modality, float]
    is_offline: bool

    def read(self, ledger: Ledger) -> dict[Modality, Estimate]:
        """Return an estimate for each modality; durations are measured ones from the ledger."""
        return {
            modality: Estimate(self.costs.get(modality), self._seconds(ledger, modality))
            for modality in MODALITIES
        }

    def _seconds(self, ledger: Ledger, modality: Modality) -> float | None:
        rows = ledger.requests(status="completed", modality=modality, limit=NEWEST)
        taken = [(row.completed_at - row.started_at).total_seconds() for row in rows
                 if row.completed_at]  # fmt: skip
        if taken:
            return median(taken)
        return OFFLINE_SECONDS[modality] if self.is_offline else None


def read_estimates(chosen: argparse.Namespace) -> Estimates:
    """Compute the estimates for the chosen engines.

    Raises:
        UsageError: An engine has no price.
    """
    table = prices(chosen)
    engines = {each.stage: each for each in engine_choices(chosen)}
    costs = {
        modality: sum(engines[stage].typical_usd(table) for stage in STAGES_OF[modality])
        for modality in MODALITIES
    }
    return Estimates(costs, is_offline=not any(each.plugin.paid for each in engines.values()))
