"""`deploy/first_hour.sh --local` runs its steps against servers on this machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.embedded.process import free_port

ROOT = Path(__file__).parents[2]


@pytest.mark.nightly
def test_first_hour_runs_against_local_servers(tmp_path):
    results = tmp_path / "results.md"
    done = subprocess.run(
        [
            ROOT / "deploy" / "first_hour.sh", "--local", f"--port={free_port()}", "--requests=1",
            "--timeout=240", f"--results={results}",
        ],
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "POLL": "0.2",
        },
        capture_output=True, text=True, timeout=400,
    )  # fmt: skip
    text = results.read_text()
    assert done.returncode == 0, text + done.stderr
    rows = dict(re.findall(r"(?m)^\| ([a-z]+) \| (passed|not run|FAILED) ", text))
    passed = {name for name, result in rows.items() if result == "passed"}
    assert passed == {"tables", "check", "submit", "drain", "accounts"}
    assert "FAILED" not in rows.values()
    assert rows["autoscaling"] == rows["schema"] == "not run"
