"""Refused carries the gRPC status of a call that fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import grpc


@dataclass
class Refused(Exception):
    """A call that ends with a gRPC status other than OK.

    Attributes:
        code: the status.
        message: description of the error; the text of the real service where it is known.
        ack_ids: failure reason by ack id; only exactly-once subscriptions report them.
    """

    code: grpc.StatusCode
    message: str
    ack_ids: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code.name}: {self.message}"


def invalid(message: str) -> Refused:
    """Return a refusal of a wrong argument (INVALID_ARGUMENT)."""
    return Refused(grpc.StatusCode.INVALID_ARGUMENT, message)


def not_found(name: str) -> Refused:
    """Return a refusal for a resource that does not exist (NOT_FOUND)."""
    return Refused(grpc.StatusCode.NOT_FOUND, f"Resource not found (resource={name}).")


def already_exists(name: str) -> Refused:
    """Return a refusal for a resource that exists already (ALREADY_EXISTS)."""
    return Refused(
        grpc.StatusCode.ALREADY_EXISTS,
        f"Resource already exists in the project (resource={name}).",
    )


def unimplemented(message: str) -> Refused:
    """Return a refusal of a feature that the embedded server lacks (UNIMPLEMENTED)."""
    return Refused(grpc.StatusCode.UNIMPLEMENTED, message)
