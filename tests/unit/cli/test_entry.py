"""The console entry point."""

from __future__ import annotations

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
