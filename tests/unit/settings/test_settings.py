"""One table of settings serves the command line, the environment and Beam."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

import pytest

from pipeline.settings import BY_NAME, SETTINGS, settings_of, subscription_path, topic_path
from pipeline.settings.arguments import add_arguments, describe, mask_value
from pipeline.settings.beam_options import VividlyOptions, graph_options
from pipeline.settings.chosen_engines import (
    claim_checker,
    expected_usd,
    prices,
    script_engine,
    script_fallbacks,
    sound_settings,
    video_settings,
    voice_engine,
)
from pipeline.usage_error import UsageError
from transforms.narration.sound_settings import INTRO_SECONDS
from transforms.prices import Prices
from transforms.script.engines.gemini.plugin import GeminiSettings
from transforms.video.engines.video_engine import VideoSettings


def parse(arguments, environment=None):
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_arguments(parser, BY_NAME, environment or {})
    return parser.parse_args(arguments)


def test_drain_defaults_match_replaced_worker():
    chosen = parse([])
    assert chosen.batch_size == 10
    assert chosen.max_runtime == 300
    assert chosen.empty_queue_timeout == 60
    assert chosen.pull_timeout == 30


def test_command_line_wins_over_environment():
    environment = {"VIVIDLY_MAX_RUNTIME": "20", "WORKER_MAX_RUNTIME": "30"}
    assert parse([], {"WORKER_MAX_RUNTIME": "30"}).max_runtime == 30
    assert parse([], environment).max_runtime == 20
    assert parse(["--max-runtime", "10"], environment).max_runtime == 10


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_variable_sets_its_setting(setting):
    particular = {
        "video-size": "1920x1080", "dead-letter-topic": "projects/p/topics/t",
        "care-topic": "projects/p/topics/t", "care-region": "US", "music": __file__,
        "video-logo": __file__, "sources": __file__, "database": "postgresql://user@host/name",
        "prices": __file__, "gemini-max-tokens": "2048",
        "gemini-endpoint": "https://gemini.example.com",
        "otlp-endpoint": "http://collector:4318", "topic": "requests", "subscription": "requests",
    }  # fmt: skip
    text = particular.get(setting.name) or (setting.choices[-1] if setting.choices else "7")
    text = "true" if setting.type is bool else text
    chosen = parse([], {f"VIVIDLY_{setting.name.replace('-', '_').upper()}": text})
    assert getattr(chosen, setting.dest) == setting.read(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [("workers", "0"), ("workers", "two"), ("max-runtime", "-1"), ("max-runtime", "nan"),
     ("max-runtime", "1e10"), ("workers", "3000000000"), ("health-port", "0"),
     ("health-port", "65536"),
     ("video-size", "1x1"), ("script-engine", "gpt"), ("force", "maybe"),
     ("dead-letter-topic", "failures"), ("care-topic", "care"), ("care-region", "America"),
     ("video-theme", "pink"), ("music", "/no/such/folder"),
     ("otlp-endpoint", "localhost:4318"), ("otlp-endpoint", "http://user:secret@collector"),
     ("otlp-endpoint", "http://collector:99999"), ("otlp-endpoint", "")],
)  # fmt: skip
def test_wrong_variable_names_accepted_values(name, text):
    variable = f"VIVIDLY_{name.replace('-', '_').upper()}"
    with pytest.raises(ValueError, match=rf"{variable}: must be"):
        parse([], {variable: text})


def test_wrong_argument_names_the_option():
    with pytest.raises(argparse.ArgumentError, match=r"--workers: must be a whole number"):
        parse(["--workers", "0"])


def test_short_resource_names_are_completed():
    assert subscription_path("s", "p") == "projects/p/subscriptions/s"
    assert topic_path("projects/q/topics/t", "p") == "projects/q/topics/t"


def test_secrets_are_masked():
    shown = mask_value(BY_NAME["database"], "postgresql://me:pa@ss@host/db")
    assert shown == "postgresql://me:***@host/db"


def test_graph_settings_are_beam_options():
    chosen = parse(["--script-engine", "gemini", "--video-size", "1920x1080", "--force"])
    options = graph_options(chosen)
    assert (options.script_engine, options.video_size) == ("gemini", (1920, 1080))
    assert options.force is True
    again = VividlyOptions(["--script_engine=gemini", "--lease=60"])
    assert (again.script_engine, again.lease) == ("gemini", 60.0)


def test_offline_voice_without_its_modules_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "hibari", None)
    with pytest.raises(
        UsageError,
        match=r"--voice-engine offline: not installed: hibari; .*pip install .*\[local\]",
    ):
        graph_options(parse([]))
    assert graph_options(parse(["--voice-engine", "google"]))


def test_help_names_variable_of_every_setting():
    for setting in SETTINGS:
        assert setting.variables[0] in describe(setting)


@pytest.mark.parametrize("command", ["batch", "drain", "run"])
def test_commands_offer_all_graph_settings(command):
    module = import_module(f"pipeline.commands.{command}")
    assert {s for s in SETTINGS if s.graph} <= set(settings_of(module.SETTINGS))


def test_engine_refuses_its_settings_at_start():
    chosen = parse(["--voice-engine=google", "--google-voice=Kore"])
    with pytest.raises(UsageError, match="must look like en-US-Chirp3-HD-Kore"):
        graph_options(chosen)


@pytest.mark.parametrize(
    ("option", "remedy"),
    [
        ("--google-speaking-rate=3", "must be 0.25-2"),
        ("--google-voice-endpoint=https://eu-texttospeech.googleapis.com", "must be a host"),
    ],
)
def test_wrong_speech_options_are_refused(option, remedy):
    with pytest.raises(UsageError, match=remedy):
        graph_options(parse(["--voice-engine=google", option]))


def test_speech_options_reach_the_voice():
    arguments = ["--google-speaking-rate=0.9", "--google-voice-endpoint=eu-texttospeech.example"]
    options = graph_options(parse(["--voice-engine=google", *arguments]))
    chosen = voice_engine(options).chosen().settings
    assert (chosen.speaking_rate, chosen.endpoint) == (0.9, "eu-texttospeech.example")


def test_fallbacks_are_models_of_the_engine_and_offline():
    chosen = parse(["--script-engine=gemini", "--script-fallback=gemini-2.5-flash, offline"])
    model, offline = (each.chosen() for each in script_fallbacks(graph_options(chosen)))
    assert (model.name, model.settings) == ("gemini", GeminiSettings(model="gemini-2.5-flash"))
    assert (offline.name, offline.settings) == ("offline", None)


GEMINI = "--script-engine=gemini"


@pytest.mark.parametrize("engine", ["offline", "gemini"])
def test_claims_are_checked_by_another_model_of_gemini(engine):
    arguments = [f"--script-engine={engine}", "--verify=gemini-2.5-pro"]
    options = graph_options(parse([*arguments, "--gemini-thinking=high"]))
    checker = claim_checker(options)
    assert checker
    chosen = checker.chosen()
    assert chosen.settings == GeminiSettings(model="gemini-2.5-pro", thinking="high")
    assert chosen.make().name == "gemini"
    assert claim_checker(graph_options(parse(arguments[:1]))) is None


def test_check_of_claims_counts_in_expected_cost():
    table = Prices()
    without, expected = (
        expected_usd(parse([GEMINI, *more]), table) for more in ([], ["--verify=gemini-2.5-pro"])
    )
    assert expected["script"] > 2 * without["script"]
    assert expected["narration"] == without["narration"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--script-fallback=offline"], "the script engine offline needs no fallback"),
        ([GEMINI, "--script-fallback=offline,gemini-2.5-pro"], "offline must be the last"),
        ([GEMINI, "--script-fallback=gemini-3.5-flash-lite"], "is the model that is asked first"),
        ([GEMINI, "--script-fallback=gemini-0"], "--script-fallback gemini: .*--prices FILE"),
        ([GEMINI, "--verify=gemini-0"], "--verify gemini: .*--prices FILE"),
        ([GEMINI, "--gemini-model=gemini-flash-latest"], "'gemini-flash-latest/.*--prices FILE"),
    ],
)
def test_unfit_model_is_refused_at_start(arguments, error):
    with pytest.raises(UsageError, match=error):
        graph_options(parse(arguments))


def test_prices_of_a_file_are_known_at_start(tmp_path):
    file = tmp_path / "prices.toml"
    model = ("--script-engine=gemini", "--gemini-model=gemini-9")
    file.write_text("skus = 1")
    with pytest.raises(UsageError, match=r"--prices: .*prices.toml: `sources` and `skus` must be"):
        graph_options(parse([*model, f"--prices={file}"]))
    entry = 'usd = 1\nper = 1000\nunit = "token"\nsource = "s"\n'
    kinds = (f'[skus."gemini-9/{kind}-tokens"]\n{entry}' for kind in ("input", "output"))
    file.write_text('[sources.s]\nname = "s"\ndate = 2026-11-30\n' + "".join(kinds))
    options = graph_options(parse([*model, f"--prices={file}"]))
    assert script_engine(options).typical_usd(prices(options)) == pytest.approx(6.6)
    assert prices(graph_options(parse([*model, "--allow-unpriced"]))) == Prices((), True)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("gemini-thinking", "much", "must be one of minimal, low"),
        ("gemini-safety", "none", "must be one of low, medium, high"),
        ("gemini-max-tokens", "100", "must be a whole number from 1024 to 65536"),
        ("gemini-max-tokens", "many", "must be a whole number"),
        ("gemini-endpoint", "vertex", "must be an address such as https://"),
        ("gemini-endpoint", "https://user@host", "must be an address"),
        ("script-fallback", "a,,b", "must be names separated by commas"),
        ("script-fallback", "a,a", "must name each model or engine once"),
    ],
)
def test_wrong_value_of_script_engine_is_refused(name, value, error):
    with pytest.raises(argparse.ArgumentError, match=error):
        parse([f"--{name}={value}"])


def test_typed_settings_come_from_options():
    arguments = [
        "--script-engine=gemini",
        "--gemini-location=europe-west4",
        "--gemini-thinking=high",
        "--gemini-max-tokens=4096",
        "--gemini-safety=low",
        "--gemini-endpoint=https://gemini.example.com",
        "--video-size=1920x1080",
    ]
    chosen = parse(
        [*arguments, "--segment-cache-size=3", "--video-intro=School", "--burn-captions"]
    )
    options = graph_options(chosen)
    settings = GeminiSettings(
        location="europe-west4",
        thinking="high",
        max_output_tokens=4096,
        safety="low",
        base_url="https://gemini.example.com",
    )
    assert script_engine(options).chosen().settings == settings
    assert voice_engine(options).chosen().settings is None
    video = VideoSettings(
        1920, 1080, workers=2, cache_bytes=3_000_000, intro="School", burn_captions=True
    )
    assert video_settings(options) == video
    assert sound_settings(options).intro == INTRO_SECONDS
