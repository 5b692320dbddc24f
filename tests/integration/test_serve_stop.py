"""A stopped `vividly serve` says what it leaves, and its exit status does too."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.exit_status import OK, SIGNAL
from pipeline.serve.local_drain import run_until_stopped
from tests.integration.ledger_support import message, request, take
from transforms.ledger import ClaimRequest


@pytest.mark.parametrize(
    ("published", "begun", "status", "told"),
    [
        (0, 0, OK, []),
        (2, 0, SIGNAL, ["2 requests had not begun and must be asked again"]),
        (1, 1, SIGNAL, ["1 request is unfinished; the next `vividly serve` here continues"]),
    ],
)
def test_stopped_serve_tells_what_is_left(queue, ledger, capsys, published, begun, status, told):
    queue.publish(*[b"{}"] * published)
    for _ in range(begun):
        take(ledger, ClaimRequest(message(), request()))
    drain: Any = SimpleNamespace(run=lambda: {"in_flight": begun}, down=None)
    assert run_until_stopped(drain, ledger, queue.name) == status
    assert capsys.readouterr().err.splitlines() == [f"vividly: {line}" for line in told]
