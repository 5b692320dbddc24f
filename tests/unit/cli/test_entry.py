"""The console entry point."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline import cli

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _restore_umask():
    umask = os.umask(0o077)
    yield
    os.umask(umask)


def test_setup_names_the_console_entry_point():
    assert '"vividly = pipeline.cli:entry"' in (ROOT / "setup.py").read_text()


def test_importing_entry_point_loads_no_dependency():
    loaded = "import sys; import pipeline.cli; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True
    )
    ours = [name for name in done.stdout.split() if name.startswith(("pipeline", "transforms"))]
    assert ours == ["pipeline", "pipeline.cli"]
    assert not {"argparse", "apache_beam", "google.api_core"} & set(done.stdout.split())


def test_entry_exits_with_the_status_of_the_command(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.entry(["status", "--nonsense"])
    assert stopped.value.code == 2
    assert "--nonsense" in capsys.readouterr().err


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("arguments", "output", "status", "said"),
    [
        (["completion", "bash"], "/dev/full", 1, "standard output: No space left on device"),
        (["--help"], "/dev/full", 1, "standard output: No space left on device"),
        (["--version"], "/dev/full", 1, "standard output: No space left on device"),
        (["completion", "bash"], "closed pipe", 0, ""),
        (["--help"], "closed pipe", 0, ""),
    ],
)
def test_unwritable_output_sets_exit_status(
    arguments, output, status, said, unbuffered, monkeypatch
):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer if output == "closed pipe" else output, "wb") as out:
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", *arguments],
            cwd=ROOT, stdout=out, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, said in done.stderr) == (status, True)
    assert len(done.stderr.splitlines()) == bool(said)


def test_closed_standard_output_is_no_error():
    command = shlex.join([sys.executable, "-m", "pipeline", "--version"])
    done = subprocess.run(
        ["sh", "-c", f"{command} >&-"], cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


SLOW_BEAM = """
import os, time
os.close(os.open(os.environ["IMPORTING"], os.O_CREAT | os.O_WRONLY))
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("command", "number", "said"),
    [
        (["drain"], signal.SIGTERM, "terminated"),
        (["drain"], signal.SIGINT, "interrupted"),
        (["batch", "-"], signal.SIGTERM, "terminated"),
        (["run"], signal.SIGTERM, "terminated"),
    ],
)
def test_signal_ends_job_that_imports_beam(tmp_path, command, number, said):
    beam = tmp_path / "apache_beam"
    beam.mkdir()
    (beam / "__init__.py").write_text(SLOW_BEAM)
    importing = tmp_path / "importing"
    paths = f"{tmp_path}{os.pathsep}{ROOT}"
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", *command, "--log-level", "ERROR"],
        env={**os.environ, "PYTHONPATH": paths, "IMPORTING": str(importing)},
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # A job in the background of a shell ignores SIGINT, and so do its children.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )  # fmt: skip
    while not importing.exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    printed = process.communicate(timeout=30)
    assert printed == ("", f"vividly: {said}\n")
    assert process.returncode == 128 + number
