"""Complete short names of Pub/Sub resources to full ones."""

from __future__ import annotations

from collections.abc import Callable


def resource(collection: str) -> Callable[[str, str], str]:
    """Return a function that completes a short Pub/Sub name to its full resource name."""

    def full(name: str, project: str) -> str:
        return name if "/" in name else f"projects/{project}/{collection}/{name}"

    return full


subscription_path = resource("subscriptions")
topic_path = resource("topics")
