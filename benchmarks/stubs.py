"""Run `vividly` with a script engine that waits, then returns a fixed script.

python -m benchmarks.stubs SECONDS drain …
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

from transforms.model import ContentRequest, QuizQuestion, Scene, Script
from transforms.script import write_script
from transforms.script.engines.script_engine import Repair, ScriptEngine, Written
from transforms.stage.paid_call import PaidCalls

SCRIPT = Script(
    title="How plants turn light into food",
    hook="Every move in a game needs fuel, and so does a leaf. Here is where it comes from.",
    scenes=tuple(
        Scene(
            heading=f"Step {number} of the way from light to sugar",
            narration="A leaf takes in carbon dioxide and water, and light drives the change. " * 5,
            bullets=("light is caught", "water is split", "sugar is built"),
        )
        for number in range(1, 5)
    ),
    key_takeaways=("Light becomes sugar.", "Oxygen is set free.", "It happens in the leaf."),
    quiz=tuple(
        QuizQuestion(f"What is needed first? ({n})", ("light", "sand", "salt"), 0, "Light.")
        for n in range(3)
    ),
    topic="photosynthesis",
    subject="biology",
    grade_level=9,
)


class StubEngine:
    """A script engine that returns a fixed script.

    Args:
        seconds: duration of each call.
    """

    name = "offline"
    identity: Mapping[str, str | int | float | None] = {"version": "stub"}

    def __init__(self, seconds: float = 0.0) -> None:
        self._seconds = seconds

    def check(self) -> str:
        """Return that the engine is ready."""
        return "ready"

    def write(
        self, request: ContentRequest, *, calls: PaidCalls, repair: Repair | None = None
    ) -> Written:
        """Return the same script for every request."""
        if self._seconds:
            time.sleep(self._seconds)
        return Written(SCRIPT)


def install(engine: ScriptEngine) -> None:
    """Put an engine in place of every script engine, and check nothing: it answers no question."""
    write_script.make_script_engine = lambda chosen: engine
    setattr(write_script, "find_problems", lambda *_: [])  # noqa: B010


def main() -> int:
    """Run the command line with the stub in place of every script engine."""
    from pipeline.cli import app

    install(StubEngine(float(sys.argv[1])))
    return app.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
