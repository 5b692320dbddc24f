"""The commands of the tutorial print the documented output."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.embedded.process import free_port

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"
PORT = "8095"  # as in the tutorial; the test replaces it by a free port
SERVICES = " terminal=services"


@dataclass(frozen=True)
class Step:
    """A command and its expected standard output, where ``…`` matches any text."""

    terminal: str
    command: str
    output: str


def steps() -> Iterator[Step]:
    for terminal, block in re.findall(r"```console([^\n]*)\n(.*?)```", TUTORIAL.read_text(), re.S):
        for command, output in re.findall(r"^\$ ([^\n]*)\n((?:(?!\$ )[^\n]*\n)*)", block, re.M):
            yield Step(terminal, command, output)


def matches(expected: str, printed: str) -> bool:
    pattern = ".*?".join(map(re.escape, expected.strip().split("…")))
    return re.fullmatch(pattern, printed.strip(), re.S) is not None


def environment() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "NO_COLOR": "1", "COLUMNS": "120"}


@pytest.fixture
def services(tmp_path):
    """Run the services of the first terminal; yield the environment for the second."""
    [step] = [step for step in steps() if step.terminal == SERVICES]
    port = str(free_port())
    process = subprocess.Popen(
        step.command.replace(PORT, port).split(),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    printed = [process.stdout.readline() for _ in step.output.splitlines()]
    assert matches(step.output, "".join(printed).replace(port, PORT)), printed
    yield dict(line.removeprefix("export ").strip().split("=", 1) for line in printed)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0


def test_tutorial_commands_print_documented_output(services, tmp_path):
    typed = [step for step in steps() if step.terminal == ""]
    assert len(typed) > 12
    for step in typed:
        done = subprocess.run(
            ["bash", "-c", step.command],
            cwd=tmp_path,
            env={**environment(), **services},
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, (step.command, done.stderr)
        assert matches(step.output, done.stdout), f"$ {step.command}\n{done.stdout}{done.stderr}"
