"""The report reads lessons from their stores and names missing files."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.report import lessons
from pipeline.report.lessons import LessonFiles, read_lessons
from tests.reports import CAPTIONS, CHAPTERS, SCRIPT, request
from transforms.artifacts import ArtifactStore
from transforms.errors import DependencyDown
from transforms.model import encode


def stored(root: str, number: int = 1, script: bytes | None = None):
    """Store script, captions and chapters of a request; return its row."""
    row = request(number, root).row
    store = ArtifactStore(root)
    store.put(row.request_id, "script.json", script or encode(SCRIPT), "application/json")
    store.put(row.request_id, "captions.vtt", CAPTIONS.encode(), "text/vtt")
    store.put(row.request_id, "chapters.vtt", CHAPTERS.encode(), "text/vtt")
    return row


def test_lesson_is_read_from_cloud_storage(gcs):
    row = stored(f"{gcs.root}/lessons")
    assert read_lessons([row]) == {row.request_id: LessonFiles(SCRIPT, CAPTIONS, CHAPTERS)}


def test_lessons_of_two_folders_name_missing_files(tmp_path):
    here, there = stored(str(tmp_path / "a"), 1), stored(str(tmp_path / "b"), 2)
    found = read_lessons([here, there])
    assert {files.script for files in found.values()} == {SCRIPT}
    assert set(found[here.request_id].missing) == {
        "narration.m4a",
        "video.mp4",
        "thumbnail.jpg",
        "manifest.json",
    }


@pytest.mark.parametrize(
    ("manifest", "problems"),
    [
        (b'{"stages": [{"problems": ["support"]}, {"problems": []}]}', ("support",)),
        (b'{"stages": [{"problems": []}]}', ()),
        (b'{"stages": [{}]}', None),  # of an older version
        (b"not JSON", None),
        (b"[]", None),
    ],
)
def test_problems_are_those_of_the_manifest(tmp_path, manifest, problems):
    row = stored(str(tmp_path))
    store = ArtifactStore(str(tmp_path))
    store.put(row.request_id, "manifest.json", manifest, "application/json")
    assert read_lessons([row])[row.request_id].problems == problems


@pytest.mark.parametrize("script", [b"{}", b"not JSON", b"\xff"])
def test_unreadable_script_is_left_out(tmp_path, script):
    row = stored(str(tmp_path), script=script)
    files = read_lessons([row])[row.request_id]
    assert files.script is None
    assert files.captions == CAPTIONS


def test_unreadable_lesson_costs_no_other_lesson(monkeypatch, tmp_path):
    rows = [stored(str(tmp_path), number) for number in (1, 2)]
    read = ArtifactStore.read

    def failing(self, request_id, name):
        if request_id == rows[0].request_id:
            raise ValueError("a bug")
        return read(self, request_id, name)

    monkeypatch.setattr(ArtifactStore, "read", failing)
    first, second = read_lessons(rows).values()
    assert (first.script, first.trouble) == (None, "ValueError")
    assert (second.script, second.trouble) == (SCRIPT, None)


def test_store_outage_is_reported_after_few_reads(monkeypatch, tmp_path):
    asked = []

    def read(self, request_id, name):
        asked.append(request_id)
        raise DependencyDown("artifacts", "no route to host")

    monkeypatch.setattr(ArtifactStore, "read", read)
    monkeypatch.setattr(lessons, "READERS", 2)
    rows = [request(number, "gs://lessons").row for number in range(1, 100)]
    found = read_lessons(rows)
    assert {files.trouble for files in found.values()} == {"artifacts is down: no route to host"}
    assert len(asked) <= 2


def test_address_outside_a_store_is_not_opened():
    row = request().row
    odd = {"script.json": {**row.artifacts["script.json"], "uri": "/etc/passwd"}}
    [files] = read_lessons([replace(row, artifacts=odd)]).values()
    assert files == LessonFiles()


def test_deleted_files_are_reported_as_missing(tmp_path):
    row = stored(str(tmp_path))
    for file in (tmp_path / row.request_id).iterdir():
        file.unlink()
    files = read_lessons([row])[row.request_id]
    assert files.script is None
    assert "script.json" in files.missing
    assert not os.listdir(Path(tmp_path / row.request_id))
