"""Stages that make paid calls to a service that notes each one in a file.

`paying_worker` runs one in a process of its own, which can kill itself between two calls. The
stages import no Beam, which takes a child process seconds.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from transforms.errors import PermanentError
from transforms.model import Usage
from transforms.stage.paid_call import Answer, PaidCall
from transforms.stage.task import Produced, StageTask

SKU = "text-to-speech/chirp3-hd/characters"
CHARACTERS = 1000.0
USD = 0.03
"""Cost of one call."""

WORDS = ("one", "two", "three", "four", "five")
"""The calls of one lesson."""


@dataclass(frozen=True)
class Speaking(StageTask):
    """The narration of `WORDS`, one paid call each.

    Attributes:
        billed: File with a line for each call that the service has answered.
        dies_at: Word after whose billing the process kills itself; empty for none.
        fails_after: Word after which the stage fails for good; empty for none.
        meanwhile: Called before each answer, with the word.
    """

    billed: Path
    dies_at: str = ""
    fails_after: str = ""
    meanwhile: Callable[[str], object] = str

    stage = "narration"
    engine = "google"
    needs_folder = False

    @property
    def makes_calls(self) -> bool:
        return True

    def inputs(self, lesson):
        return {"words": WORDS}

    def perform(self, lesson, store, folder, calls):
        spoken = []
        for word in WORDS:
            call = PaidCall("speech", {"text": word}, (Usage(SKU, CHARACTERS),))
            spoken.append(calls.run(call, partial(self._send, word)).data)
            if word == self.fails_after:
                raise PermanentError(f"no use for {word}")
        return Produced({"narration.m4a": b" ".join(spoken)}, (Usage("cpu-seconds", 1.0),))

    def _send(self, word: str, timeout: float) -> Answer:
        with self.billed.open("a") as file:
            file.write(f"{word}\n")
        self.meanwhile(word)
        if word == self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return Answer(f"{word} by {os.getpid()}".encode(), (Usage(SKU, CHARACTERS),), "chirp-1")


def run(place: Any, lesson: Any, **settings: Any) -> dict[str, list[Any]]:
    """Run the stage on a lesson in this process; return its outputs by tag."""
    from tests.integration.stage_support import NO_WAIT, apply
    from transforms.dead_letters import DEAD_LETTERS
    from transforms.process.retry import RetryPolicy
    from transforms.stage.rate_limit import EngineLimits
    from transforms.stage.run import RunStage
    from transforms.stage.task import FINISHED, OUTCOMES, StageRuntime

    known = {"budget": None, "force": False}
    runtime = StageRuntime(
        RetryPolicy(60.0, 1, backoff=NO_WAIT),
        EngineLimits("narration"),
        place.store,
        place.ledger,
        workers=1,
        **{name: settings.pop(name, default) for name, default in known.items()},
    )
    stage = RunStage(Speaking(place.root.with_name("billed"), **settings), runtime)
    return apply(stage, [lesson], ("onward", FINISHED, DEAD_LETTERS, OUTCOMES))


def main(url: str, root: str, lesson: str, dies_at: str) -> None:
    """Run the stage on a lesson in this process, which kills itself after a call."""
    from tests.integration.stage_support import Place
    from transforms.ledger import Ledger
    from transforms.model import Lesson, decode

    run(Place(Ledger(url), Path(root)), decode(Lesson, lesson), dies_at=dies_at)
