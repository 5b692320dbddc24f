"""A student with requests in every state, and a search for what is left of one."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy.engine import make_url

from pipeline.embedded.postgres_home import find_home
from tests.integration.ledger_support import (
    completed,
    let_lease_lapse,
    letter,
    message,
    record,
    request,
    take,
)
from transforms.artifacts import ArtifactStore
from transforms.ledger import ClaimRequest, Ledger
from transforms.model import Attempt, ContentRequest, Lesson, Message

STUDENT, OTHER = "pupil-4711", "pupil-4711-b"
WORDS = "zebrafish"
"""Stands in everything that the student wrote, and in everything that was made of it."""

JSON = "application/json"


@dataclass
class Student:
    """A student whose requests are made in one ledger and one store.

    Attributes:
        asked: Messages of valid requests, for redeliveries.
        unread: Messages that cannot be parsed.
    """

    ledger: Ledger
    store: ArtifactStore
    student: str = STUDENT
    words: str = WORDS
    asked: list[ClaimRequest] = field(default_factory=list)
    unread: list[Message] = field(default_factory=list)

    def ask(self, modality: str = "text") -> ClaimRequest:
        wanted: ContentRequest = request(
            student_id=self.student,
            student_query=f"Explain {self.words}",
            interest=self.words,
            correlation_id=f"{self.words}-{uuid4()}",
            requested_modalities=(modality,),
            metadata={"teacher": self.words},
        )
        body = {"request_id": wanted.request_id, "student_id": self.student, "q": self.words}
        asked = ClaimRequest(message(data=json.dumps(body).encode(), about=self.words), wanted)
        self.asked.append(asked)
        return asked

    def take(self, modality: str = "text") -> Lesson:
        lesson = take(self.ledger, self.ask(modality))
        made = record(lesson, engine="gemini", cost_usd=0.004)
        described = replace(made.artifacts[0], alt=f"A picture of {self.words}")
        for name in ("script.json", "stages/script.json"):
            self.store.put(lesson.request.request_id, name, self.words.encode(), JSON)
        part = Path(self.store.root, "parts", lesson.request.request_id, "ab" * 32)
        if not self.store.root.startswith("gs://"):
            part.parent.mkdir(parents=True)
            part.write_text(self.words)
        return lesson.with_record(replace(made, artifacts=(described,)))

    def complete(self) -> None:
        lesson = self.take()
        done = completed(lesson, saved=0.003)
        script = replace(done.script, title=f"All about {self.words}")
        assert self.ledger.complete([replace(done, script=script)]) == [True]
        self.ledger.claim([ClaimRequest(message(), lesson.request)], timedelta(minutes=5))

    def fail(self, error_type: str = "TypeError") -> Lesson:
        lesson = self.take("video")
        self.ledger.progress([(lesson, "narration", 25)])
        dead = letter(
            lesson,
            "narration",
            error_type=error_type,
            error=f"no {self.words}",
            traceback=f"cannot say {self.words!r}",
            attempts=(Attempt(lesson.message.publish_time, "TransientError", self.words),),
            request=lesson.request,
        )
        assert self.ledger.dead_letter([dead]) == [True]
        return lesson

    def replay(self) -> None:
        """Fail a request and reopen it with a replay, which is in flight."""
        lesson = self.fail()
        [found] = self.ledger.dead_letters(request_id=lesson.request.request_id)
        again = message(data=lesson.message.data)
        self.ledger.replayed(found.id, again.message_id)
        asked = ClaimRequest(again, lesson.request, replay=True)
        take(self.ledger, asked, lease=timedelta(seconds=0))
        self.asked.append(asked)

    def queue(self) -> None:
        lesson = self.take("video")
        self.ledger.progress([(lesson, "narration", 25)], queue_lease=86_400)

    def lapse(self) -> None:
        let_lease_lapse(self.ledger, self.take("audio").request.request_id)

    def cancel(self) -> None:
        """Cancel a request whose worker is gone; its message is still in flight."""
        lesson = self.take("audio")
        let_lease_lapse(self.ledger, lesson.request.request_id)
        self.ledger.cancel([lesson.request.request_id])

    def work(self) -> Lesson:
        """Leave a request with a worker, whose lease is valid."""
        return self.take("video")

    def refuse(self, data: bytes) -> None:
        unread = message(data=data, about=self.words)
        self.unread.append(unread)
        self.ledger.dead_letter([letter(unread, error=f"near {self.words}", field=self.words)])

    def refuse_all(self) -> None:
        """Leave messages that cannot be parsed, one of them as an older release wrote it."""
        text = f'{{"student_id": "{self.student}", "student_query": "{self.words}'
        for data in (
            text.encode(),  # truncated
            b"\xff" + text.encode(),
            text.encode("utf-16"),
            f"<id>{self.student}</id> {self.words}".encode(),
            json.dumps({"student_id": self.student, "student_query": [self.words]}).encode(),
        ):
            self.refuse(data)
        self.ledger.run(
            "UPDATE dead_letters SET student_id = NULL WHERE message_id = :id RETURNING 1 AS done",
            id=self.unread[-1].message_id,
        )

    def fill(self, rounds: int) -> None:
        """Make requests of all states but those with a live worker, ten in a round."""
        for _ in range(rounds):
            self.complete()
            self.fail()
            self.fail("Cancelled")
            self.replay()
            self.queue()
            self.lapse()
            self.cancel()
            self.refuse_all()


def dump(ledger: Ledger, root: Path) -> str:
    """Return what pg_dump writes of all tables, with binary values as text."""
    url = make_url(ledger.url)
    # Not through PgBouncer, where its empty search_path would stay behind in the shared session.
    [server] = ledger.run("SELECT inet_server_port() AS port")
    address = f"{url.host}:{server['port']}/{url.database}"
    done = subprocess.run(
        [find_home(root).binaries / "pg_dump", "--data-only", "--inserts", "--dbname",
         f"postgresql://{url.username}:{url.password}@{address}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    binary = [bytes(row["data"]) for row in ledger.run("SELECT data FROM dead_letters")]
    return done.stdout + "\n".join(data.decode("latin-1") for data in binary)


def left_of(student: Student, *folders: Path) -> list[str]:
    """Return where a student's id or words are still found."""
    texts = {"pg_dump": dump(student.ledger, folders[0])}
    for folder in folders:
        for path in filter(Path.is_file, folder.rglob("*")):
            texts[str(path)] = path.read_bytes().decode("latin-1")
    whole = re.compile(rf"{re.escape(student.student)}(?![\w-])|{re.escape(student.words)}")
    plain = {place: text.replace("\0", "") for place, text in texts.items()}  # finds UTF-16 too
    return [
        f"{found[0]!r} in {place}" for place, text in plain.items() if (found := whole.search(text))
    ]


def redeliver(student: Student) -> Sequence[Any]:
    """Deliver all messages of a student again; return the ledger's answers to the valid ones."""
    student.ledger.dead_letter([letter(unread) for unread in student.unread])
    return student.ledger.claim(student.asked, timedelta(minutes=5))
