"""Checks of everything that a job needs before it runs, each with a remedy (`vividly check`).

A check returns a line of text or raises. The text of its exception is shown with the remedy that
the check was registered with. Every job runs the quick checks at its start.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from pipeline.jobs.care_checks import care_checks
from pipeline.jobs.preflight_check import Check, Finding
from pipeline.settings import subscription_path
from pipeline.settings.chosen_engines import (
    EngineChoice,
    claim_checker,
    engine_choices,
    prices,
    script_engine,
    script_fallbacks,
    video_engine,
    video_settings,
    voice_engine,
)
from transforms.engine_plugin import ChosenEngine

SCRATCH = 1 << 30  # bytes of temporary space that lessons in progress may need
MIN_ACK_DEADLINE = 60  # seconds; a shorter one redelivers messages during the pull


def checks(mode: str, chosen: argparse.Namespace) -> Iterator[Check]:
    """Yield the checks of a mode, in the order in which problems are best repaired.

    Args:
        mode: One of `pipeline.commands.check.MODES`.
        chosen: The settings of `vividly check`.
    """
    if _needs_credentials(mode, chosen):
        yield Check(
            "credentials", _credentials,
            "run `gcloud auth application-default login`, or let the job run as a service account",
        )  # fmt: skip
    if mode in ("drain", "stream"):
        yield Check(
            "subscription", lambda: _subscription(chosen, mode),
            "create it, or correct --project and --subscription; the account needs the roles "
            "Pub/Sub Subscriber and Pub/Sub Viewer",
        )  # fmt: skip
    if chosen.dead_letter_topic and mode != "demo":
        yield Check(
            "dead-letter topic", lambda: _topic(chosen.dead_letter_topic),
            "create it, or correct --dead-letter-topic; the account needs the role Pub/Sub "
            "Publisher",
        )  # fmt: skip
    if mode != "demo":
        yield from care_checks(chosen.care_region, chosen.care_topic)
    yield Check(
        "artifacts", lambda: _artifacts(chosen),
        "create the bucket or folder, or correct --artifacts; the account needs the role Storage "
        "Object User, or the right to write there", is_quick=True,
    )  # fmt: skip
    yield from _database_checks(mode, chosen)
    for name, engine, look in (
        ("script engine", script_engine(chosen), _script),
        ("voice engine", voice_engine(chosen), _voice),
        ("video engine", video_engine(chosen), _video),
    ):
        yield Check(name, partial(look, chosen), engine.plugin.how_to_repair(), engine.plugin.paid)
    checker = claim_checker(chosen)
    if checker:
        yield Check("claim checker", lambda: _checker(chosen), checker.plugin.how_to_repair(), True)
    if chosen.script_engine == "gemini" or checker:
        yield terms_check(mode)
    yield Check(
        "files", lambda: _media_files(chosen), "correct --video-logo, --music and --sources"
    )
    yield Check("codecs", _codecs, "reinstall the package `av`; its wheels carry both encoders")
    yield Check("fonts", _fonts, "reinstall the font packages that setup.py names")
    yield Check(
        "scratch space", _scratch,
        "free some space, or set TMPDIR to a folder on a larger disk",
    )  # fmt: skip
    yield Check(
        "engine limits", lambda: _limits(chosen),
        "set --script-concurrency or --script-per-minute (and the same for narration) to what the "
        "project's quota allows",
    )  # fmt: skip


def _database_checks(mode: str, chosen: argparse.Namespace) -> Iterator[Check]:
    if not chosen.database or mode == "demo":
        from transforms.installation import install_extra

        yield Check(
            "database", _embedded_postgres,
            f"give a --database, or, for an embedded one: {install_extra('local')}",
        )  # fmt: skip
        return
    yield Check(
        "database", lambda: _database(chosen),
        "correct --database, let this machine reach it, or run `vividly db upgrade`",
    )  # fmt: skip
    yield Check(
        "database rights", lambda: _rights(chosen),
        "let the owner of the tables run `vividly db upgrade --grant-to=ROLE`",
    )  # fmt: skip
    yield Check(
        "connections", lambda: _connections(chosen),
        "run fewer processes, lower --connections, or raise max_connections of the server",
    )  # fmt: skip


def terms_check(mode: str) -> Check:
    """Return the check that the terms of Google's model API allow students under 18."""
    return Check(
        "students under 18", lambda: _check_terms(mode),
        "unset GEMINI_API_KEY and GOOGLE_API_KEY and give the job a Google Cloud project, so that "
        "it calls Vertex AI (docs/privacy.md)",
    )  # fmt: skip


def _needs_credentials(mode: str, chosen: argparse.Namespace) -> bool:
    pubsub = mode in ("drain", "stream") and not os.environ.get("PUBSUB_EMULATOR_HOST")
    storage = chosen.artifacts.startswith("gs://") and not os.environ.get("STORAGE_EMULATOR_HOST")
    cloud = any(engine.plugin.google for engine in engine_choices(chosen))
    return mode != "demo" and (pubsub or storage or cloud)


def _credentials() -> str:
    import google.auth

    credentials, project = google.auth.default(
        scopes=["https://www.googleapis.com/auth/cloud-platform"]
    )
    account = getattr(credentials, "service_account_email", None) or "a user account"
    return f"{account}, project {project or 'not set'}"


def _subscription(chosen: argparse.Namespace, mode: str) -> str:
    from google.cloud import pubsub_v1

    name = subscription_path(chosen.subscription, chosen.project)
    with pubsub_v1.SubscriberClient() as client:
        found = client.get_subscription(subscription=name, timeout=10)
    if found.push_config.push_endpoint:
        raise ValueError(f"{name} pushes to {found.push_config.push_endpoint}; it must be pulled")
    if found.ack_deadline_seconds < MIN_ACK_DEADLINE:
        raise ValueError(
            f"{name} has an acknowledgement deadline of {found.ack_deadline_seconds} s; "
            f"give it {MIN_ACK_DEADLINE} s or more"
        )
    if mode == "stream" and ("retry_policy" in found or "dead_letter_policy" in found):
        raise ValueError(
            f"{name} has a retry or dead-letter policy, which Dataflow does not support; remove it "
            f"(gcloud pubsub subscriptions update {name} --clear-dead-letter-policy "
            "--clear-retry-policy)"
        )
    return f"{name}, acknowledgement deadline {found.ack_deadline_seconds} s"


def _topic(topic: str) -> str:
    from transforms.pubsub_client import check_topic

    check_topic(topic)
    return topic


def _artifacts(chosen: argparse.Namespace) -> str:
    from transforms.artifacts import ArtifactStore

    store = ArtifactStore(chosen.artifacts)
    unused_id = str(uuid.uuid4())
    store.put(unused_id, "check.txt", b"written by vividly check", "text/plain")
    store.delete(unused_id, "check.txt")
    return f"{store.root}: written, read and deleted"


def _database(chosen: argparse.Namespace) -> str:
    from pipeline.jobs.resources import ledger_at

    ledger = ledger_at(chosen)
    found = ledger.check()
    if found.outdated:
        raise ValueError(
            f"{ledger.masked_url}: its tables are at revision {found.revision or 'none'}, "
            f"this release needs {found.head}"
        )
    way = "through a pooler, " if found.is_pooled else ""
    return f"{ledger.masked_url}: Postgres {found.server}, {way}tables at revision {found.revision}"


def _rights(chosen: argparse.Namespace) -> str:
    from pipeline.jobs.resources import check_rights, ledger_at
    from transforms.ledger.rights import RIGHTS

    check_rights(ledger_at(chosen))
    return f"read and write {', '.join(RIGHTS)}"


def _connections(chosen: argparse.Namespace) -> str:
    from pipeline.jobs.connection_budget import check_connection_budget
    from pipeline.jobs.resources import ledger_at

    ledger = ledger_at(chosen)
    return check_connection_budget(ledger, ledger.check(), chosen.processes)


def _embedded_postgres() -> str:
    from importlib.metadata import version

    return f"embedded Postgres {version('embedded-postgres')}"


def _script(chosen: argparse.Namespace) -> str:
    from transforms.script.write_script import make_script_engine

    engines = (script_engine(chosen), *script_fallbacks(chosen))
    return ", ".join(make_script_engine(_ready(engine, chosen)).check() for engine in engines)


def _checker(chosen: argparse.Namespace) -> str:
    from transforms.script.write_script import make_claim_checker

    checker = claim_checker(chosen)
    assert checker
    return make_claim_checker(_ready(checker, chosen)).check()


def _check_terms(mode: str) -> str:
    """Return which Google API the Gemini engine calls, and its terms for students under 18.

    Raises:
        ValueError: The job serves students and would call the Gemini Developer API.
    """
    from transforms.script.engines.gemini.plugin import GeminiSettings
    from transforms.script.engines.gemini.terms import calls_developer_api

    if not calls_developer_api(GeminiSettings()):
        return "Vertex AI, under the terms of Google Cloud; choose no model in preview for minors"
    found = (
        "an API key calls the Gemini Developer API, whose terms exclude services that people under "
        "18 are likely to use"
    )
    if mode in ("drain", "stream"):
        raise ValueError(found)
    return found


def _voice(chosen: argparse.Namespace) -> str:
    from transforms.narration.narration_child import make_voice_engine

    return make_voice_engine(_ready(voice_engine(chosen), chosen)).check()


def _video(chosen: argparse.Namespace) -> str:
    from transforms.video.render_child import make_video_engine

    return make_video_engine(_ready(video_engine(chosen), chosen), video_settings(chosen)).check()


def _media_files(chosen: argparse.Namespace) -> str:
    from pipeline.settings.media_files import check_media_files

    check_media_files(chosen)
    return ", ".join(filter(None, (chosen.video_logo, chosen.music, chosen.sources))) or "none"


def _ready(engine: EngineChoice, chosen: argparse.Namespace) -> ChosenEngine:
    engine.plugin.check_installed()
    engine.check(prices(chosen))
    return engine.chosen()


def _codecs() -> str:
    import av

    for name in ("libx264", "aac"):
        av.Codec(name, "w")
    return f"libx264 and aac of FFmpeg in av {av.__version__}"


def _fonts() -> str:
    from transforms.video.draw import fonts

    return ", ".join(f"{name} {version}" for name, version in fonts.versions().items())


def _scratch() -> str:
    folder = Path(tempfile.gettempdir())
    free = shutil.disk_usage(folder).free
    if free < SCRATCH:
        raise OSError(f"{folder} has {free >> 20} MB left; {SCRATCH >> 20} MB are needed")
    return f"{folder} has {free >> 30} GB left"


def _limits(chosen: argparse.Namespace) -> str:
    from pipeline.jobs.resources import worker_count

    at_once = worker_count(chosen) + 1
    lines = []
    for stage, engine, most, rate in (
        ("script", script_engine(chosen), chosen.script_concurrency, chosen.script_per_minute),
        (
            "narration",
            voice_engine(chosen),
            chosen.narration_concurrency,
            chosen.narration_per_minute,
        ),
        ("video", video_engine(chosen), chosen.video_concurrency, chosen.video_per_minute),
    ):
        if not engine.plugin.paid:
            continue
        if most is None and rate is None:
            raise ValueError(
                f"{stage} ({engine.name}) is called without limit, up to {at_once} at the same "
                "time in each process: a burst may run into the project's quota"
            )
        lines.append(f"{stage} ≤ {most or at_once} at once, {rate or 'any number'} a minute")
    return "; ".join(lines) or "no paid engine"


def require(mode: str, chosen: argparse.Namespace, by_other_account: bool = False) -> None:
    """Run the quick checks of a mode at the start of a job; raise for the first that fails.

    Args:
        mode: As for `checks`.
        chosen: The settings of the job.
        by_other_account: As for `Check.require`.

    Raises:
        ConfigurationFault: A check failed.
    """
    for check in checks(mode, chosen):
        if check.is_quick:
            check.require(by_other_account)


def run_checks(mode: str, chosen: argparse.Namespace) -> Sequence[Finding]:
    """Run all checks of a mode and return their findings."""
    return [check.run() for check in checks(mode, chosen)]
