"""The one way in which the server says no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import grpc


@dataclass
class Refused(Exception):
    """A call that ends with a gRPC status other than OK.

    Attributes:
        code: the status.
        message: what is wrong, in the service's own words where they are known.
        ack_ids: failure reason by ack id; only exactly-once subscriptions report them.
    """

    code: grpc.StatusCode
    message: str
    ack_ids: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code.name}: {self.message}"


def invalid(message: str) -> Refused:
    """An argument that no retry can make right."""
    return Refused(grpc.StatusCode.INVALID_ARGUMENT, message)


def not_found(name: str) -> Refused:
    """A resource that does not exist."""
    return Refused(grpc.StatusCode.NOT_FOUND, f"Resource not found (resource={name}).")


def already_exists(name: str) -> Refused:
    """A resource that exists already."""
    return Refused(
        grpc.StatusCode.ALREADY_EXISTS,
        f"Resource already exists in the project (resource={name}).",
    )


def failed_precondition(message: str) -> Refused:
    """A call that the resource's state does not allow."""
    return Refused(grpc.StatusCode.FAILED_PRECONDITION, message)


def unimplemented(message: str) -> Refused:
    """A feature of the cloud service that has no meaning on one machine."""
    return Refused(grpc.StatusCode.UNIMPLEMENTED, message)
