"""Backlog of a subscription: from the embedded Pub/Sub server, or from Cloud Monitoring.

Pub/Sub itself does not tell how many messages are unacknowledged.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.usage_error import UsageError
from transforms.errors import ConfigurationFault, DependencyDown

TIMEOUT = 10.0
"""Seconds for one call."""

SERVICE = "https://monitoring.googleapis.com"
_SCOPES = ("https://www.googleapis.com/auth/monitoring.read",)
_REMEDY = "give this account the role Monitoring Viewer"

WINDOW = timedelta(minutes=10)
"""Period whose latest value is used: values are a minute apart and up to four minutes late."""

MESSAGES, OLDEST = "vividly-unacked-messages", "vividly-oldest-unacked-seconds"
"""Trailing metadata of the embedded server's answer to GetSubscription."""


@dataclass(frozen=True)
class Backlog:
    """Unacknowledged messages of a subscription, the ones in work included.

    Attributes:
        messages: their number.
        oldest_seconds: age of the oldest one; 0 without messages.
    """

    messages: int
    oldest_seconds: float


def read_backlog(subscription: str) -> Backlog:
    """Read the backlog of a subscription, by its full resource name.

    Raises:
        UsageError: The subscription does not exist, or its emulator does not count messages.
        ConfigurationFault: This account may not read Cloud Monitoring.
        DependencyDown: The service cannot be reached.
    """
    emulator = os.environ.get("PUBSUB_EMULATOR_HOST")
    return _from_emulator(emulator, subscription) if emulator else _from_monitoring(subscription)


def _from_emulator(host: str, subscription: str) -> Backlog:
    import grpc
    from google.pubsub_v1 import types

    request = types.GetSubscriptionRequest.pb()(subscription=subscription)
    with grpc.insecure_channel(host) as channel:
        ask = channel.unary_unary(
            "/google.pubsub.v1.Subscriber/GetSubscription",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=types.Subscription.pb().FromString,
        )
        try:
            _, call = ask.with_call(request, timeout=TIMEOUT)
        except grpc.RpcError as error:
            if error.code() in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT):
                raise UsageError(f"{error.details()} (check --subscription)") from error
            raise DependencyDown("pubsub", f"{host}: {error.details()}") from error
    found = dict(call.trailing_metadata())
    if MESSAGES not in found:
        raise UsageError(f"the emulator at {host} does not count unacknowledged messages")
    return Backlog(int(found[MESSAGES]), float(found[OLDEST]))


def _from_monitoring(subscription: str) -> Backlog:
    import google.auth
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import AuthorizedSession

    try:
        credentials, _ = google.auth.default(scopes=_SCOPES)
        session = AuthorizedSession(credentials)
        messages = _latest(session, subscription, "num_undelivered_messages")
        oldest = _latest(session, subscription, "oldest_unacked_message_age")
    except GoogleAuthError as error:
        raise ConfigurationFault("monitoring", f"{error} ({_REMEDY})") from error
    return Backlog(int(messages), oldest)


def _latest(session: Any, subscription: str, metric: str) -> float:
    """Return the latest value of a metric of the subscription; 0 if it has none."""
    from requests import RequestException

    _, project, _, name = subscription.split("/")
    now = datetime.now(UTC)
    query = {
        "filter": f'metric.type = "pubsub.googleapis.com/subscription/{metric}" '
        f'AND resource.labels.subscription_id = "{name}"',
        "interval.startTime": (now - WINDOW).isoformat(),
        "interval.endTime": now.isoformat(),
    }
    url = f"{SERVICE}/v3/projects/{project}/timeSeries"
    try:
        reply = session.get(url, params=query, timeout=TIMEOUT)
    except RequestException as error:
        raise DependencyDown("monitoring", type(error).__name__) from error
    if reply.status_code in (401, 403, 404):
        raise ConfigurationFault(
            "monitoring", f"no access to project {project}: status {reply.status_code} ({_REMEDY})"
        )
    if not reply.ok:
        raise DependencyDown("monitoring", f"status {reply.status_code}")
    series = reply.json().get("timeSeries", [])
    return float(series[0]["points"][0]["value"]["int64Value"]) if series else 0.0
