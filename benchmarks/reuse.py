"""Measure calls, cost and seconds with reuse off, by stage and on.

Questions that students typed (those of the tests of matching, with the ones that no card covers)
are asked with Zipf-distributed frequencies, at random grades and interests. Script and voice are
stubs of some seconds with the prices of Gemini and Chirp 3 HD. Postgres, store and stages are real.

python -m benchmarks.reuse [REQUESTS [SECONDS]]
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

import apache_beam as beam
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from benchmarks.stubs import SCRIPT
from pipeline.embedded.postgres import EmbeddedPostgres
from transforms.artifacts import ArtifactStore
from transforms.ledger import ClaimRequest, Ledger, upgrade
from transforms.model import ContentRequest, Lesson, Message, Usage, encode
from transforms.process.retry import RetryPolicy
from transforms.script.matching.interests import INTERESTS
from transforms.script.matching.shared_question import SharedQuestion, shared_question
from transforms.stage.rate_limit import EngineLimits
from transforms.stage.run import RunStage
from transforms.stage.task import FINISHED, Produced, Reuse, StageRuntime, StageTask

QUESTIONS = Path(__file__).parents[1] / "tests/unit/script/matching/questions.toml"
WORKERS = 8
ZIPF = 1.0
"""Exponent of the frequencies of questions."""

USAGE = {
    "script": Usage("gemini-3.5-flash-lite/output-tokens", 1500.0),
    "narration": Usage("text-to-speech/chirp3-hd/characters", 2000.0),
}


@dataclass(frozen=True)
class Stub(StageTask):
    """A stage whose engine waits and records each call.

    Attributes:
        stage_name: The stage.
        seconds: Duration of each call.
        reuse: As for `StageRuntime`.
    """

    stage_name: str
    seconds: float
    reuse: Reuse

    needs_folder = False
    engine = "stub"

    @property
    def stage(self) -> str:  # type: ignore[override]  # a class variable elsewhere
        """The stage's name."""
        return self.stage_name

    def _shared(self, lesson: Lesson) -> SharedQuestion | None:
        return None if self.reuse == "off" else shared_question(lesson.request)

    def topic(self, lesson: Lesson) -> str:
        """Return the topic of the shared question."""
        shared = self._shared(lesson)
        return shared.topic if shared else ""

    def inputs(self, lesson: Lesson) -> dict[str, Any]:
        """Return question, grade and interest: the shared ones, or those of the request."""
        shared = self._shared(lesson)
        asked = shared.request if shared else lesson.request
        return {"asked": [asked.student_query, asked.grade_level, asked.interest]}

    def perform(self, lesson: Lesson, store: ArtifactStore, folder: Path, calls: Any) -> Produced:
        """Wait, then return a fixed result that names its topic."""
        with _lock:
            _calls[self.stage_name] += 1
        time.sleep(self.seconds)
        content = encode(replace(SCRIPT, topic=self.topic(lesson)))
        name = {"script": "script.json", "narration": "narration.json"}[self.stage_name]
        return Produced({name: content}, (USAGE[self.stage_name],))


_lock = threading.Lock()
_calls: Counter[str] = Counter()
_done: list[Lesson] = []


class _Collect(beam.DoFn):
    def process(self, lesson: Lesson) -> None:
        _done.append(lesson)


def questions() -> list[tuple[str, str]]:
    """Return questions as students type them, with the id of the matching card or an empty text."""
    read = tomllib.loads(QUESTIONS.read_text("utf-8"))
    resolved = [(query, card) for card, asked in read["resolves"].items() for query in asked]
    return resolved + [(query, "") for query in _texts(read["refused"])]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    else:
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def ask(number: int) -> list[tuple[ContentRequest, str]]:
    """Return requests with the ids of the cards they are about."""
    chance = random.Random(18)
    known = questions()
    chance.shuffle(known)
    weights = [1.0 / (rank + 1) ** ZIPF for rank in range(len(known))]
    interests = [
        "general",
        *(interest.names[0] for interest in INTERESTS.values() if interest.spoken),
    ]
    return [
        (
            ContentRequest(
                str(uuid4()), "s", query, chance.randint(6, 12), "c", chance.choice(interests[:4]),
                ("audio",),
            ),
            card,
        )
        for query, card in chance.choices(known, weights, k=number)
    ]  # fmt: skip


def measure(
    place: Path, ledger: Ledger, requests: Sequence[ContentRequest], seconds: float
) -> None:
    """Run all requests with each setting and print what it took."""
    for reuse in ("off", "stage", "all"):
        _calls.clear()
        _done.clear()
        store = ArtifactStore(str(place / reuse))
        again = [replace(request, request_id=str(uuid4())) for request in requests]
        messages = [Message(b"{}", {}, str(uuid4()), datetime.now(UTC)) for _ in again]
        claimed = ledger.claim(
            [ClaimRequest(*each) for each in zip(messages, again, strict=True)],
            timedelta(hours=1),
        )
        lessons = [
            Lesson(message, request, result.claim)
            for message, request, result in zip(messages, again, claimed, strict=True)
            if result.claim
        ]
        started = time.monotonic()
        pipeline = beam.Pipeline(runner=FnApiRunner())
        made: Any = pipeline | beam.Create(lessons, reshuffle=False)
        for stage in ("script", "narration"):
            runtime = StageRuntime(
                RetryPolicy(3600.0, 1), EngineLimits(stage), store, ledger, workers=WORKERS,
                reuse=reuse,
            )  # fmt: skip
            made = made | stage >> RunStage(Stub(stage, seconds, reuse), runtime)
            made = made["onward"] if stage == "script" else made[FINISHED]
        _ = made | beam.ParDo(_Collect())
        pipeline.run().wait_until_finish()
        usd = sum(record.paid_usd for lesson in _done for record in lesson.records)
        took = time.monotonic() - started
        print(
            f"--reuse {reuse}: {len(_done)} lessons, {_calls['script']} scripts, "
            f"{_calls['narration']} narrations, ${usd:.4f}, {took:.0f} s"
        )


def main(number: int = 300, seconds: float = 2.0) -> None:
    """Report the share of requests that resolve, wrong topics, and the measurements."""
    asked = ask(number)
    found = [(shared_question(request), card) for request, card in asked]
    shared = sum(each is not None for each, _ in found)
    keys = len({each.key for each, _ in found if each})
    wrong = sum(bool(each) and each.topic != card for each, card in found if each)
    print(
        f"{number} requests: {shared / number:.0%} resolve, to {keys} keys; wrong topics: {wrong}"
    )
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "pg") as postgres:
        url = postgres.database_url("postgres")
        upgrade(url)
        measure(Path(folder), Ledger(url), [request for request, _ in asked], seconds)


if __name__ == "__main__":
    # Beam pickles what is defined in `__main__` by value.
    reuse = import_module("benchmarks.reuse")

    given = dict(zip(("number", "seconds"), map(float, sys.argv[1:]), strict=False))
    reuse.main(int(given.get("number", 300)), given.get("seconds", 2.0))
