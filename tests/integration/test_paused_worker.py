"""A worker that was paused changes nothing that its successor has published."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.integration.ledger_support import SCRIPT, record, row
from tests.integration.paused_worker import PLACES, run
from transforms.model import Lesson, encode

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs SIGSTOP")

WORKER = "import sys; from tests.integration.paused_worker import main; main(*sys.argv[1:])"

OURS = b"of the next worker"


@contextmanager
def worker(place, lessons) -> Iterator[subprocess.Popen[str]]:
    """Run a worker process over lessons; it stops itself once for each."""
    encoded = [encode(lesson).decode() for lesson in lessons]
    command = [sys.executable, "-c", WORKER, place.ledger.url, str(place.root), *encoded]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until_stopped(process) -> None:
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), status


def stored(place, lesson):
    """Return the digests of a request's files."""
    request_id = lesson.request.request_id
    return {
        name: hashlib.sha256(place.store.read(request_id, name)).hexdigest()
        for name in place.store.list(request_id)
    }


def everything(place, lesson):
    """Return what a reader can see of a request: its files, its row and the accounts."""
    ledger = place.ledger
    return (
        stored(place, lesson),
        row(ledger, lesson),
        ledger.stages(lesson.request.request_id),
        ledger.totals(),
        ledger.dead_letters(),
        ledger.run("SELECT * FROM messages ORDER BY message_id"),
    )


def rendering(place) -> Lesson:
    """Return a lesson that waits for its video."""
    lesson = place.lesson("video")
    lesson = lesson.with_record(record(lesson)).with_record(record(lesson, "narration"))
    place.store.put(lesson.request.request_id, "script.json", encode(SCRIPT), "application/json")
    place.ledger.progress([(lesson, "video", 50)])
    return lesson


def test_paused_worker_changes_nothing_when_it_goes_on(place):
    lessons = {where: rendering(place) for where in PLACES}
    replaced = lessons["replace"].request.request_id
    place.store.put(replaced, "video.mp4", b"of a dead worker", "video/mp4")
    with worker(place, lessons.values()) as paused:
        for lesson in lessons.values():
            wait_until_stopped(paused)
            assert run(place.ledger, place.store, lesson, OURS) == ["completed"]
            before = everything(place, lesson)
            paused.send_signal(signal.SIGCONT)
            assert paused.stdout
            assert json.loads(paused.stdout.readline()) == ["superseded"]
            assert everything(place, lesson) == before
            assert row(place.ledger, lesson).status == "completed"
            assert place.store.read(lesson.request.request_id, "video.mp4") == OURS
