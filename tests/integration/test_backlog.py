"""Backlog of a subscription, from the embedded Pub/Sub server and from Cloud Monitoring."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import google.auth
import pytest
from google.auth.credentials import AnonymousCredentials

from pipeline.cli.app import main
from pipeline.jobs import backlog
from pipeline.jobs.backlog import Backlog, read_backlog
from pipeline.usage_error import UsageError
from tests.integration.drain_support import Queue
from transforms.errors import ConfigurationFault, DependencyDown

NAME = "projects/p/subscriptions/s"


def test_embedded_server_counts_messages_until_acknowledged(pubsub, capsys):
    queue = Queue(pubsub.project)
    assert read_backlog(queue.name) == Backlog(0, 0)
    queue.publish(b"1", b"2")
    [first, _] = queue.pull()  # a message in work is not acknowledged yet
    found = read_backlog(queue.name)
    assert (found.messages, found.oldest_seconds >= 0) == (2, True)
    queue.client.acknowledge(subscription=queue.name, ack_ids=[first.ack_id])
    assert main(["status", "--backlog", "--subscription", queue.name]) == 0
    assert capsys.readouterr().out.startswith(f"{queue.name}: 1 unacknowledged message, the oldest")
    assert main(["status", "--backlog", "--json", "--subscription", queue.name]) == 0
    assert json.loads(capsys.readouterr().out)["messages"] == 1
    assert main(["status", "--backlog", "--watch"]) == 2


@pytest.mark.usefixtures("pubsub")
@pytest.mark.parametrize("name", ["projects/missing/subscriptions/missing", NAME])
def test_missing_subscription_is_a_usage_error(name):
    with pytest.raises(UsageError, match="check --subscription"):
        read_backlog(name)


@pytest.fixture
def monitoring(monkeypatch):
    """A server of Cloud Monitoring; the test sets its status and its values by metric."""
    answers = {"status": 200, "num_undelivered_messages": 12, "oldest_unacked_message_age": 90}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            url = urlsplit(self.path)
            assert url.path == "/v3/projects/p/timeSeries"
            [asked] = parse_qs(url.query)["filter"]
            assert 'resource.labels.subscription_id = "s"' in asked
            metric = asked.partition("subscription/")[2].partition('"')[0]
            value = answers[metric]
            points = [{"value": {"int64Value": str(value)}}, {"value": {"int64Value": "7"}}]
            body = {"timeSeries": [{"points": points}]} if value is not None else {}
            self.send_response(answers["status"])
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_):
            pass

    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    monkeypatch.setattr(google.auth, "default", lambda scopes: (AnonymousCredentials(), None))
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(backlog, "SERVICE", f"http://127.0.0.1:{server.server_address[1]}")
        yield answers
        server.shutdown()


def test_latest_values_of_cloud_monitoring_are_used(monitoring):
    assert read_backlog(NAME) == Backlog(12, 90)
    monitoring.update(num_undelivered_messages=None, oldest_unacked_message_age=None)
    assert read_backlog(NAME) == Backlog(0, 0)


@pytest.mark.parametrize(
    ("status", "fault"),
    [(403, ConfigurationFault), (404, ConfigurationFault), (503, DependencyDown)],
)
def test_refusal_of_cloud_monitoring_is_classified(monitoring, status, fault):
    monitoring["status"] = status
    with pytest.raises(fault, match=str(status)):
        read_backlog(NAME)
