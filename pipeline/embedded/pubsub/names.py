"""Checks of resource names: ``projects/PROJECT/COLLECTION/ID``.

Rules: https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names and
https://cloud.google.com/resource-manager/docs/creating-managing-projects#before_you_begin.
"""

from __future__ import annotations

import re
from typing import Literal

from pipeline.embedded.pubsub.refusal import invalid

Collection = Literal["topics", "subscriptions", "snapshots"]

DELETED_TOPIC = "_deleted-topic_"
"""Topic of a subscription whose own topic was deleted."""

# An id with an optional legacy domain in front, or a project number.
_PROJECT = r"projects/(?:(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]|[0-9]+)"
_ID = r"(?!goog)[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}"


def check(name: str, collection: Collection) -> str:
    """Return `name` if it is a well-formed name in `collection`.

    Raises:
        Refused: INVALID_ARGUMENT.
    """
    if not re.fullmatch(f"{_PROJECT}/{collection}/{_ID}", name):
        raise invalid(
            f"Invalid [{collection}] name: (name={name}). A name is "
            f"projects/PROJECT/{collection}/ID; an id has 3-255 letters, digits or characters of "
            "'-_.~+%' and starts with a letter but not with 'goog'; a project id has 6-30 "
            "lower-case letters, digits and hyphens."
        )
    return name


def project_of(name: str) -> str:
    """Return the project part of a well-formed name."""
    return name.split("/")[1]


def id_of(name: str) -> str:
    """Return the last part of a well-formed name."""
    return name.split("/")[3]
