"""Check that Postgres allows the connections that all processes together may open."""

from __future__ import annotations

from pipeline.usage_error import UsageError
from transforms.ledger import Ledger, LedgerStatus


def check_connection_budget(ledger: Ledger, status: LedgerStatus, processes: int) -> str:
    """Raise if the processes may open more connections than the server allows.

    Through a pooler there is no limit to compare with: it has its own, which it does not tell.

    Args:
        ledger: Ledger of one process, with the size of its connection pool.
        status: The server's connection limit.
        processes: Number of processes at the same time: workers times processes per worker.

    Returns:
        The calculation as text.

    Raises:
        UsageError: The server would refuse connections.
    """
    needed = processes * ledger.connections
    noun = "process" if processes == 1 else "processes"
    calculation = f"{processes} {noun} × {ledger.connections} connections = {needed}"
    if status.is_pooled:
        return f"{calculation}, through a pooler (PgBouncer: max_client_conn)"
    if needed > status.connections:
        raise UsageError(
            f"{calculation}, but Postgres at {ledger.masked_url} has {status.connections} for "
            "ordinary users: run fewer processes (fewer workers or tasks), lower --connections, "
            "or raise max_connections of the server"
        )
    return f"{calculation} of {status.connections}"
