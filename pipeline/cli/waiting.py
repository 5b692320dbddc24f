"""Wait until published messages are settled, with live progress on standard error."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pipeline.cli.console import CommandConsole
from pipeline.cli.progress import results, show_progress
from pipeline.exit_status import FAILED, OK
from pipeline.monitoring.logging_config import report_error
from transforms.ledger import Ledger
from transforms.ledger.scoped import Scope, accounts

POLL = 0.25  # seconds between two readings
SETTLED = ("completed", "duplicate", "dead_lettered")


def wait_until_settled(ledger: Ledger, published: Sequence[str]) -> int:
    """Wait until every message is settled, then report dead letters.

    Args:
        ledger: Ledger of the jobs.
        published: Ids of the messages.

    Returns:
        The exit status: 1 if a message became a dead letter, else 0.

    Raises:
        DependencyDown: Postgres cannot be reached.
    """
    scope = Scope(message_ids=tuple(published))
    with show_progress(CommandConsole(stderr=True), ledger, published):
        while True:
            outcomes = accounts(ledger, scope).outcomes
            if sum(outcomes.get(name, 0) for name in SETTLED) >= len(published):
                break
            time.sleep(POLL)
    if not outcomes.get("dead_lettered"):
        return OK
    _, letters = results(ledger, published)
    for letter in letters:
        place = letter.request_id or f"message={letter.message_id}"
        report_error(f"{place} is dead letter {letter.id}: {letter.error}")
    return FAILED
