"""Fixtures of the tests of commands."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Database
from tests.contract.fakes import secretmanager
from transforms.ledger import Ledger

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


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Serve Secret Manager; the environment makes commands use it."""
    with secretmanager.serving_rest() as vault:
        monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", vault.endpoint)
        yield vault


@pytest.fixture
def ledger(migrated_postgres: Database) -> Iterator[Ledger]:
    """The ledger of a new database."""
    ledger = Ledger(migrated_postgres.url)
    yield ledger
    ledger.close()
