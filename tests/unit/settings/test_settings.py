"""One table of settings serves the command line, the environment and Beam."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

import pytest

from pipeline.settings import BY_NAME, SETTINGS, subscription_path, topic_path
from pipeline.settings.arguments import add_arguments, describe, mask_value
from pipeline.settings.beam_options import VividlyOptions, graph_options
from pipeline.usage_error import UsageError


def parse(arguments, environment=None):
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_arguments(parser, BY_NAME, environment or {})
    return parser.parse_args(arguments)


def test_the_defaults_are_those_of_the_worker_this_replaces():
    chosen = parse([])
    assert chosen.batch_size == 10
    assert chosen.max_runtime == 300
    assert chosen.empty_queue_timeout == 60
    assert chosen.pull_timeout == 30


def test_the_command_line_wins_over_the_environment():
    environment = {"VIVIDLY_MAX_RUNTIME": "20", "WORKER_MAX_RUNTIME": "30"}
    assert parse([], {"WORKER_MAX_RUNTIME": "30"}).max_runtime == 30
    assert parse([], environment).max_runtime == 20
    assert parse(["--max-runtime", "10"], environment).max_runtime == 10


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_every_setting_can_be_set_by_its_variable(setting):
    particular = {
        "video-size": "1920x1080", "dead-letter-topic": "projects/p/topics/t", "music": __file__,
        "video-logo": __file__,
    }  # fmt: skip
    text = particular.get(setting.name) or (setting.choices[-1] if setting.choices else "7")
    text = "true" if setting.type is bool else text
    chosen = parse([], {f"VIVIDLY_{setting.name.replace('-', '_').upper()}": text})
    assert getattr(chosen, setting.dest) == setting.read(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [("workers", "0"), ("workers", "two"), ("max-runtime", "-1"), ("max-runtime", "nan"),
     ("video-size", "1x1"), ("script-engine", "gpt"), ("force", "maybe"),
     ("dead-letter-topic", "failures"), ("video-theme", "pink"), ("music", "/no/such/folder")],
)  # fmt: skip
def test_a_wrong_variable_is_named_with_the_remedy(name, text):
    variable = f"VIVIDLY_{name.replace('-', '_').upper()}"
    with pytest.raises(ValueError, match=rf"{variable}: must be"):
        parse([], {variable: text})


def test_a_wrong_argument_names_the_option():
    with pytest.raises(argparse.ArgumentError, match=r"--workers: must be a whole number"):
        parse(["--workers", "0"])


def test_short_names_are_completed():
    assert subscription_path("s", "p") == "projects/p/subscriptions/s"
    assert topic_path("projects/q/topics/t", "p") == "projects/q/topics/t"


def test_secrets_are_masked():
    shown = mask_value(BY_NAME["database"], "postgresql://me:pa@ss@host/db")
    assert shown == "postgresql://me:***@host/db"


def test_beam_knows_the_graph_settings():
    chosen = parse(["--script-engine", "gemini", "--video-size", "1920x1080", "--force"])
    options = graph_options(chosen)
    assert (options.script_engine, options.video_size) == ("gemini", (1920, 1080))
    assert options.force is True
    again = VividlyOptions(["--script_engine=gemini", "--lease=60"])
    assert (again.script_engine, again.lease) == ("gemini", 60.0)


@pytest.mark.parametrize(
    ("module", "flag", "other"),
    [("rapidfuzz", "--script-engine", "gemini"), ("hibari", "--voice-engine", "google")],
)
def test_an_offline_engine_that_is_not_installed_is_refused(monkeypatch, module, flag, other):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError, match=rf"what {flag} offline needs .*pip install .*\[local\]"):
        graph_options(parse([]))
    assert graph_options(parse([flag, other]))


def test_every_setting_says_its_default_and_variable():
    for setting in SETTINGS:
        assert setting.variables[0] in describe(setting)


@pytest.mark.parametrize("command", ["batch", "drain", "run"])
def test_whoever_runs_the_graph_knows_all_that_shapes_it(command):
    module = import_module(f"pipeline.commands.{command}")
    assert {s.name for s in SETTINGS if s.graph} <= set(module.SETTINGS)
