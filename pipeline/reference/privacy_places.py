"""Places outside the ledger's tables where students' ids or words live, for docs/privacy.md.

A test finds the modules that write files or send data to a service. It fails if one of them is
neither named by a place nor in `WITHOUT_WORDS`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A place that holds a student's id or words.

    Attributes:
        name: What and where it is.
        holds: What it holds of a student.
        purpose: What it is for.
        kept: How long it is kept.
        erased: How it is erased.
        modules: Modules that write there; none if another program does.
    """

    name: str
    holds: str
    purpose: str
    kept: str
    erased: str
    modules: tuple[str, ...] = ()


PLACES = (
    Place(
        "artifacts (`--artifacts`), stage records among them: `REQUEST_ID/…`",
        "the lesson, which is shaped by question, interest and grade",
        "the product; stage records are for resuming",
        "for ever, or `artifact_retention_days` in Terraform",
        "`vividly students erase`",
        (
            "transforms.artifacts.store",
            "transforms.artifacts.local",
            "transforms.artifacts.cloud",
            "transforms.stage.task",
        ),
    ),
    Place(
        "stored answers of paid calls: `parts/REQUEST_ID/…` in the same place",
        "what a service answered to a request",
        "a retry, or another worker, does not pay again",
        "until the request is completed; else until a lifecycle rule removes them",
        "`vividly students erase`",
    ),
    Place(
        "results that requests share (`--reuse`): `shared/STAGE/FINGERPRINT/…` in the same place",
        "nothing: they are made from titles of concept cards, grade band and a listed interest",
        "equal lessons are made once",
        "30 days, by a lifecycle rule or `vividly db prune`; `vividly shared purge`",
        "nothing to erase",
        ("transforms.artifacts.shared", "transforms.stage.sharing"),
    ),
    Place(
        "soft delete and versions of the bucket",
        "deleted artifacts",
        "restoring what was deleted by mistake",
        "7 days in Terraform",
        "gone after that time",
    ),
    Place(
        "topic and subscription of requests, acknowledged messages if they are retained",
        "the whole message",
        "transport",
        "`message_retention_days`, 7 by default, 31 at most",
        "gone after that time; a tombstone refuses messages of erased requests",
        (
            "transforms.pubsub_client",
            "pipeline.commands.publish",
            "pipeline.jobs.replay",
            "pipeline.serve.services",
            "pipeline.serve.resumption",
        ),
    ),
    Place(
        "undeliverable queue (drains only)",
        "messages that no job acknowledged",
        "nothing is lost while the cause is repaired",
        "31 days",
        "drain it, then erase; gone after that time",
    ),
    Place(
        "dead-letter topic, if one is set",
        "copies of dead letters: the message, and the error in attributes",
        "programs of yours that want to know of failures",
        "as its subscriptions keep messages; 7 days in Terraform",
        "gone after that time; what your programs keep is theirs to erase",
        ("transforms.dead_letter_topic", "transforms.dead_letters", "transforms.pausing_topic"),
    ),
    Place(
        "care topic (`--care-topic`), if one is set",
        "request id, category and level of a student who needs care; no words and no student id",
        "staff learn of it ([care](care.md))",
        "as its subscriptions keep messages",
        "gone after that time; what your programs keep is theirs to erase",
        ("transforms.care_topic", "transforms.pausing_topic"),
    ),
    Place(
        "Dataflow: elements between steps, state and timers, snapshots",
        "messages, requests and scripts in work",
        "the service repeats bundles; snapshots are for updates",
        "until processed, `--queue-lease` at most; a snapshot for 7 days unless set otherwise",
        "an element of an erased request ends at its next stage; delete snapshots",
    ),
    Place(
        "backups and write-ahead log of Postgres",
        "all rows as they were",
        "recovery",
        "14 backups, 7 days of log in Terraform",
        "gone after that time; after a restore run the erasures since then again",
    ),
    Place(
        "memory and temporary folders of workers (`vividly-*`)",
        "requests in work and their files",
        "the work itself",
        "until the stage ends; a killed worker leaves its folder to the system's clean-up",
        "end the worker, delete the folder",
        (
            "transforms.process.temp_dirs",
            "transforms.narration.m4a",
            "transforms.video.encode.mux",
            "transforms.video.engines.slides.slide_renderer",
        ),
    ),
    Place(
        "cache of rendered scenes (`--segment-cache`)",
        "pictures of slides, with the lesson's words",
        "equal scenes are rendered once",
        "until newer scenes need the room, 64 MB by default",
        "`vividly students erase` empties that of its machine",
        ("transforms.video.encode.segment_cache",),
    ),
    Place(
        "reports (`vividly report`, `--report`, the demo)",
        "ids, questions, errors, links to lessons",
        "reading what happened",
        "until you delete them",
        "delete the file, make a new one",
        ("pipeline.output_file",),
    ),
    Place(
        "exports (`vividly students export`)",
        "everything of one student",
        "the student's right to a copy",
        "until you delete them",
        "delete the folder",
        ("pipeline.students.export",),
    ),
    Place(
        "embedded services under `--state`: Postgres with its log, `vividly emulators`",
        "as the real ones; the log holds no statements and no errors",
        "demo and development",
        "Postgres and storage until you delete the folder, Pub/Sub until it ends",
        "`vividly students erase`; end the emulators",
        (
            "pipeline.embedded.postgres",
            "pipeline.embedded.pubsub.service",
            "pipeline.embedded.storage",
            "pipeline.commands.demo",
        ),
    ),
    Place(
        "logs",
        "request, message and correlation ids; at DEBUG also errors, which may quote words",
        "operation",
        "30 days in Cloud Logging unless set otherwise",
        "gone after that time; do not run at DEBUG in production",
        ("pipeline.monitoring.logging_config",),
    ),
    Place(
        "traces (`--otlp-endpoint`), if a collector is set",
        "request and message ids; no words, no student id and no texts of errors",
        "operation",
        "as your collector keeps them",
        "gone after that time",
        ("transforms.telemetry.otlp",),
    ),
    Place(
        "Gemini, if chosen",
        "question and interest with personal data masked, grade, language; no ids",
        "writing the script",
        "see [Google's terms](#googles-terms)",
        "not by us",
        ("transforms.script.engines.gemini.gemini_client",),
    ),
    Place(
        "Google Text-to-Speech, if chosen",
        "the sentences of the lesson",
        "speaking them",
        "as the terms of Google Cloud say",
        "not by us",
        ("transforms.narration.engines.google.google_tts",),
    ),
    Place(
        "the publisher: your application and its database",
        "who the student is",
        "your product",
        "as you decide",
        "yours to erase, first: it must publish no more",
    ),
)

WITHOUT_WORDS = {
    "pipeline.commands.cards": "a new concept card, without words of a student",
    "pipeline.embedded.postgres_home": "copies of programs",
    "pipeline.embedded.services": "the address of a server",
    "pipeline.standard_output": "nothing but to the null device",
    "transforms.process.worker_health": "a probe of the disk",
    "transforms.stage.canary": "the built-in request",
}
"""Modules that write or send nothing of a student, with what they write."""
