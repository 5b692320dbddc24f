"""The ledger: Postgres tables that hold every request, message, stage and dead letter."""

from transforms.ledger.ledger import Ledger
from transforms.ledger.migrate import current, downgrade, head, upgrade
from transforms.ledger.url import mask
from transforms.ledger.values import (
    CancelState,
    ClaimRequest,
    ClaimResult,
    CompletedLesson,
    DeadLetterDetail,
    DeadLetterRow,
    LedgerStatus,
    ReplayState,
    RequestRow,
    StageRow,
    Standing,
    Totals,
)

__all__ = [
    "CancelState",
    "ClaimRequest",
    "ClaimResult",
    "CompletedLesson",
    "DeadLetterDetail",
    "DeadLetterRow",
    "Ledger",
    "LedgerStatus",
    "ReplayState",
    "RequestRow",
    "StageRow",
    "Standing",
    "Totals",
    "current",
    "downgrade",
    "head",
    "mask",
    "upgrade",
]
