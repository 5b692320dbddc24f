"""Record paid calls in the ledger: insert a row before a call is sent, update it afterwards.

A row counts with the cost that is expected until it is closed, so the call of a killed worker stays
counted. Only a worker that holds the request may open it; it closes it also after it has lost the
request. The same statement keeps `requests.cost_usd`, and triggers of the table keep the totals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from transforms.ledger.database import Database
from transforms.ledger.jsontext import json_text

CallKind = Literal["go", "lost", "cancelled", "over_budget"]

REPEATED = "no stored answer of an earlier call"
"""Reason recorded for a call that repeats another one without giving a reason."""

# Requests are locked in order, as in `transforms.ledger.statements`. A call without a token belongs
# to a canary, whose request is recorded last.
RECORD_CALLS = """
WITH begun AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(:begun AS json)) AS begun (
        id uuid, request_id uuid, token uuid, entry integer, attempt integer, modality text,
        stage text, engine text, purpose text, reason text, input text, expected_usd numeric,
        most_usd numeric)
),
ended AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(:ended AS json)) AS ended (
        id uuid, outcome text, error text, model text, usage jsonb, cost_usd numeric)
),
held AS MATERIALIZED (
    SELECT request_id, claim_token, entry, status, cancel_requested_at, cost_usd
    FROM requests
    WHERE request_id IN (
        SELECT request_id FROM begun
        UNION ALL
        SELECT calls.request_id FROM calls JOIN ended USING (id))
    ORDER BY request_id
    FOR UPDATE
),
judged AS MATERIALIZED (
    SELECT begun.*, held.cost_usd AS spent_usd, CASE
            WHEN begun.token IS NULL THEN 'go'
            WHEN held.claim_token IS DISTINCT FROM begun.token OR held.entry <> begun.entry
                OR held.status <> 'running' THEN 'lost'
            WHEN held.cancel_requested_at IS NOT NULL THEN 'cancelled'
            WHEN held.cost_usd + begun.expected_usd > begun.most_usd THEN 'over_budget'
            ELSE 'go'
        END AS kind
    FROM begun
    LEFT JOIN held USING (request_id)
),
closed AS (
    UPDATE calls AS call SET
        outcome = ended.outcome,
        error = ended.error,
        model = ended.model,
        usage = ended.usage,
        cost_usd = coalesce(ended.cost_usd, call.expected_usd),
        finished_at = now()
    FROM ended
    WHERE call.id = ended.id AND call.finished_at IS NULL
    RETURNING call.request_id, call.cost_usd - call.expected_usd AS usd
),
opened AS (
    INSERT INTO calls AS call (
        id, request_id, attempt, entry, modality, stage, engine, purpose, reason, input,
        expected_usd, cost_usd)
    SELECT id, request_id, attempt, entry, modality, stage, engine, purpose,
        CASE WHEN reason = '' AND EXISTS (
                SELECT FROM calls AS earlier
                WHERE earlier.request_id = judged.request_id AND earlier.input = judged.input)
            THEN :repeated ELSE reason END,
        input, expected_usd, expected_usd
    FROM judged
    WHERE kind = 'go'
    ON CONFLICT (id) DO NOTHING
    RETURNING call.request_id, call.cost_usd AS usd
),
change AS MATERIALIZED (
    SELECT request_id, sum(usd) AS usd
    FROM (SELECT * FROM closed UNION ALL SELECT * FROM opened) AS each_call
    GROUP BY request_id
),
charged AS (
    UPDATE requests AS request SET cost_usd = request.cost_usd + change.usd
    FROM held JOIN change USING (request_id)
    WHERE request.request_id = held.request_id AND change.usd <> 0
)
SELECT CAST(id AS text) AS id, kind, CAST(spent_usd AS double precision) AS spent_usd
FROM judged
"""

CALLS = """
SELECT CAST(id AS text) AS id, CAST(request_id AS text) AS request_id, attempt, stage, engine,
    model, purpose, reason, outcome, error, usage,
    CAST(cost_usd AS double precision) AS cost_usd, started_at, finished_at
FROM calls
WHERE request_id = CAST(:request_id AS uuid)
ORDER BY started_at, id
"""


@dataclass(frozen=True)
class BegunCall:
    """A paid call that is about to be sent, as recorded in the ledger.

    Attributes:
        id: UUID, made before the call.
        token: token of the claim that the caller holds; None for a canary.
        entry: number of the caller's entry.
        input: hash of purpose, inputs and reason.
        expected_usd: expected cost in US dollars.
        most_usd: cost of the whole request that this call may not exceed; None for no limit.
    """

    id: str
    request_id: str
    token: str | None
    entry: int
    attempt: int
    modality: str
    stage: str
    engine: str
    purpose: str
    reason: str
    input: str
    expected_usd: float
    most_usd: float | None = None


@dataclass(frozen=True)
class EndedCall:
    """The end of a paid call: its outcome, its billed usage and its cost.

    Attributes:
        id: as in `BegunCall`.
        outcome: ``answered``, also if the answer cannot be used, or ``failed``.
        error: status of the service, or name of the error; None if it was answered.
        model: the model that answered.
        usage: billed quantity by SKU of `transforms.prices`.
        cost_usd: cost in US dollars; None if it is not known, for what was expected.
    """

    id: str
    outcome: Literal["answered", "failed"]
    error: str | None = None
    model: str = ""
    usage: Mapping[str, float] = field(default_factory=dict)
    cost_usd: float | None = 0.0


@dataclass(frozen=True)
class CallAnswer:
    """The ledger's decision whether a paid call may be sent.

    ==============  ===================================================================
    kind            meaning
    ==============  ===================================================================
    `go`            the row is written: send the call
    `lost`          another worker holds the request
    `cancelled`     the request must be cancelled
    `over_budget`   the request would exceed its limit; `spent_usd` is its cost so far
    ==============  ===================================================================
    """

    kind: CallKind
    spent_usd: float = 0.0


@dataclass(frozen=True)
class CallRow:
    """A row of the table of calls.

    Attributes:
        model: the model that answered; empty while open, or if the service names none.
        reason: why it repeats an earlier call; empty for a first one.
        outcome: ``open``, ``answered`` or ``failed``.
        cost_usd: cost in US dollars; what was expected if the real cost is not known.
        finished_at: None while open, and for good if its worker was killed.
    """

    id: str
    request_id: str
    attempt: int
    stage: str
    engine: str
    model: str
    purpose: str
    reason: str
    outcome: str
    error: str | None
    usage: Mapping[str, float]
    cost_usd: float
    started_at: datetime
    finished_at: datetime | None


def record_calls(
    database: Database, begun: Sequence[BegunCall], ended: Sequence[EndedCall]
) -> dict[str, CallAnswer]:
    """Insert the rows of calls that begin, and update those of calls that have ended.

    Returns:
        The answer to each call that is about to be sent, by its id.
    """
    rows = database.run(
        RECORD_CALLS,
        begun=json_text([asdict(call) for call in begun]),
        ended=json_text([asdict(call) for call in ended]),
        repeated=REPEATED,
    )
    return {row["id"]: CallAnswer(row["kind"], row["spent_usd"] or 0.0) for row in rows}


def calls(database: Database, request_id: str) -> list[CallRow]:
    """List the calls of a request in the order in which they were sent."""
    rows: list[dict[str, Any]] = database.run(CALLS, request_id=request_id)
    return [CallRow(**row) for row in rows]
