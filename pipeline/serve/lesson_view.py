"""LessonView: the data of a lesson's page, and which parts are new since a poll."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pipeline.report.lessons import LessonFiles, read_lessons
from pipeline.report.links import Link
from pipeline.serve import topics
from pipeline.serve.services import RequestService
from transforms.ledger import RequestRow
from transforms.model import STAGES_OF, QuizQuestion, Script

PARTS = {"script": "script.json", "sound": "narration.m4a", "video": "video.mp4"}
"""Artifact that a part of the page needs."""

WAITING = "waiting"
"""Status of a request that no message has claimed."""

_STEPS = {"script": "Script", "narration": "Narration", "video": "Video"}


@dataclass(frozen=True)
class Step:
    """A stage of the lesson on its page, with the state ``done``, ``now`` or ``later``."""

    name: str
    state: str


@dataclass(frozen=True)
class LessonView:
    """A request and the artifacts of its lesson that exist so far.

    Attributes:
        request_id: Id of the request.
        row: The request in the ledger; None before a message has claimed it.
    """

    request_id: str
    row: RequestRow | None

    @property
    def status(self) -> str:
        """Status of the request, `WAITING` before a message has claimed it."""
        return self.row.shown_status if self.row else WAITING

    @property
    def ended(self) -> bool:
        """True if the request has ended: completed, failed, cancelled or in need of care."""
        return self.row is not None and self.row.status != "running"

    @property
    def question(self) -> str:
        """The student's question; empty before the request is claimed."""
        return str(self.row.request.get("student_query", "")) if self.row else ""

    @property
    def parts(self) -> tuple[str, ...]:
        """Parts of the lesson whose artifacts exist."""
        made = self.row.artifacts if self.row else {}
        return tuple(part for part, name in PARTS.items() if name in made)

    @property
    def signature(self) -> str:
        """Text that is different whenever the page would show something else."""
        row = self.row
        at = f"{row.stage}.{row.progress}.{row.attempts}" if row else ""
        return f"{self.status}.{at}.{'+'.join(self.parts)}"

    def parts_since(self, signature: str) -> list[str]:
        """Return the parts that are new since the page had another signature."""
        before = signature.rpartition(".")[2].split("+")
        return [part for part in self.parts if part not in before]

    @property
    def steps(self) -> Sequence[Step]:
        """The engine stages of the request, with their state."""
        if self.row is None:
            return ()
        stages: Mapping[str, tuple[str, ...]] = dict(STAGES_OF.items())
        names = stages.get(self.row.modality, ())  # the modality is empty if it was not received
        done = {"script": "script", "narration": "sound", "video": "video"}
        first = next((name for name in names if done[name] not in self.parts), "")
        return [
            Step(_STEPS[name], "done" if done[name] in self.parts
                 else "now" if name == first and not self.ended else "later")
            for name in names
        ]  # fmt: skip

    @property
    def links(self) -> Mapping[str, Mapping[str, Any]]:
        """The artifacts with their addresses on this server."""
        if self.row is None:
            return {}
        place = f"/v1/requests/{self.request_id}/artifacts/"
        return {
            name: {"link": Link(place + name, playable=True), "alt": made.get("alt"), **made}
            for name, made in self.row.artifacts.items()
        }

    @cached_property
    def files(self) -> LessonFiles:
        """Script, captions and chapters; empty before the script is made."""
        if self.row is None or "script" not in self.parts:
            return LessonFiles()
        return read_lessons([self.row])[self.request_id]

    @property
    def script(self) -> Script | None:
        """The script, if it is made and readable."""
        return self.files.script

    @property
    def suggestions(self) -> list[str]:
        """Topics to suggest in place of a question that was refused."""
        failed = self.row is not None and self.row.status == "failed"
        return topics.named_in(self.row.error) if failed and self.row else []

    @property
    def seconds(self) -> float | None:
        """Seconds from the claim to the end of the request; None before the end."""
        row = self.row
        if row is None or row.completed_at is None or not self.ended:
            return None
        return (row.completed_at - row.started_at).total_seconds()


def view_of(service: RequestService, request_id: str) -> LessonView:
    """Read a request from the ledger and return the view for its page."""
    return LessonView(request_id, service.find(request_id))


def grade(quiz: Sequence[QuizQuestion], answers: Mapping[str, str]) -> list[int | None]:
    """Return the index of the choice that the student chose, by question; None for no choice."""
    chosen: list[int | None] = []
    for number, question in enumerate(quiz):
        given = answers.get(f"q{number}", "")
        valid = given.isdecimal() and len(given) < 3 and int(given) < len(question.choices)
        chosen.append(int(given) if valid else None)
    return chosen
