"""Engines and storage of the runs: quick stand-ins, or the offline engines with an option."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Database
from tests.runners.mixed import Job
from transforms.artifacts import ArtifactStore
from transforms.engine_registry import registered_engines
from transforms.ledger import Ledger

ROOT = Path(__file__).parents[2]
STAND_INS = ROOT / "tests" / "e2e" / "echo_engine"


@pytest.fixture
def engines(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Options that choose a humming voice and a renderer of text; empty for the offline engines."""
    if request.config.getoption("offline_engines"):
        return {}
    monkeypatch.syspath_prepend(str(STAND_INS))
    from vividly_echo.plugin import VIDEO, VOICE  # type: ignore[import-not-found]

    path = os.pathsep.join(filter(None, [str(ROOT), str(STAND_INS), os.getenv("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", path)  # of worker processes
    registered: dict[str, Any] = dict(registered_engines())
    monkeypatch.setitem(registered["narration"], "tone", replace(VOICE, isolated=False))
    monkeypatch.setitem(registered["video"], "blank", VIDEO)
    return {"voice_engine": "tone", "video_engine": "blank"}


@pytest.fixture
def job(engines: dict[str, str], migrated_postgres: Database, tmp_path: Path) -> Iterator[Job]:
    """A job with a ledger and a store of its own."""
    ledger = Ledger(migrated_postgres.url)
    yield Job(ledger, ArtifactStore(str(tmp_path / "artifacts")), engines)
    ledger.close()
