"""`vividly demo` can run twice over the same state and makes complete, playable lessons."""

from __future__ import annotations

import json
import re
from pathlib import Path

import av
import pytest

from tests.e2e import command
from transforms.video.engines.video_engine import ARTIFACTS

FRAME = 1 / 30  # seconds


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    environment = {
        "VIVIDLY_STATE": str(folder / "var"),
        "VIVIDLY_ARTIFACTS": str(folder / "artifacts"),
    }
    runs = [
        command.run_program("demo", "--summary", folder / f"{n}.json", timeout=600, **environment)
        for n in (1, 2)
    ]
    return folder, runs, environment


@pytest.mark.parametrize("number", [1, 2])
def test_each_demo_run_makes_sample_lessons(demo, number):
    folder, runs, _ = demo
    done = runs[number - 1]
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads((folder / f"{number}.json").read_text())
    counts = ("received", "completed", "duplicates", "dead_lettered", "in_flight")
    assert [summary[name] for name in counts] == [8, 4, 1, 3, 0]
    assert summary["stages"]["video"]["count"] == 2
    assert summary["stages"]["narration"]["count"] == 3
    for text in ("not JSON", "request_id", "video.mp4", "narration.m4a", "script.md", "saved"):
        assert text in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_videos_use_widely_supported_formats(demo):
    folder, _, _ = demo
    videos = list(folder.glob("artifacts/*/video.mp4"))
    assert len(videos) == 4
    for file in videos:
        with av.open(str(file)) as container:
            picture, sound = container.streams.video[0], container.streams.audio[0]
            context = picture.codec_context
            assert (context.name, context.profile, context.pix_fmt) == ("h264", "High", "yuv420p")
            assert (context.width, context.height) == (1280, 720)
            assert sound.codec_context.name == "aac"
            ends = [float(s.duration * s.time_base) for s in (picture, sound)]
            assert abs(ends[0] - ends[1]) <= FRAME
            assert ends[0] > 45
            assert [s.codec_context.name for s in container.streams.subtitles] == ["mov_text"]
        data = file.read_bytes()
        assert data.index(b"moov") < data.index(b"mdat")


def test_manifests_match_complete_lessons(demo):
    folder, _, _ = demo
    expected = {
        "text": {"script.json", "script.md"},
        "audio": {
            "script.json", "script.md", "narration.m4a", "narration.json", "transcript.txt",
        },
    }  # fmt: skip
    expected["video"] = expected["audio"] | {*ARTIFACTS}
    manifests = list(folder.glob("artifacts/*/manifest.json"))
    assert len(manifests) == 8
    for file in manifests:
        manifest = json.loads(file.read_text())
        assert {a["name"] for a in manifest["artifacts"]} == expected[manifest["modality"]]
        for artifact in manifest["artifacts"]:
            assert Path(artifact["uri"]).stat().st_size == artifact["size"]
        captions = file.with_name("captions.vtt")
        if manifest["modality"] == "video":
            assert captions.read_text().startswith("WEBVTT")
            pictures = [a for a in manifest["artifacts"] if a["name"].startswith("thumbnail.")]
            assert len(pictures) == 2
            assert all(picture["alt"] for picture in pictures)


def test_ledger_stays_readable_after_demo(demo):
    _, _, environment = demo
    rows = json.loads(command.run("status", "--json", **environment).stdout)
    assert sorted(row["status"] for row in rows) == ["completed"] * 8 + ["failed"] * 2
    assert all(row["progress"] == 100 for row in rows if row["status"] == "completed")
    table = command.run("status", COLUMNS="140", **environment).stdout
    assert "Explain photosynthesis for basketball fans" in table
    letters = json.loads(command.run("dead-letters", "list", "--json", **environment).stdout)
    assert len(letters) == 6


def test_files_are_private_to_their_user(demo):
    folder, _, _ = demo
    paths = [*folder.glob("*.json"), *(folder / "var").rglob("*"), *folder.glob("artifacts/**/*")]
    assert {"report.html", "demo.log", "postgres.log", "video.mp4"} <= {p.name for p in paths}
    readable = [path for path in paths if path.lstat().st_mode & 0o077 and not path.is_symlink()]
    assert readable == []


def test_each_run_writes_its_own_report(demo):
    folder, runs, environment = demo
    report = folder / "var" / "report.html"
    assert report.as_uri() in runs[1].stdout
    page = report.read_text(encoding="utf-8")
    linked = re.findall(r'(?:src|href)="([^"#]+/video\.mp4)"', page)
    assert len(set(linked)) == 2
    assert all((report.parent / link).is_file() for link in linked)
    assert page.count('<track default kind="captions"') == 2
    everything = json.loads(command.run("report", "--json", **environment).stdout)
    counts = ("received", "completed", "duplicates", "dead_lettered", "in_flight")
    assert [everything[name] for name in counts] == [16, 8, 2, 6, 0]
    steps = [latency["step"] for latency in everything["latencies"]]
    assert steps == ["waiting", "script", "narration", "video", "whole request"]
