"""Messages and the requests parsed from them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict

from transforms.model.care import CareFinding

Modality = Literal["text", "audio", "video"]
MODALITIES: tuple[Modality, ...] = ("text", "audio", "video")
"""All modalities; each needs the stages of those before it and one more."""


RESERVED = "vividly-"
"""Start of the names of attributes that only this pipeline may set."""

REPLAY_ATTRIBUTE = f"{RESERVED}replay"
"""Attribute of a replay: the token that the ledger issued for the dead letter."""


@dataclass(frozen=True)
class Message:
    """A message as it was received, kept unchanged so that a dead letter can be replayed.

    Attributes:
        data: The published bytes.
        attributes: The message's attributes.
        message_id: Pub/Sub's id, or one assigned by a launcher without Pub/Sub. An empty or missing
            one is replaced by an id derived from data and attributes, which is the same in every
            delivery and differs between messages.
        publish_time: Time of publication, timezone-aware UTC.
        delivery_attempt: Pub/Sub's count of deliveries; 0 if it does not report one.
    """

    __pydantic_config__ = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    data: bytes
    attributes: Mapping[str, str]
    message_id: str
    publish_time: datetime
    delivery_attempt: int = 0

    def __post_init__(self) -> None:
        if not self.message_id:
            object.__setattr__(self, "message_id", _derived_id(self.data, self.attributes))

    @property
    def replay_token(self) -> str | None:
        """The token of a replay, as it was sent; the ledger tells whether it is valid."""
        return self.attributes.get(REPLAY_ATTRIBUTE)


def _derived_id(data: bytes, attributes: Mapping[str, str]) -> str:
    """Return an id of a message's content; attributes that Pub/Sub adds do not count."""
    digest = hashlib.sha256(data)
    for name, value in sorted(attributes.items()):
        if not name.startswith("goog"):
            digest.update(f"\0{len(name)}:{name}{len(value)}:{value}".encode("utf-8", "replace"))
    return f"derived-{digest.hexdigest()[:32]}"


@dataclass(frozen=True)
class ContentRequest:
    """A validated request; only `transforms.parse` creates one from external data.

    Attributes:
        share: False if its lesson is made for this request alone.
    """

    request_id: str
    student_id: str
    student_query: str
    grade_level: int
    correlation_id: str
    interest: str = "general"
    requested_modalities: tuple[Modality, ...] = ("video",)
    preferred_modality: Modality | None = None
    language: str = "en-US"
    environment: str | None = None
    share: bool = True
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def modality(self) -> Modality:
        """The requested modality that needs the most stages; it decides which stages run."""
        return max(self.requested_modalities, key=MODALITIES.index)


@dataclass(frozen=True)
class Received:
    """A message and the request parsed from it.

    Attributes:
        care: The sign that the student needs help, if the words hold one. It is urgent if the
            message is invalid; the request then holds what could be read.
    """

    message: Message
    request: ContentRequest
    care: CareFinding | None = None
