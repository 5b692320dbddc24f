"""A command whose output goes to a closed pipe ends quietly."""

from __future__ import annotations

import os
import sys

import pytest

from pipeline.cli.app import main
from tests.integration.ledger_support import completed, letter, message, record, request, take
from transforms.ledger import ClaimRequest


@pytest.fixture
def listed(ledger):
    """A ledger with a row for every list."""
    lesson = take(ledger, ClaimRequest(message(), request()))
    ledger.complete([completed(lesson.with_record(record(lesson, cost_usd=0.004)))])
    ledger.dead_letter([letter(message())])
    return ledger


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("status", "--json"),
        ("status", "--watch"),
        ("cost",),
        ("cost", "--prices"),
        ("dead-letters", "list"),
        ("dead-letters", "show", "1"),
        ("report", "--json", "--since", "2999-01-01"),  # reads no artifacts
        ("db", "current"),
    ],
    ids=" ".join,
)
def test_closed_pipe_ends_list_quietly(listed, monkeypatch, capfd, command):
    reader, writer = os.pipe()
    os.close(reader)
    with monkeypatch.context() as patched, open(writer, "w") as out:
        patched.setattr(sys, "stdout", out)
        assert main([*command, "--database", listed.url]) == 0
    assert capfd.readouterr().err == ""
