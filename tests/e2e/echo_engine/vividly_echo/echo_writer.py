"""Script engine that repeats the question."""

import echo_client

from transforms.model import ContentRequest, QuizQuestion, Scene, Script, Usage
from transforms.script.engines.script_engine import Written
from transforms.stage.paid_call import Answer, PaidCall, PaidCalls
from vividly_echo.plugin import EchoSettings


class EchoWriter:
    """Writes lessons that repeat the question (the `ScriptEngine` port)."""

    name = "echo"

    def __init__(self, settings: EchoSettings) -> None:
        self._settings = settings

    @property
    def identity(self) -> dict[str, str | int | float | None]:
        """Return everything that shapes the script."""
        return {"version": 1, "style": self._settings.style, "scenes": self._settings.scenes}

    def check(self) -> str:
        """Return how the service answers."""
        return f"echoes {self._settings.style}"

    def write(self, request: ContentRequest, *, calls: PaidCalls) -> Written:
        """Write a script."""
        style, question = self._settings.style, request.student_query

        def send(timeout: float) -> Answer:
            echoed = echo_client.complete(question, style)
            return Answer(echoed.encode(), (Usage(f"echo/{style}/characters", len(echoed)),))

        call = PaidCall("script", {**self.identity, "question": question})
        text = calls.run(call, send).data.decode()
        quiz = (QuizQuestion("What was asked?", (text, "Nothing"), 0, "It was."),)
        script = Script(
            title=text,
            hook=text,
            scenes=tuple(
                Scene(text, f"Scene {n} repeats: {text}", ("asked", "answered"))
                for n in range(self._settings.scenes)
            ),
            key_takeaways=tuple(f"Takeaway {n} repeats: {text}" for n in range(3)),
            quiz=quiz if self._settings.quiz else (),
            topic="echo",
            subject="physics",
            grade_level=request.grade_level,
        )
        return Written(script)
