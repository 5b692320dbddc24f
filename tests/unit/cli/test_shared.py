"""The command `shared`: totals and purge of results that requests share."""

from __future__ import annotations

import hashlib
import json
from uuid import uuid4

import pytest

from pipeline.cli import app
from transforms.artifacts import ArtifactStore, File
from transforms.artifacts.shared import SharedResults
from transforms.model import StageRecord


@pytest.fixture
def shared(tmp_path):
    store = ArtifactStore(str(tmp_path / "artifacts"))
    results = SharedResults(store)
    for at, (stage, topic) in enumerate(
        [("script", "gravity"), ("narration", "gravity"), ("narration", "photosynthesis")]
    ):
        key = hashlib.sha256(str(at).encode()).hexdigest()
        artifacts = store.put_all(str(uuid4()), [File("file.json", b"12345", "application/json")])
        results.put(StageRecord(stage, "e", key, 1.0, 0.25, (), artifacts, topic=topic), key)
    return results


@pytest.fixture
def run(tmp_path, capsys):
    def run(*arguments):
        status = app.main(["shared", *arguments, "--artifacts", str(tmp_path / "artifacts")])
        return status, capsys.readouterr().out

    return run


def test_stats_are_totals_by_stage(shared, run):
    status, out = run("stats", "--json")
    assert status == 0
    assert json.loads(out) == [
        {"stage": "narration", "results": 2, "topics": 2, "bytes": 10, "made_for_usd": 0.5},
        {"stage": "script", "results": 1, "topics": 1, "bytes": 5, "made_for_usd": 0.25},
    ]
    _, out = run("stats", "--topic", "photosynthesis")
    assert out == "narration: 1 results on 1 topics, 0.0 MB, made for $0.250000\n"


def test_purge_deletes_one_topic(shared, run):
    assert run("purge", "--topic", "gravity") == (0, "2 results on gravity deleted\n")
    assert [record.topic for record in shared.records()] == ["photosynthesis"]


def test_purge_needs_topic(shared, run):
    assert run("purge")[0] == 2
    assert len(list(shared.records())) == 3


def test_empty_store_has_no_results(run):
    assert run("stats") == (0, "no shared results\n")
