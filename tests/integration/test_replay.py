"""Replays of dead letters: which are published, their content, and what the ledger records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from google.cloud import pubsub_v1

from pipeline.jobs import replay
from pipeline.settings import timestamps
from tests.integration.ledger_support import claim, completed, letter, message, request, take
from transforms import pubsub_client as pubsub_topic
from transforms.errors import ConfigurationFault
from transforms.ledger import ClaimRequest, database
from transforms.model import REPLAY_ATTRIBUTE


@pytest.fixture
def topic(pubsub, monkeypatch):
    """A topic with a subscription of the same name; clients are not shared between tests."""
    monkeypatch.setattr(pubsub_topic, "process_singleton", lambda make: make())
    name = f"projects/{pubsub.project}/topics/requests"
    pubsub_v1.PublisherClient().create_topic(name=name)
    pubsub_v1.SubscriberClient().create_subscription(name=_subscription(name), topic=name)
    return name


def _subscription(topic):
    return topic.replace("/topics/", "/subscriptions/")


def pulled(topic):
    response = pubsub_v1.SubscriberClient().pull(
        subscription=_subscription(topic), max_messages=10, timeout=10
    )
    return [received.message for received in response.received_messages]


def dead(ledger, asked, replay=False, **fields):
    """Fail a request; return the number of its dead letter."""
    lesson = take(ledger, ClaimRequest(asked[0], asked[1], replay))
    [settled] = ledger.dead_letter([letter(lesson, "script", **fields)])
    assert settled
    return ledger.dead_letters(limit=1)[0].id


def sent(ledger, topic, *numbers, again=False, dry_run=False):
    return list(replay.replay(ledger, topic, numbers, again, dry_run))


def test_replay_keeps_bytes_and_attributes(ledger, topic):
    original = message(data=b'{"some": "bytes"} \xff', topic="physics", data_="x", googclient_x="1")
    number = dead(ledger, (original, request()))
    [done] = sent(ledger, topic, number)
    [published] = pulled(topic)
    assert published.data == original.data
    token = published.attributes[REPLAY_ATTRIBUTE]
    assert published.attributes == {"topic": "physics", "data_": "x", REPLAY_ATTRIBUTE: token}
    received = message(published.message_id, **published.attributes)
    kept = ledger.dead_letter_detail(number)
    assert ledger.accept_replays([(received, kept.request_id)]) == {published.message_id}
    assert done.message_id == published.message_id
    assert (kept.replays, kept.replayed_as) == (1, published.message_id)
    assert kept.replayed_at is not None
    assert kept.message.data == original.data


def test_replay_gets_its_own_publication_id(ledger, topic):
    original = message(publication="1", topic="physics")
    number = dead(ledger, (original, request()))
    list(replay.replay(ledger, topic, [number], False, False, id_label="publication"))
    [published] = pulled(topic)
    assert published.attributes["topic"] == "physics"
    assert published.attributes["publication"] not in ("", "1")


def test_dry_run_publishes_and_records_nothing(ledger, topic):
    number = dead(ledger, (message(data=b"12345"), request()))
    [would] = sent(ledger, topic, number, dry_run=True)
    assert (would.skipped, would.size, would.message_id) == (None, 5, None)
    [really] = sent(ledger, topic, number)
    assert len(pulled(topic)) == 1
    assert ledger.dead_letter_detail(number).replays == 1
    assert really.message_id


def test_pending_replay_is_sent_again_only_on_request(ledger, topic):
    first, asked = message(), request()
    number = dead(ledger, (first, asked))
    [once] = sent(ledger, topic, number)
    [skipped] = sent(ledger, topic, number)
    assert once.message_id in skipped.skipped
    take(ledger, ClaimRequest(message(once.message_id), asked, replay=True))
    [skipped] = sent(ledger, topic, number)
    assert "being processed" in skipped.skipped
    [forced] = sent(ledger, topic, number, again=True)
    assert forced.message_id not in (None, once.message_id)
    assert ledger.dead_letter_detail(number).replays == 2


@pytest.mark.pooled
def test_completed_replay_makes_others_duplicates(ledger, topic):
    asked = request()
    number = dead(ledger, (message(), asked))
    [one] = sent(ledger, topic, number)
    [two] = sent(ledger, topic, number, again=True)  # as if the first were not recorded
    lesson = take(ledger, ClaimRequest(message(one.message_id), asked, replay=True))
    assert ledger.complete([completed(lesson)]) == [True]
    assert (
        claim(ledger, ClaimRequest(message(two.message_id), asked, replay=True)).kind == "duplicate"
    )
    [skipped] = sent(ledger, topic, number, again=True)
    assert "completed since" in skipped.skipped
    assert ledger.totals().completed == 1


def test_only_latest_dead_letter_is_replayed(ledger, topic):
    asked = request()
    first = dead(ledger, (message(), asked))
    [one] = sent(ledger, topic, first)
    second = dead(ledger, (message(one.message_id), asked), replay=True)
    skipped, done = sent(ledger, topic, first, second)
    assert f"dead letter {second} " in skipped.skipped
    assert done.message_id
    assert [row.replays for row in ledger.dead_letters()] == [1, 1]


def test_invalid_message_is_replayed_as_new(ledger, topic):
    original = message(data=b"not JSON")
    ledger.dead_letter([letter(original)])
    [row] = ledger.dead_letters()
    [one] = sent(ledger, topic, row.id)
    assert pulled(topic)[0].data == b"not JSON"
    # It fails again, as another message with a dead letter of its own …
    ledger.dead_letter([letter(message(one.message_id, data=b"not JSON"))])
    newest = ledger.dead_letters()[0].id
    [skipped] = sent(ledger, topic, row.id)
    assert f"dead letter {newest} " in skipped.skipped
    [two] = sent(ledger, topic, newest)
    # … until it is parsed.
    lesson = take(ledger, ClaimRequest(message(two.message_id), request(), replay=True))
    ledger.complete([completed(lesson)])
    [skipped] = sent(ledger, topic, newest, again=True)
    assert "completed since" in skipped.skipped


def test_message_refused_by_pubsub_is_skipped(ledger, topic):
    large = dead(ledger, (message(data=b"x" * 9_999_950), request()))
    small = dead(ledger, (message(), request()))
    refused, done = sent(ledger, topic, large, small)
    assert "does not accept" in refused.skipped
    assert done.message_id
    assert ledger.dead_letter_detail(large).replays == 0


def test_missing_topic_stops_before_recording(ledger, topic):
    number = dead(ledger, (message(), request()))
    with pytest.raises(ConfigurationFault, match="no-such-topic"):
        sent(ledger, topic + "-no-such-topic", number)
    assert ledger.dead_letter_detail(number).replays == 0


def test_attributes_keep_limits_of_pubsub():
    many = {f"name-{n}": "value" for n in range(100)}
    merged = pubsub_topic.merge_attributes(many, {"vividly-error": "é" * 1000, "name-1": "ours"})
    assert len(merged) == 100
    assert merged["vividly-error"] == "é" * 512
    assert merged["name-1"] == "ours"
    assert pubsub_topic.merge_attributes({}, {"x": "\ud800"}) == {"x": "?"}


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("2h", 7200), ("3d", 259200), ("1w", 604800)]
)
def test_since_accepts_a_duration(text, seconds):
    before = datetime.now(UTC)
    found = timestamps.parse_since(text) + timedelta(seconds=seconds)
    assert before <= found <= datetime.now(UTC)


def test_since_accepts_a_time():
    assert timestamps.parse_since("2026-05-31T14:00+02:00") == datetime(2026, 5, 31, 12, tzinfo=UTC)
    assert timestamps.parse_since("2026-05-31T12:00:00Z") == datetime(2026, 5, 31, 12, tzinfo=UTC)
    assert timestamps.parse_since("2026-05-31") == datetime(2026, 5, 31).astimezone(UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "h", "2 h", "-3d", "999999w"])
def test_since_refuses_other_text(text):
    with pytest.raises(ValueError, match="must be a date or time such as"):
        timestamps.parse_since(text)


def test_dry_run_reads_many_letters_with_one_statement(ledger, monkeypatch):
    numbers = [dead(ledger, (message(), request())) for _ in range(5)]
    statements = []
    run = database._execute

    def counted(connection, statement, parameters):
        statements.append(statement)
        return run(connection, statement, parameters)

    monkeypatch.setattr(database, "_execute", counted)
    monkeypatch.setattr(replay, "STATES_AT_ONCE", 3)
    done = sent(ledger, "projects/p/topics/t", *numbers, dry_run=True)
    assert [each.id for each in done] == numbers
    assert all(each.size == 2 and each.request_id and not each.skipped for each in done)
    assert len(statements) == 2
