"""Gather the data of a report from the ledger and the artifacts."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline.report.lessons import LessonFiles, read_lessons
from pipeline.report.payload import readable
from transforms.ledger import DeadLetterDetail, Ledger, RequestRow, StageRow, scoped
from transforms.ledger.scoped import Latency, Reason, Reuse, Saving, Scope, StageCost
from transforms.ledger.withheld import withhold
from transforms.model import STAGES

PAYLOAD_BYTES = 8192
"""Bytes of a dead letter's payload in a report; `vividly dead-letters show` prints all of them."""

STEPS = (scoped.WAITING, *STAGES, scoped.WHOLE)
"""Timed steps, in the order they happen."""


@dataclass(frozen=True)
class ReportedRequest:
    """A request in a report, with its stages and the content of its artifacts.

    Attributes:
        row: the request in the ledger.
        published: when its message was published.
        stages: of all its attempts, in the order they ended.
        files: content of its artifacts; None until it is completed.
    """

    row: RequestRow
    published: datetime
    stages: tuple[StageRow, ...]
    files: LessonFiles | None


@dataclass(frozen=True)
class Report:
    """All data of a report; money in US dollars, durations in seconds.

    Attributes:
        title: kind of run, or the time span.
        made_at: when the data were read.
        first: when the first message was received; None if there was none.
        last: when the last message was received or settled.
        completed: messages by outcome, as are `duplicates`, `dead_lettered` and `in_flight`.
        latencies: by step.
        costs: by modality and stage.
        savings: by modality.
        reuse: by stage; only stages that reused results.
        reasons: dead letters by reason.
        requests: the newest ones.
        more_requests: true if there may be others.
        letters: the newest dead letters; there are `letters_in_all`.
        cancelled: dead-lettered messages of cancelled requests; these are not failures.
        needs_care: completed messages whose students get help; these are no lessons.
    """

    title: str
    made_at: datetime
    first: datetime | None
    last: datetime | None
    completed: int
    duplicates: int
    dead_lettered: int
    in_flight: int
    latencies: tuple[Latency, ...]
    costs: tuple[StageCost, ...]
    savings: tuple[Saving, ...]
    reasons: tuple[Reason, ...]
    requests: tuple[ReportedRequest, ...]
    letters: tuple[DeadLetterDetail, ...]
    more_requests: bool = False
    cancelled: int = 0
    needs_care: int = 0
    reuse: tuple[Reuse, ...] = ()

    @property
    def received(self) -> int:
        """Number of received messages; each has one of the four outcomes."""
        return self.completed + self.duplicates + self.dead_lettered + self.in_flight

    @property
    def success_rate(self) -> float | None:
        """Share of completed lessons among completed and failed ones; None if there are none."""
        lessons = self.completed - self.needs_care
        ended = lessons + self.dead_lettered - self.cancelled
        return lessons / ended if ended else None

    @property
    def letters_in_all(self) -> int:
        """Number of dead letters, those not listed included."""
        return sum(reason.count for reason in self.reasons)

    @property
    def cost_usd(self) -> float:
        """US dollars that all requests have cost."""
        return sum(cost.usd for cost in self.costs)

    @property
    def saved_usd(self) -> float:
        """US dollars saved by stages that were skipped."""
        return sum(saving.usd for saving in self.savings)

    @property
    def reuse_saved_usd(self) -> float:
        """US dollars saved by results that were reused."""
        return sum(reuse.usd for reuse in self.reuse)


def gather(
    ledger: Ledger, scope: Scope, title: str, limit: int = 1000, in_flight: int = 0
) -> Report:
    """Read the data of a report from the ledger and the artifact stores.

    Args:
        ledger: ledger to read.
        scope: which messages to report on.
        title: heading of the report.
        limit: maximum number of requests, and of dead letters, that are listed.
        in_flight: messages received besides those in `scope` and returned unsettled.

    Raises:
        DependencyDown: Postgres cannot be reached. An artifact store that cannot be reached is
            reported in `LessonFiles.trouble` instead.
    """
    accounts = scoped.accounts(ledger, scope)
    asked, more = scoped.requests(ledger, scope, limit)
    stages: defaultdict[str, list[StageRow]] = defaultdict(list)
    for stage in scoped.stages(ledger, [row.request_id for row, _ in asked]):
        stages[stage.request_id].append(stage)
    files = read_lessons([row for row, _ in asked if row.status == "completed"])
    return Report(
        title=title,
        made_at=datetime.now(UTC),
        first=accounts.first,
        last=accounts.last,
        completed=accounts.outcomes.get("completed", 0),
        duplicates=accounts.outcomes.get("duplicate", 0),
        dead_lettered=accounts.outcomes.get("dead_lettered", 0),
        in_flight=accounts.outcomes.get("in_flight", 0) + in_flight,
        latencies=tuple(sorted(scoped.latencies(ledger, scope), key=_step_order)),
        costs=tuple(scoped.costs(ledger, scope)),
        savings=tuple(scoped.savings(ledger, scope)),
        reasons=tuple(scoped.reasons(ledger, scope)),
        requests=tuple(
            ReportedRequest(
                row, published, tuple(stages[row.request_id]), files.get(row.request_id)
            )
            for row, published in asked
        ),
        more_requests=more,
        letters=tuple(withhold(ledger, scoped.dead_letters(ledger, scope, limit, PAYLOAD_BYTES))),
        cancelled=accounts.cancelled,
        needs_care=accounts.needs_care,
        reuse=tuple(sorted(scoped.reuse(ledger, scope), key=lambda each: STAGES.index(each.stage))),
    )


def as_json(report: Report) -> str:
    """Serialize a report as JSON, derived totals included."""
    fields: dict[str, Any] = {
        name: getattr(report, name)
        for name in (
            "received",
            "success_rate",
            "letters_in_all",
            "cost_usd",
            "saved_usd",
            "reuse_saved_usd",
        )
    }
    return json.dumps(fields | asdict(report), indent=2, default=_to_json_value)


def _step_order(latency: Latency) -> int:
    return STEPS.index(latency.step) if latency.step in STEPS else len(STEPS)


def _to_json_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return readable(value).text if isinstance(value, bytes) else str(value)
