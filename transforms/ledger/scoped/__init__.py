"""Read the part of the ledger that belongs to a run or to a time span.

The scope selects messages; the requests they own, the stages of those requests and the dead letters
of the messages follow from them. Accounts, costs and savings of a time span are read from the
hourly totals, pruned rows included. The rest is read from rows that are kept; a number of rows, or
the number of dead letters, bounds that work.
"""

from transforms.ledger.scoped.failures import Reason, dead_letters, reasons
from transforms.ledger.scoped.newest_requests import requests, stages
from transforms.ledger.scoped.percentiles import (
    MEASURED_REQUESTS,
    WAITING,
    WHOLE,
    Latency,
    latencies,
)
from transforms.ledger.scoped.scope import Scope
from transforms.ledger.scoped.totals import (
    Accounts,
    Reuse,
    Saving,
    StageCost,
    accounts,
    costs,
    reuse,
    savings,
)

__all__ = [
    "MEASURED_REQUESTS",
    "WAITING",
    "WHOLE",
    "Accounts",
    "Latency",
    "Reason",
    "Reuse",
    "Saving",
    "Scope",
    "StageCost",
    "accounts",
    "costs",
    "dead_letters",
    "latencies",
    "reasons",
    "requests",
    "reuse",
    "savings",
    "stages",
]
