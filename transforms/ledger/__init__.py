"""The ledger: Postgres tables that hold every request, message, stage and dead letter."""

from transforms.ledger.costs import COST_KEYS, CostKey
from transforms.ledger.entries import Entered
from transforms.ledger.ledger import Ledger
from transforms.ledger.migrate import current, downgrade, head, upgrade
from transforms.ledger.rows import (
    CostRow,
    DeadLetterDetail,
    DeadLetterRow,
    ReplayState,
    RequestRow,
    StageRow,
    Totals,
)
from transforms.ledger.student_quota import StudentQuota
from transforms.ledger.url import mask
from transforms.ledger.values import (
    CancelState,
    ClaimRequest,
    ClaimResult,
    ClaimStatus,
    CompletedLesson,
    LedgerStatus,
    Pruned,
)

__all__ = [
    "COST_KEYS",
    "CancelState",
    "ClaimRequest",
    "ClaimResult",
    "ClaimStatus",
    "CompletedLesson",
    "CostKey",
    "CostRow",
    "DeadLetterDetail",
    "DeadLetterRow",
    "Entered",
    "Ledger",
    "LedgerStatus",
    "Pruned",
    "ReplayState",
    "RequestRow",
    "StageRow",
    "StudentQuota",
    "Totals",
    "current",
    "downgrade",
    "head",
    "mask",
    "upgrade",
]
