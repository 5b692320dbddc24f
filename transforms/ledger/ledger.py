"""`Ledger`: the public surface of the ledger."""

from __future__ import annotations

from dataclasses import dataclass

from transforms.ledger import calls as calling
from transforms.ledger import cancel as cancelling
from transforms.ledger import (
    claim_statement,
    entries,
    leases,
    rate_limits,
    reads,
    records,
    replays,
    tombstones,
)
from transforms.ledger import costs as costing
from transforms.ledger import migrate as migrating
from transforms.ledger import prune as pruning
from transforms.ledger import rights as granted
from transforms.ledger.database import Database


@dataclass(frozen=True)
class Ledger(Database):
    """The Postgres tables that hold every request, message, stage and dead letter.

    Holds settings only, so it can be pickled; connections are made on first use and shared by all
    equal ledgers of a process. Every method may be called from any thread, is documented where it
    is defined, and raises `transforms.errors.DependencyDown` when Postgres cannot be reached;
    calling it again with the same arguments is then safe.
    """

    # Claims
    claim = claim_statement.claim
    enter = entries.enter
    interrupted = claim_statement.interrupted
    heartbeat = leases.heartbeat
    release = leases.release
    queue = leases.queue
    close_entries = leases.close_entries

    # Outcomes
    progress = records.progress
    complete = records.complete
    dead_letter = records.dead_letter
    duplicates = records.duplicates
    cancel = cancelling.cancel
    canary = records.canary

    # Limits
    grant_calls = rate_limits.grant_calls

    # Paid calls
    record_calls = calling.record_calls
    calls = calling.calls

    # Reads
    requests = reads.requests
    request_counts = reads.request_counts
    lapsed_claims = reads.lapsed_claims
    stages = reads.stages
    dead_letters = reads.dead_letters
    dead_letter_detail = reads.dead_letter_detail
    totals = reads.totals
    costs = costing.costs
    spent = costing.spent
    check = migrating.check
    missing_rights = granted.missing_rights
    grant = granted.grant

    # Replays
    dead_letter_of = replays.dead_letter_of
    replay_states = replays.replay_states
    replayed = replays.replayed
    issue_replay = replays.issue_replay
    accept_replays = replays.accept_replays

    # Retention and erasure
    is_erased = tombstones.is_erased
    prune = pruning.prune
    prunable = pruning.prunable
