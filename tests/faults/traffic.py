"""Traffic of a campaign: valid requests of each modality, repetitions and bad messages."""

from __future__ import annotations

import json
import random
import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.faults.inject import POISON

TOPICS = (
    "photosynthesis", "Ohm's law", "gravity", "fractions", "plate tectonics", "supply and demand",
)  # fmt: skip
UNCOVERED = "Explain the tax law of Atlantis under the Zorblax dynasty"


@dataclass
class Traffic:
    """Publishes messages and records their expected outcomes.

    Args:
        chance: Source of randomness.
        publish: Function that publishes a message and returns its id.

    Attributes:
        bad: Ids of the messages that must become dead letters.
        of_request: Message ids of valid requests, by request id.
        stages: Number of stages that call an engine, by id of valid and uncovered requests.
        cancelled: Ids of the valid requests that must end as cancelled.
        rivals: Number of requests repeated with a different question.
    """

    chance: random.Random
    publish: Any
    bad: set[str] = field(default_factory=set)
    of_request: dict[str, set[str]] = field(default_factory=dict)
    stages: dict[str, int] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)
    rivals: int = 0
    _requests: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def messages(self) -> int:
        """Number of messages published."""
        return len(self.bad) + sum(map(len, self.of_request.values()))

    def send(self, kind: str) -> None:
        """Publish a message of a kind: ``text``, ``audio``, ``video``, ``repeated`` or ``bad``."""
        if kind == "bad":
            self._send_bad()
        elif kind == "repeated":
            request = self._request("text")
            self._send(request)
            if self.chance.random() < 0.3:
                self.rivals += 1
                request = {**request, "student_query": "Explain gravity", "grade_level": 5}
            self._send(request)
        else:
            self._send(self._request(kind))

    def repeat(self, request_id: str) -> None:
        """Publish a valid request again."""
        self._send(self._requests[request_id])

    def send_poison(self) -> None:
        """Publish a request that kills the worker that processes it."""
        request = {**self._request("text"), "student_id": POISON}
        self.stages[request["request_id"]] = 0
        self.bad.add(self.publish(_encode(request)))

    def mixed(self) -> str:
        """Draw a kind for additional traffic."""
        kinds, weights = zip(
            *{"text": 75, "repeated": 12, "bad": 11, "audio": 2}.items(), strict=True
        )
        return str(self.chance.choices(kinds, weights)[0])

    def _request(self, modality: str, query: str | None = None) -> dict[str, Any]:
        return {
            "request_id": str(uuid.UUID(int=self.chance.getrandbits(128), version=4)),
            "student_id": f"student-{self.chance.randrange(1000)}",
            "student_query": query or f"Explain {self.chance.choice(TOPICS)}",
            "grade_level": self.chance.randint(5, 12),
            "requested_modalities": [modality],
        }

    def _send(self, request: dict[str, Any]) -> None:
        request_id = request["request_id"]
        self._requests[request_id] = request
        message_id = self.publish(_encode(request))
        self.of_request.setdefault(request_id, set()).add(message_id)
        self.stages[request_id] = {"text": 1, "audio": 2, "video": 3}[
            request["requested_modalities"][0]
        ]

    def _send_bad(self) -> None:
        uncovered = self._request("text", UNCOVERED)
        stranger = {**self._request("text"), "request_id": "42"}
        chosen = self.chance.randrange(3)
        if chosen == 0:
            self.stages[uncovered["request_id"]] = 1  # only the engine can refuse it
        data = (_encode(uncovered), _encode(stranger), b"{not JSON")[chosen]
        self.bad.add(self.publish(data))


def _encode(request: dict[str, Any]) -> bytes:
    return json.dumps(request).encode()
