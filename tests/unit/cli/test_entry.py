"""The console entry point."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import cli

ROOT = Path(__file__).parents[3]


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


@pytest.mark.parametrize(
    ("output", "status", "said"),
    [
        ("/dev/full", 3, "No space left on device"),
        ("closed pipe", 0, ""),
    ],
)
def test_unwritable_output_sets_exit_status(output, status, said):
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer if output == "closed pipe" else output, "wb") as out:
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", "completion", "bash"],
            cwd=ROOT, stdout=out, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, said in done.stderr, bool(said)) == (status, True, bool(done.stderr))
