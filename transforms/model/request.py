"""A message as it arrived, and the request that is read from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict

Modality = Literal["text", "audio", "video"]
MODALITIES: tuple[Modality, ...] = ("text", "audio", "video")
"""Shallowest first: each needs the stages of those before it."""


@dataclass(frozen=True)
class Message:
    """One message as it arrived, kept whole so that a dead letter can be replayed.

    Attributes:
        data: the bytes that were published.
        attributes: the message's attributes.
        message_id: Pub/Sub's id, or one made by the launcher that has no Pub/Sub.
        publish_time: when it was published, timezone-aware UTC.
        delivery_attempt: how often Pub/Sub has delivered it; 0 when Pub/Sub does not say.
    """

    __pydantic_config__ = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    data: bytes
    attributes: Mapping[str, str]
    message_id: str
    publish_time: datetime
    delivery_attempt: int = 0


@dataclass(frozen=True)
class ContentRequest:
    """A validated request; only `transforms.parse` makes one from outside data."""

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
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def modality(self) -> Modality:
        """The deepest modality asked for; it decides which stages run."""
        return max(self.requested_modalities, key=MODALITIES.index)


@dataclass(frozen=True)
class Received:
    """A message and the valid request that was read from it."""

    message: Message
    request: ContentRequest
