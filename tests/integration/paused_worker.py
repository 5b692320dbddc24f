"""The last stages of a video in one bundle, in a worker process that stops itself at given places.

`test_paused_worker.py` starts it.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from typing import Any

import apache_beam as beam

from tests.integration.stage_support import ENGINES, NO_WAIT, apply
from transforms.artifacts import ArtifactStore
from transforms.dead_letters import WriteDeadLetters
from transforms.errors import PermanentError
from transforms.ledger import Ledger
from transforms.model import Lesson, decode
from transforms.process.retry import RetryPolicy
from transforms.publish import PublishResults
from transforms.stage import task
from transforms.stage.rate_limit import EngineLimits
from transforms.stage.run import RunStage
from transforms.stage.task import OUTCOMES, Produced, StageRuntime, StageTask

PLACES = ("store", "replace", "complete", "dead letter")
"""Places at which the worker can stop: just before it writes, and after it confirmed its claim."""


class Rendering(StageTask):
    """A video stage with the content given; it fails without one."""

    stage = "video"
    engine = "slides"
    needs_folder = False

    def __init__(self, content: bytes) -> None:
        self._content = content

    def inputs(self, lesson):
        return {"content": self._content.decode()}

    def perform(self, lesson, store, folder, calls):
        if not self._content:
            raise PermanentError("refused")
        return Produced({"video.mp4": self._content})


class LastStages(beam.PTransform):
    """Render and publish lessons, and write their dead letters, all in one executable stage."""

    def __init__(self, ledger: Ledger, store: ArtifactStore, content: bytes) -> None:
        super().__init__()
        policy = RetryPolicy(60.0, 1, backoff=NO_WAIT)
        runtime = StageRuntime(policy, EngineLimits("video"), store, ledger, workers=1)
        self._video = RunStage(Rendering(content), runtime)
        self._publish = PublishResults(store, ledger, ENGINES, 1)
        self._write = WriteDeadLetters(ledger)

    def expand(self, lessons):
        rendered = lessons | self._video
        published = rendered.finished | self._publish
        return {
            "rendered": rendered.outcomes,
            "published": published[OUTCOMES],
            "failed": rendered.dead_letters | self._write,
        }


def run(ledger: Ledger, store: ArtifactStore, lesson: Lesson, content: bytes) -> list[str]:
    """Run the last stages; return the statuses of their outcomes."""
    tags = ("rendered", "published", "failed")
    found = apply(LastStages(ledger, store, content), [lesson], tags)
    return [outcome.status for outcomes in found.values() for outcome in outcomes]


def main(url: str, root: str, *lessons: str) -> None:
    """Run the last stages on a lesson for each of `PLACES`, and print the statuses line by line."""
    ledger, store = Ledger(url), ArtifactStore(root)
    for place, encoded in zip(PLACES, lessons, strict=True):
        if place == "store":
            _stop_before(ArtifactStore, "put_all")
        elif place == "replace":
            _stop_after(task, "confirm_claim")
        else:
            _stop_before(Ledger, place.replace(" ", "_"))
        content = b"" if place == "dead letter" else b"of the paused worker"
        statuses = run(ledger, store, decode(Lesson, encoded), content)
        print(json.dumps(statuses), flush=True)


def _stop_before(owner: Any, name: str) -> None:
    def around(call: Callable[[], Any]) -> Any:
        os.kill(os.getpid(), signal.SIGSTOP)
        return call()

    _wrap(owner, name, around)


def _stop_after(owner: Any, name: str) -> None:
    def around(call: Callable[[], Any]) -> Any:
        result = call()
        os.kill(os.getpid(), signal.SIGSTOP)
        return result

    _wrap(owner, name, around)


def _wrap(owner: Any, name: str, around: Callable[[Callable[[], Any]], Any]) -> None:
    """Replace a function for its first call."""
    function = getattr(owner, name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        setattr(owner, name, function)
        return around(lambda: function(*arguments, **named))

    setattr(owner, name, wrapped)
