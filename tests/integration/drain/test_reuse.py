"""A drain makes the lesson of one question once, and those of students who do not share apart."""

from __future__ import annotations

import json
import threading
from collections import Counter

import pytest

from pipeline.jobs import drain as module
from pipeline.jobs.graph_runner import GraphRunner
from pipeline.settings.beam_options import VividlyOptions
from tests.integration import stand_ins
from tests.integration.drain_support import Queue, start_drain
from transforms.artifacts import ArtifactStore
from transforms.narration.narrate_script import _Narrate
from transforms.script.write_script import _WriteScript
from transforms.stage.task import Produced
from transforms.video.render_video import _RenderVideo

STUDENTS, WORKERS = 30, 8
QUESTIONS = ("Explain photosynthesis", "what is photosynthesis?", "Photosynthesis please")
STAGES = {"script": _WriteScript, "narration": _Narrate, "video": _RenderVideo}


@pytest.fixture
def calls(monkeypatch):
    """Count the work of each stage; narration and video are stubs."""
    counted: Counter[str] = Counter()
    lock = threading.Lock()
    made = {
        "script": _WriteScript.perform,
        "narration": lambda *_: Produced({"narration.m4a": b"sound", "narration.json": b"{}"}),
        "video": lambda *_: Produced({"video.mp4": b"moving pictures"}),
    }

    def counting(stage):
        def perform(*arguments):
            with lock:
                counted[stage] += 1
            return made[stage](*arguments)

        return perform

    for stage, task in STAGES.items():
        monkeypatch.setattr(task, "perform", counting(stage))
    return counted


@pytest.mark.parametrize("alone", [0, STUDENTS // 2])
def test_drain_makes_one_lesson_for_one_question(
    pubsub, ledger, tmp_path, monkeypatch, calls, alone
):
    monkeypatch.setattr(module, "EMPTY_PULL_PAUSE", 0.02)
    queue = Queue(pubsub.project)
    requests = [
        stand_ins.request(
            student_id=f"s-{number}",
            student_query=QUESTIONS[number % len(QUESTIONS)],
            grade_level=6 + number % 3,
            share=number >= alone,
        )
        for number in range(STUDENTS)
    ]
    queue.publish(*(json.dumps(each).encode() for each in requests))
    options = VividlyOptions([], reuse="all", workers=WORKERS)
    graph = GraphRunner(options, ledger, ArtifactStore(str(tmp_path)))
    summary = start_drain(queue, graph, workers=WORKERS, empty_queue_timeout=1).run()
    assert summary["completed"] == STUDENTS
    assert calls == dict.fromkeys(STAGES, 1 + alone)
    shared = {stage: summary["shared"][stage]["hits"] for stage in STAGES}
    assert shared == dict.fromkeys(STAGES, STUDENTS - alone - 1)
    for each in requests:
        videos = list((tmp_path / each["request_id"]).glob("video.mp4"))
        assert [video.read_bytes() for video in videos] == [b"moving pictures"]
