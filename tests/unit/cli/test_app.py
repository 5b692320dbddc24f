"""Help, suggestions, errors and completion of the command line."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from importlib.metadata import version
from typing import Any

import pytest

from pipeline.cli import app
from pipeline.commands import completion
from pipeline.settings.arguments import unknown_variables
from transforms.errors import ConfigurationFault, DependencyDown, WorkerFault


def said(capsys, *arguments):
    """Run a command; return its exit status and both output streams."""
    try:
        status: object = app.main(arguments)
    except SystemExit as stopped:
        status = stopped.code
    printed = capsys.readouterr()
    return status, printed.out, printed.err


@pytest.mark.parametrize("command", app.COMMANDS)
def test_help_of_every_command_has_valid_examples(capsys, command):
    status, out, _ = said(capsys, command, "--help")
    assert status == 0
    assert "examples:" in out
    text = app._module(command).EXAMPLES.replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if re.match(r"\s+.*\bvividly ", line)]
    assert any(f"vividly {command}" in line for line in lines)
    for line in lines:
        if "$(" in line:  # a shell has to work that out first
            continue
        words = shlex.split(line, comments=True)
        words = words[words.index("vividly") + 1 :]
        words = words[: words.index(">")] if ">" in words else words
        assert app.parser().parse_args(words).command


@pytest.mark.parametrize("command", ["status", "cost", "cancel", "check", "dead-letters", "db"])
def test_reading_commands_offer_json(capsys, command):
    assert "--json" in said(capsys, command, "--help")[1]


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("--verison", "--version"),
        ("drian", "drain"),
        ("drain --wrokers 3", "--workers"),
        ("drain --worker=3", "--workers"),
        ("batch --worker 3", "--workers"),
        ("drain --script-engine gemni", "gemini"),
        ("drain --video-size 1280x702", "1280x720"),
        ("drain --log_levl INFO", "--log-level"),
        ("publish --modality vidoe", "video"),
        ("dead-letters lst", "list"),
        ("dead-letters list --stage scirpt", "script"),
        ("completion bsh", "bash"),
        ("status --statsu failed", "--status"),
    ],
)
def test_wrong_word_gets_nearest_suggestion(capsys, line, meant):
    status, out, err = said(capsys, *line.split())
    assert (status, out) == (2, "")
    assert f"did you mean {meant}?" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("batch", "required: FILE.jsonl"),
        ("status a b", "too many arguments"),
        ("drain --workers two", "--workers: must be a whole number from 1"),
        ("drain --workers 99999999999", "--workers: must be a whole number from 1 to 2147483647"),
        ("drain --max-runtime 1e300", "--max-runtime: must be a number of seconds from 0 to 1000"),
        ("drain --health-port 99999", "--health-port: must be a whole number from 1 to 65535"),
        ("emulators --port 99999", "--port: must be a whole number from 1 to 65535"),
        ("emulators --port -1", "--port: must be a whole number from 1 to 65535"),
        ("status --limit -1", "--limit: must be a whole number from 1"),
        ("status --limit 0", "--limit: must be a whole number from 1"),
        ("dead-letters list --limit -1", "--limit: must be a whole number from 1"),
        ("dead-letters list --limit 0", "--limit: must be a whole number from 1"),
        ("dead-letters list --limit 1_000", "--limit: must be a whole number from 1"),
        ("dead-letters show 0", "ID: must be a whole number from 1"),
        ("dead-letters show 99999999999999999999", "ID: must be a whole number from 1 to"),
        ("publish --query x --grade 1_0", "--grade: must be a whole number from 0"),
        ("publish --query x --grade ٣", "--grade: must be a whole number from 0"),
        ("drain --max-runtime 1_000", "--max-runtime: must be a number of seconds from 0"),
        ("drain --lease １２", "--lease: must be a number of seconds from 0"),
        ("drain --max-cost-per-hour inf", "must be a number of US dollars above 0"),
        ("drain --max-cost-per-hour 1e308", "US dollars above 0, up to 1000000000"),
        ("db prune --completed 999999w", "--completed: must be a time span of at least one day"),
        ("cost --since ٣d", "--since: must be a date or time"),
        ("report --limit -1", "--limit: must be a whole number from 0"),
        ("status --database nonsense", "--database: the database URL cannot be read"),
        ("status --database sqlite:///x", "--database: sqlite is not Postgres"),
        ("drain --database postgresql://a@b:99999/c", "--database: the port"),
        ("batch x.jsonl --artifacts s3://x", "--artifacts: must be a folder or gs://bucket/prefix"),
        ("batch x.jsonl --artifacts gs://", "--artifacts: must be a folder or gs://bucket/prefix"),
        ("batch x.jsonl --artifacts /dev/null/x", "--artifacts: must be a folder or gs://bucket"),
        ("batch x.jsonl --state /dev/null/x", "--state: must be a folder"),
        ("batch x.jsonl --segment-cache /dev/null/x", "--segment-cache: must be a folder"),
        ("batch x.jsonl --report /dev/null/x", "--report: must be a file in a folder, or -"),
        ("batch x.jsonl --summary /", "--summary: must be a file, or - for standard output"),
        ("report --output /", "--output: must be a file, or - for standard output"),
        ("evaluate --output /dev/null/x", "--output: must be a file in a folder, or -"),
        ("drain --project a_b", "--project: must be the id of a project"),
        ("drain --subscription a/b", "--subscription: must be the name of a subscription, or"),
        (
            "publish --topic goog",
            "--topic: must be the name of a topic, or projects/PROJECT/topics",
        ),
        ("-v status", "there is no option -v (see `vividly --help`)"),
        ("status -x", "there is no option -x (see `vividly status --help`)"),
        ("drain --qwxz 1", "there is no option --qwxz (see `vividly drain --help`)"),
    ],
)
def test_usage_error_takes_one_line(capsys, line, reason):
    status, _, err = said(capsys, *line.split())
    assert status == 2
    assert reason in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "line", ["drain --topic x", "serve --no-browser", "report --summary x", "status --output x"]
)
def test_other_option_is_no_suggestion(capsys, line):
    status, _, err = said(capsys, *line.split())
    assert (status, "did you mean" in err) == (2, False)


def test_options_are_not_abbreviated(capsys):
    assert said(capsys, "drain", "--work", "3")[0] == 2


def test_misspelled_environment_variable_is_reported():
    given = {"VIVIDLY_WROKERS": "3", "VIVIDLY_WORKERS": "3", "VIVIDLY_HOME": "/", "WROKERS": "3"}
    assert list(unknown_variables(given)) == [
        "VIVIDLY_WROKERS sets nothing; did you mean VIVIDLY_WORKERS?"
    ]


@pytest.mark.parametrize(
    "line",
    [
        "postgresql://me:hunter2@host/db",
        "drain --databse postgresql://me:hunter2@host/db",
        "cost --by postgresql://me:hunter2@host/db",
        "status --database postgresql://me:hunter2@127.0.0.1:1/db",
        "status --database postgres//me:hunter2@host/db",
        "status --database mysql://me:hunter2@host/db",
        "status --debug --database mysql://me:hunter2@host/db",
        "status --debug --database postgresql://me:hunter2@127.0.0.1:1/db",
        "status --database postgresql://me:hunter2@host/db?nonsense=1",
        "status postgresql://me:hunter2@host/db --database postgresql://me:hunter2@127.0.0.1:1/db",
    ],
)
def test_secret_is_never_printed(capsys, line):
    status, out, err = said(capsys, *line.split())
    assert status in (1, 2, 3)
    assert err
    assert "hunter2" not in out + err


def test_version_is_the_installed_one(capsys):
    assert said(capsys, "--version") == (0, f"vividly {version('vividly-pipeline')}\n", "")


class Failing:
    """Stands in for a command that raises."""

    HELP, EXAMPLES, SETTINGS = "fails", "", ()

    def __init__(self, error):
        self._error = error

    def configure(self, parser):
        pass

    def run(self, chosen):
        raise self._error


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (DependencyDown("postgres", "gone"), 3, "vividly: postgres is down: gone"),
        (WorkerFault("/tmp", "full"), 3, "vividly: this worker cannot go on: /tmp: full"),
        (ConfigurationFault("pubsub", "no"), 3, "vividly: pubsub is misconfigured: no"),
        (FileNotFoundError(2, "No such file", "x.jsonl"), 2, "vividly: x.jsonl: No such file"),
        (PermissionError(13, "Permission denied", "x"), 2, "vividly: x: Permission denied"),
        (
            OSError(28, "No space left on device", "/reports/a.html"),
            3,
            "vividly: this worker cannot go on: /reports: No space left on device; free some "
            "space, or set TMPDIR to a folder on a larger disk",
        ),
        (
            RuntimeError("can't start new thread"),
            3,
            "vividly: this worker cannot go on: threads: can't start new thread; raise the limit "
            "of processes (ulimit -u, or the container's), or lower --workers",
        ),
        (KeyError("bug"), 1, "vividly: KeyError: 'bug' (run again with --debug for the traceback)"),
        (KeyboardInterrupt(), 130, "vividly: interrupted"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_errors_have_stable_exit_statuses(capsys, monkeypatch, error, status, line):
    module = app._module
    monkeypatch.setattr(app, "_module", lambda n: Failing(error) if n == "status" else module(n))
    found, out, err = said(capsys, "status")
    assert (found, out, err) == (status, "", line + "\n")
    found, _, err = said(capsys, "status", "--debug")
    assert found == status
    if status != 130:
        assert "Traceback (most recent call last)" in err


def bash(script, *words):
    """Return bash's completions of the last word."""
    line = " ".join(map(shlex.quote, words))
    run = f"""{script}
        COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}
        complete=$(complete -p vividly); function=${{complete##* -F }}
        ${{function%% *}} vividly "${{COMP_WORDS[-1]}}" "${{COMP_WORDS[-2]}}"
        echo "${{COMPREPLY[@]}}" """
    done = subprocess.run(["bash", "-c", run], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.fixture(scope="module")
def bash_script():
    return completion.script("bash")


@pytest.mark.parametrize(
    "words",
    [
        "batch --music", "batch --video-logo", "batch --report", "batch --summary",
        "batch --prices", "batch", "publish", "report --output", "evaluate --set",
        "evaluate --against", "evaluate --output",
    ],
)  # fmt: skip
def test_bash_completes_names_of_files(tmp_path, monkeypatch, bash_script, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "known.wav").touch()
    assert bash(bash_script, "vividly", *words.split(), "kn") == ["known.wav"]


@pytest.mark.parametrize(
    "words",
    [
        "batch --artifacts", "status --state", "batch --segment-cache", "cards check --folder",
        "students export s-1 --output",
    ],
)  # fmt: skip
def test_bash_completes_names_of_folders(tmp_path, monkeypatch, bash_script, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "known").mkdir()
    (tmp_path / "known.wav").touch()
    assert bash(bash_script, "vividly", *words.split(), "kn") == ["known"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("dr", "drain"),
        ("drain --script-engine ", "offline gemini"),
        ("drain --script-eng", "--script-engine"),
        ("dead-letters ", "list show replay"),
        ("drain --video-size ", "1280x720 1920x1080"),
        ("drain --reuse ", "off stage all"),
        ("drain --gemini-thinking h", "high"),
        ("publish --modality ", "text audio video"),
        ("status --status un", "unsettled"),
        ("status --stage nar", "narration"),
        ("cost --by d", "day"),
        ("db up", "upgrade"),
    ],
)
def test_bash_completes_commands_options_and_values(bash_script, words, found):
    assert bash(bash_script, "vividly", *words.split(" ")) == found.split()


def test_completion_ignores_wrong_environment(capsys, monkeypatch):
    monkeypatch.setenv("VIVIDLY_WORKERS", "many")
    assert said(capsys, "completion", "bash")[0] == 0


CANCEL = "cancel 123e4567-e89b-12d3-a456-426614174000"


@pytest.mark.parametrize(
    "line",
    [
        "status", "status --watch", "cost", "report", CANCEL, "dead-letters list",
        "dead-letters replay 1", "care list", "students export s-1 --output x",
        "students erase s-1", "publish --query x --grade 8 --wait",
    ],
)  # fmt: skip
def test_reading_command_creates_no_ledger(capsys, tmp_path, line):
    status, out, err = said(capsys, *line.split(), "--state", str(tmp_path / "none"))
    assert (status, out, list(tmp_path.iterdir())) == (2, "", [])
    assert "there is no ledger in" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_complete_every_command(shell):
    script = completion.script(shell)
    for command in app.COMMANDS:
        assert command in script


def test_progress_is_shown_at_terminals_only(capsys, monkeypatch):
    from pipeline.cli.console import CommandConsole
    from pipeline.cli.progress import show_progress

    monkeypatch.delenv("FORCE_COLOR", raising=False)
    no_ledger: Any = None  # off a terminal the ledger is not read
    with show_progress(CommandConsole(), no_ledger, []):
        pass
    assert capsys.readouterr().out == ""


def test_colours_can_be_turned_off(capsys, monkeypatch):
    from pipeline.cli import request_tables
    from tests.unit.cli.rows import request_row

    def painted():
        request_tables.requests([request_row(status="completed")], as_json=False)
        return "\x1b[3" in capsys.readouterr().out

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert not painted()
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert painted()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not painted()
    request_tables.requests([request_row(status="completed")], as_json=True)
    assert json.loads(capsys.readouterr().out)[0]["status"] == "completed"
