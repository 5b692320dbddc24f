"""`vividly check` reports problems with remedies; jobs respect the connection limit."""

from __future__ import annotations

import json
import os
from argparse import Namespace

import pytest
from google.cloud import pubsub_v1

from pipeline.commands.check import MODES
from pipeline.jobs import preflight
from tests.e2e import command
from transforms.ledger import Ledger


@pytest.fixture
def place(migrated_postgres, pubsub, gcs):
    """Return the environment of a drain on Google Cloud, with local servers."""
    topic = f"projects/{pubsub.project}/topics/requests"
    subscription = f"projects/{pubsub.project}/subscriptions/requests"
    pubsub_v1.PublisherClient().create_topic(name=topic)
    pubsub_v1.SubscriberClient().create_subscription(
        name=subscription, topic=topic, ack_deadline_seconds=600
    )
    return {
        "VIVIDLY_SUBSCRIPTION": subscription,
        "VIVIDLY_DEAD_LETTER_TOPIC": topic,
        "VIVIDLY_DATABASE": migrated_postgres.url,
        "VIVIDLY_ARTIFACTS": gcs.root,
    }


def findings(*arguments, **environment):
    done = command.run("check", *arguments, "--json", **environment)
    assert done.stdout, done.stderr
    return done.returncode, {each["name"]: each for each in json.loads(done.stdout)}


@pytest.mark.parametrize("mode", MODES)
def test_every_check_passes(place, mode):
    status, found = findings(mode, **place)
    assert {name: each["detail"] for name, each in found.items() if not each["passed"]} == {}
    assert status == 0
    if mode != "drain":
        return
    assert {"subscription", "dead-letter topic", "artifacts", "database", "connections"} <= set(
        found
    )
    assert "acknowledgement deadline 600 s" in found["subscription"]["detail"]
    assert "1 process × 8 connections = 8 of" in found["connections"]["detail"]


def test_failed_checks_are_reported_with_remedies(place, migrated_postgres):
    place |= {
        "VIVIDLY_SUBSCRIPTION": place["VIVIDLY_SUBSCRIPTION"] + "-other",
        "VIVIDLY_DEAD_LETTER_TOPIC": place["VIVIDLY_DEAD_LETTER_TOPIC"] + "-other",
        "VIVIDLY_DATABASE": migrated_postgres.server.database_url(f"nothing_{os.urandom(4).hex()}"),
        "VIVIDLY_ARTIFACTS": "gs://no-such-bucket",
        "VIVIDLY_SCRIPT_ENGINE": "gemini",
        "GOOGLE_CLOUD_PROJECT": "test",
        "TMPDIR": "/proc",  # no space there
    }
    status, found = findings(**place)
    assert status == 1
    failed = {name for name, each in found.items() if not each["passed"]}
    assert failed >= {
        "subscription", "dead-letter topic", "artifacts", "database", "connections",
        "script engine", "engine limits",
    }  # fmt: skip
    assert found["codecs"]["passed"]
    assert found["fonts"]["passed"]
    assert all(found[name]["remedy"] for name in failed)
    assert "Pub/Sub Subscriber" in found["subscription"]["remedy"]
    assert "does not exist" in found["artifacts"]["detail"]


@pytest.mark.parametrize(
    ("mode", "key", "passes", "words"),
    [
        ("drain", "", True, "Vertex AI"),
        ("drain", "AIza", False, "exclude services that people under 18"),
        ("stream", "AIza", False, "exclude services that people under 18"),
        ("batch", "AIza", True, "exclude services that people under 18"),
    ],
)
def test_developer_api_is_refused_for_students(monkeypatch, mode, key, passes, words):
    monkeypatch.setenv("GEMINI_API_KEY", key)
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    finding = preflight.terms_check(mode).run()
    assert (finding.passed, words in finding.detail) == (passes, True)


@pytest.mark.parametrize(
    "policy",
    [{"retry_policy": {}}, {"dead_letter_policy": {"max_delivery_attempts": 5}}],
    ids=lambda policy: next(iter(policy)),
)
def test_policies_that_dataflow_lacks_are_reported(place, policy):
    topic = place["VIVIDLY_DEAD_LETTER_TOPIC"]
    if "dead_letter_policy" in policy:
        policy["dead_letter_policy"]["dead_letter_topic"] = topic
    request = {"name": place["VIVIDLY_SUBSCRIPTION"] + "-policy", "topic": topic}
    pubsub_v1.SubscriberClient().create_subscription(
        request={**request, "ack_deadline_seconds": 600, **policy}
    )
    chosen = Namespace(subscription=request["name"], project=None)
    with pytest.raises(ValueError, match="which Dataflow does not support"):
        preflight._subscription(chosen, "stream")
    assert "600 s" in preflight._subscription(chosen, "drain")


def test_outdated_schema_is_reported_with_remedy(postgres):
    done = command.run("check", "batch", VIVIDLY_DATABASE=postgres.url)
    assert done.returncode == 1
    assert "its tables are at revision none" in done.stdout
    assert "vividly db upgrade" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert Ledger(postgres.url).url.split(":")[2].partition("@")[0] not in done.stdout


def test_job_refuses_to_exceed_connection_limit(place):
    done = command.run("drain", "--processes", 1000, **place)
    assert done.returncode == 2
    assert "1000 processes × 8 connections = 8000, but Postgres at" in done.stderr
    assert "lower --connections" in done.stderr
    assert "Traceback" not in done.stderr
