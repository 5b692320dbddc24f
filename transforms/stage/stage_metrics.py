"""Metrics of a stage's work on one lesson."""

from __future__ import annotations

from transforms.errors import Cancelled, ClaimLost, OverBudget
from transforms.stage.failures import gets_help
from transforms.stage.task import StageRuntime
from transforms.stage.work import Work
from transforms.telemetry import metrics
from transforms.telemetry.check_counts import count_checks


def count_work(work: Work, runtime: StageRuntime) -> None:
    """Update the metrics of a lesson's stage.

    Call it on the bundle's own thread, because Beam ignores counts of other threads.
    """
    stage, record = work.stage, work.record
    metrics.STAGE_TRIES_FAILED[stage].inc(len(work.failures))
    metrics.THROTTLED.inc(runtime.limits.take_throttled())
    if work.waited is not None:
        waited = work.waited + (work.calls.waited if work.calls else 0.0)
        metrics.BUDGET_WAIT.update(round(waited * 1000))
        metrics.THROTTLED.inc(round(waited))
    spent = metrics.nano(work.spent_usd)
    if spent:
        metrics.COST.inc(spent)
        metrics.STAGE_COST[stage].inc(spent)
    if work.sharing:
        for how in metrics.SHARING:
            metrics.STAGE_SHARING[stage, how].inc(int(how == work.sharing))
    if record and record.reused:
        metrics.STAGE_REUSED[stage].inc()
        saved = metrics.nano(record.cost_usd)
        metrics.COST_REUSED.inc(saved)
        metrics.STAGE_COST_REUSED[stage].inc(saved)
    elif record:
        metrics.UNPRICED.inc(len(runtime.prices.unpriced(record.usage)))
        metrics.STAGE_MILLISECONDS[stage].update(round(record.seconds * 1000))
    if stage == "script" and not (record and record.reused):
        count_checks(record.problems if record else getattr(work.error, "checks", ()))
    if isinstance(work.error, OverBudget):
        metrics.OVER_BUDGET.inc()
    if (
        work.error
        and not isinstance(work.error, ClaimLost | Cancelled)
        and not gets_help(work.lesson, stage, work.error)
    ):
        metrics.STAGE_FAILED[stage].inc()
