"""Commands use engines of another installed package."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.e2e import command

ECHO = ("--script-engine=echo", "--voice-engine=tone", "--video-engine=blank")


@pytest.fixture
def environment(echo_package, migrated_postgres, tmp_path):
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(echo_package), os.getenv("PYTHONPATH")])),
        "VIVIDLY_DATABASE": migrated_postgres.url,
        "VIVIDLY_ARTIFACTS": str(tmp_path / "artifacts"),
        "VIVIDLY_STATE": str(tmp_path / "state"),
    }


def artifacts(tmp_path, request):
    [folder] = (tmp_path / "artifacts").rglob(request["request_id"])
    return folder


def test_batch_runs_engines_of_another_package(environment, tmp_path):
    request = command.request("What is sound?", requested_modalities=["video"])
    file = command.jsonl(tmp_path / "requests.jsonl", [request])
    done = command.run(
        "batch", file, *ECHO, "--echo-style=loud", "--echo-quiz=false",
        **environment, VIVIDLY_ECHO_SCENES="4",
    )  # fmt: skip
    assert command.summary(done.stdout)["completed"] == 1, done.stderr
    assert "echo-style=loud" in done.stderr
    folder = artifacts(tmp_path, request)
    script = json.loads((folder / "script.json").read_text())
    assert script["title"] == "WHAT IS SOUND?"
    assert (len(script["scenes"]), script["quiz"]) == (4, [])
    assert (folder / "captions.vtt").read_text() == "captions.vtt: WHAT IS SOUND?, 1280"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert [stage["engine"] for stage in manifest["stages"]] == ["echo", "tone", "blank"]
    assert manifest["stages"][0]["cost_usd"] == len("What is sound?")


def test_budget_uses_prices_of_plugin(environment, tmp_path):
    file = command.jsonl(tmp_path / "requests.jsonl", [command.request()])
    limits = ("--max-cost-per-request=50", *ECHO)
    refused = command.run("batch", file, *limits, "--echo-style=loud", **environment)
    assert command.summary(refused.stdout)["dead_lettered"] == 1, refused.stderr
    plain = command.jsonl(tmp_path / "plain.jsonl", [command.request()])
    done = command.run("batch", plain, *limits, **environment)
    assert command.summary(done.stdout)["completed"] == 1, done.stderr


def test_help_lists_options_without_loading_engines(echo_package):
    def modules(*arguments):
        code = (
            "import atexit, sys; from pipeline.cli import entry; "
            "atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "
            f"entry({arguments!r})"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": str(echo_package)}, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        return done.stdout, set(done.stderr.split())

    shown, loaded = modules("batch", "--help")
    assert "{offline,echo,gemini}" in shown
    assert "--echo-style {plain,loud}" in shown
    assert "--echo-quiz, --no-echo-quiz" in shown
    assert "vividly_echo.plugin" in loaded
    assert not loaded & {"vividly_echo.echo_writer", "echo_client", "google.genai", "numpy"}
    _, loaded = modules("--help")
    assert not loaded & {"vividly_echo", "importlib.metadata", "transforms.engine_plugin"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--echo-scenes=3"], "--echo-scenes: must be an even number"),
        (["--echo-style=lowd"], "did you mean loud?"),
        (["--script-engine=ecco"], "did you mean echo?"),
    ],
)
def test_wrong_option_of_plugin_is_refused(environment, tmp_path, arguments, expected):
    done = command.run("batch", tmp_path, *ECHO, *arguments, **environment)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert expected in done.stderr


def test_check_reports_plugins(environment):
    done = command.run("check", "batch", "--json", *ECHO, **environment)
    found = {each["name"]: each for each in json.loads(done.stdout)}
    details = [found[f"{stage} engine"]["detail"] for stage in ("script", "voice", "video")]
    assert details == ["echoes plain", "hums", "1280 pixels of nothing"]
    assert "script (echo) is called without limit" in found["engine limits"]["detail"]
    assert "credentials" not in found


def test_missing_module_of_plugin_stops_job(environment, echo_package, tmp_path):
    lacking = shutil.copytree(echo_package, tmp_path / "lacking")
    (lacking / "echo_client.py").unlink()
    environment |= {"PYTHONPATH": str(lacking)}
    file = command.jsonl(tmp_path / "requests.jsonl", [command.request()])
    done = command.run("batch", file, *ECHO, **environment)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "--script-engine echo: not installed: echo_client; choose another" in done.stderr
    checked = command.run("check", "batch", "--json", *ECHO, **environment)
    [finding] = [f for f in json.loads(checked.stdout) if f["name"] == "script engine"]
    assert finding["detail"] == "not installed: echo_client"
    assert finding["remedy"]
