"""Read the limits of each student from the options."""

from __future__ import annotations

from typing import Any

from pipeline.settings.chosen_engines import expected_usd, prices
from transforms.ledger import StudentQuota
from transforms.model import STAGES_OF


def student_quota(options: Any) -> StudentQuota | None:
    """Return the limits of each student from the options; None without limits.

    Args:
        options: has an attribute for every setting of the graph.
    """
    limits = options.student_requests_per_hour, options.student_cost_per_day
    if not any(limits):
        return None
    usd = expected_usd(options, prices(options))
    costs = {modality: sum(usd[s] for s in stages) for modality, stages in STAGES_OF.items()}
    return StudentQuota(*limits, costs)
