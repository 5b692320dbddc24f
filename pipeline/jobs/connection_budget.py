"""How many connections the jobs may open to Postgres, and whether the server has that many."""

from __future__ import annotations

from pipeline.usage_error import UsageError
from transforms.ledger import Ledger, LedgerStatus


def check_connection_budget(ledger: Ledger, status: LedgerStatus, processes: int) -> str:
    """Make sure that the server has room for every process at its busiest.

    Args:
        ledger: one process' connections.
        status: what the server allows.
        processes: all that may run at the same time: workers times processes of each.

    Returns:
        The reckoning, in words.

    Raises:
        UsageError: the server would refuse connections; says what would be right.
    """
    needed = processes * ledger.connections
    noun = "process" if processes == 1 else "processes"
    reckoning = f"{processes} {noun} × {ledger.connections} connections = {needed}"
    if needed > status.connections:
        raise UsageError(
            f"{reckoning}, but Postgres at {ledger.masked_url} has {status.connections} for "
            "ordinary users: run fewer processes (fewer workers or tasks), lower --connections, "
            "or raise max_connections of the server"
        )
    return f"{reckoning} of {status.connections}"
