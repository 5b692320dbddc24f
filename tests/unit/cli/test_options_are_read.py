"""Every option that a command offers is read by the command or by what it calls."""

from __future__ import annotations

import argparse

import pytest

from pipeline.cli import app
from pipeline.settings import OWN
from pipeline.settings.engine_settings import EngineNames
from tests.unit.cli.option_reads import is_read, options_read
from transforms.engine_registry import registered_engines


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


def engine_options() -> dict[str, str]:
    """The setting that chooses the engine, by the name of each option that an engine brings."""
    return {
        option.name.replace("-", "_"): setting.dest
        for setting in OWN
        if isinstance(setting.choices, EngineNames)
        for plugin in registered_engines()[setting.choices.stage].values()
        for option in plugin.options().values()
    }


@pytest.mark.parametrize("command", app.COMMANDS)
def test_every_option_offered_is_read(command):
    reads = reads_of(command)
    chosen_by = engine_options()  # read together, by the settings class of the chosen engine
    unread = {
        option
        for option in options_offered(command)
        if not is_read(chosen_by.get(option, option), reads)
    }
    assert unread == set()


def test_unread_option_is_detected():
    reads = reads_of("batch")
    assert is_read("health_port", reads)
    assert is_read("video_concurrency", reads)
    assert not is_read("id_label", reads)
    assert not is_read("batch_size", reads)
