"""Every option that a command offers is read by the command or by what it calls."""

from __future__ import annotations

import argparse

import pytest

from pipeline.cli import app
from tests.unit.cli.option_reads import is_read, options_read


def options_offered(command: str) -> set[str]:
    """The names that the options and arguments of a command have in its namespace."""
    [commands] = [
        action
        for action in app.parser(only=command)._actions
        if isinstance(action, argparse._SubParsersAction)
    ]
    return {action.dest for action in commands.choices[command]._actions} - {"help"}


def reads_of(command: str) -> set[str]:
    module = f"pipeline.commands.{command.replace('-', '_')}"
    return options_read(module, "run") | options_read("pipeline.cli.app", "main")


@pytest.mark.parametrize("command", app.COMMANDS)
def test_every_option_offered_is_read(command):
    reads = reads_of(command)
    assert {option for option in options_offered(command) if not is_read(option, reads)} == set()


def test_unread_option_is_detected():
    reads = reads_of("batch")
    assert is_read("health_port", reads)
    assert is_read("video_concurrency", reads)
    assert not is_read("id_label", reads)
    assert not is_read("batch_size", reads)
