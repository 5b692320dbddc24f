"""Drain lessons against fakes of Gemini and Text-to-Speech that have quotas and random faults.

python -m benchmarks.quota [--lessons 24] [--case NAME] [--json FILE]

The fake voice speaks with the offline voice, whose times are known. Before: one request a sentence,
and the whole lesson again after a fault; after: a request for several sentences, retried by itself.
docs/performance.md explains the numbers.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np

from benchmarks.jobs import IDLE, PROJECT, Place, place
from pipeline.commands.publish import publish
from pipeline.settings import topic_path
from tests.caption_errors import caption_errors
from tests.contract.fakes import lessons, vertex
from tests.contract.fakes.speech_rules import Failure
from tests.contract.fakes.texttospeech import serve
from tests.unit.narration.m4a_reader import read_m4a
from transforms.artifacts import ArtifactStore
from transforms.ledger import Ledger
from transforms.maths.markup import shown_text
from transforms.model import Narration, Script, Usage, decode
from transforms.narration.engines.google.speech_answer import SAMPLE_RATE
from transforms.narration.engines.google.speech_request import pack, speech_input
from transforms.narration.normalization.spoken_text import spoken_text
from transforms.prices import price
from transforms.script.cards.concept_card import load_cards
from transforms.text.sentences import split_sentences

FAULTS = 0.05
"""Share of calls that fail at random."""

_FAULTS = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
)
_SKU = "text-to-speech/chirp3-hd/characters"
_VOICE = ("--voice-engine=google", "--script-engine=offline", "--workers=6")


@dataclass(frozen=True)
class SpeechCase:
    """One measurement: audio lessons under a quota of the speech service.

    Attributes:
        lessons: Their number, of those on the command line at most.
        quota: Requests in so many seconds.
        per_minute: The limit that the drain is told.
    """

    lessons: int
    quota: tuple[int, float]
    per_minute: int = 200


CASES = {
    "chirp": SpeechCase(24, (200, 60.0)),  # Chirp3RequestsPerMinutePerProject
    "tight": SpeechCase(6, (20, 6.0)),
}
TEXTS, BUSY_SECONDS = 40, 25.0
"""Requests of the case ``busy``, and the seconds for which Gemini answers 429."""


def speak(at: Place, case: SpeechCase, before: bool) -> dict[str, float]:
    """Drain audio lessons under a quota and return what was measured."""
    topics = [card.title for card in load_cards().cards.values()][: case.lessons]
    chance = random.Random(1)

    def disturb() -> None:
        if chance.random() < FAULTS:
            raise Failure(chance.choice(_FAULTS), "random fault")

    with serve("grpc") as google, at.fresh() as (database, artifacts):
        google.quota, google.disturb = case.quota, disturb
        environment = {"FAKE_SPEECH": google.endpoint} | ({"ONE_BY_ONE": "1"} if before else {})
        summary = _drain(
            at, topics, "audio", database, artifacts, environment,
            *_VOICE, f"--narration-per-minute={case.per_minute}",
        )  # fmt: skip
        ledger = Ledger(database)
        recorded = sum(row.cost_usd for row in ledger.costs("engine") if row.key == "google")
        narrated = list(_narrations(ledger, artifacts))
        ledger.close()
        scripts = list(_scripts(database, artifacts))
        # All lessons are needed, also those that failed.
        needed = sum(needed_characters(script, before) for script in scripts)
        asked = {text: spoken for script in scripts for text, spoken in _asked(script, before)}
        errors = [
            error
            for narration, file in narrated
            for error in caption_errors(
                narration, read_m4a(file), lambda text: google.sounds(asked[text]), SAMPLE_RATE
            )
        ]
    return {
        "lessons": len(topics),
        "completed": summary["completed"],
        "seconds": summary["runtime_seconds"] - IDLE,
        "requests": len(google.requests),
        "calls": len(google.spoken),
        "calls_per_lesson": len(google.spoken) / len(topics),
        "billed_over_needed": google.billed / needed,
        "recorded_over_billed": recorded / max(1e-9, price([Usage(_SKU, google.billed)])),
        "caption_error_p95_ms": 1000 * float(np.percentile(errors, 95)) if errors else 0.0,
    }


def busy(at: Place) -> dict[str, float]:
    """Drain texts while Gemini is busy at first, and return what was measured."""
    answer = vertex.text_reply(json.dumps(lessons.answer(lessons.lesson())))
    with vertex.vertex_server() as gemini, at.fresh() as (database, artifacts):
        gemini.set_replies(vertex.failure(429, "RESOURCE_EXHAUSTED", "quota"))

        def recover() -> None:
            while not gemini.requests:
                time.sleep(0.05)
            time.sleep(BUSY_SECONDS)
            gemini.plan = [answer]

        threading.Thread(target=recover, daemon=True).start()
        summary = _drain(
            at, ["photosynthesis"] * TEXTS, "text", database, artifacts,
            {"FAKE_GEMINI": gemini.url}, "--script-engine=gemini",
        )  # fmt: skip
    return {
        "lessons": TEXTS,
        "completed": summary["completed"],
        "seconds": summary["runtime_seconds"] - IDLE,
        "requests": len(gemini.requests),
    }


def _drain(
    at: Place,
    topics: list[str],
    modality: str,
    database: str,
    artifacts: str,
    environment: Mapping[str, str],
    *arguments: str,
) -> dict[str, Any]:
    publish(topic_path("requests", PROJECT), (_request(topic, modality) for topic in topics))
    with _credentials() as credentials:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "benchmarks.fake_services", "drain"),
                *(f"--project={PROJECT}", "--subscription=requests", f"--database={database}"),
                *(f"--artifacts={artifacts}", f"--empty-queue-timeout={IDLE}"),
                *("--max-runtime=1200", "--log-level=ERROR", *arguments),
            ],
            env={**at.environment, **credentials, **environment},
            check=False,
            stdout=subprocess.PIPE,
            text=True,
        )
    if done.returncode:
        raise RuntimeError(f"the drain ended with status {done.returncode}")
    summary: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return summary


def _request(topic: str, modality: str) -> bytes:
    fields = {
        "request_id": str(uuid.uuid4()),
        "student_id": "benchmark",
        "student_query": f"Explain {topic}",
        "grade_level": 9,
        "requested_modalities": [modality],
        "share": False,
    }
    return json.dumps(fields).encode()


@contextmanager
def _credentials() -> Iterator[dict[str, str]]:
    """Yield environment variables of fake Google credentials."""
    account = {"type": "authorized_user", "client_id": "", "client_secret": "", "refresh_token": ""}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(account, file)
        file.flush()
        yield {"GOOGLE_APPLICATION_CREDENTIALS": file.name, "GOOGLE_CLOUD_PROJECT": PROJECT}


def _scripts(database: str, artifacts: str) -> Iterator[Script]:
    ledger, store = Ledger(database), ArtifactStore(artifacts)
    for row in ledger.requests():
        data = store.read(row.request_id, "script.json")
        if data:
            yield decode(Script, data)
    ledger.close()


def _narrations(ledger: Ledger, artifacts: str) -> Iterator[tuple[Narration, Path]]:
    store = ArtifactStore(artifacts)
    for row in ledger.requests():
        data = store.read(row.request_id, "narration.json")
        if row.status == "completed" and data:
            yield decode(Narration, data), Path(artifacts) / row.request_id / "narration.m4a"


def _asked(script: Script, before: bool) -> Iterator[tuple[str, str]]:
    """Yield each sentence as in captions, and as the voice is asked to speak it."""
    for section in script.sections():
        for text in split_sentences(section.narration):
            yield shown_text(text), text if before else spoken_text(text, script.language)


def needed_characters(script: Script, before: bool = False) -> int:
    """Return the characters of a script's requests to Text-to-Speech, if each is answered once."""
    sections = [split_sentences(section.narration) for section in script.sections()]
    if before:
        return sum(len(text) for section in sections for text in section)
    spoken = [[spoken_text(text, script.language) for text in section] for section in sections]
    requests = pack(spoken, "markup")
    return sum(len(speech_input([p.text for p in pieces], "markup").content) for pieces in requests)


def main() -> None:
    """Print all measurements; write them as JSON with `--json`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lessons", type=int, default=24)
    parser.add_argument("--case", choices=[*CASES, "busy"])
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    found: dict[str, float] = {}
    with place() as at:
        for name in [chosen.case] if chosen.case else [*CASES, "busy"]:
            for figure, value in _measure(at, name, chosen.lessons):
                found[f"{name}_{figure}"] = float(f"{value:.4g}")
                print(f"{name}_{figure}={value:.4g}", flush=True)
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n")


def _measure(at: Place, name: str, most: int) -> Iterator[tuple[str, float]]:
    if name == "busy":
        yield from busy(at).items()
        return
    case = CASES[name]
    case = SpeechCase(min(most, case.lessons), case.quota, case.per_minute)
    for when in ("before", "after"):
        for figure, value in speak(at, case, when == "before").items():
            yield f"{when}_{figure}", value


if __name__ == "__main__":
    main()
