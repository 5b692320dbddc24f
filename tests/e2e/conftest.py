"""Fixtures of the tests of commands."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).with_name("echo_engine")


@pytest.fixture(scope="session")
def echo_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the sample package of engines into an empty folder and return the folder."""
    folder = tmp_path_factory.mktemp("echo")
    source = shutil.copytree(PACKAGE, folder / "source")
    target = folder / "site-packages"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"),
            *("--no-build-isolation", "--disable-pip-version-check", "--target", target, source),
        ],
        check=True, timeout=240,
    )  # fmt: skip
    return target
