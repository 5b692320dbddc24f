"""Service exposes the broker's methods as gRPC handlers of google.pubsub.v1.

The message classes are the raw ones inside google-cloud-pubsub, which has no server stubs.
Calls that are not handled end with UNIMPLEMENTED: list, update, detach, and most of snapshots.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable, Mapping
from typing import Any

import grpc
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from google.pubsub_v1 import types
from google.rpc import (  # type: ignore[import-untyped]
    code_pb2,
    error_details_pb2,
    status_pb2,
)

from pipeline.embedded.pubsub.broker import Broker
from pipeline.embedded.pubsub.delivery import Holder
from pipeline.embedded.pubsub.refusal import Refused, invalid
from pipeline.embedded.pubsub.server_subscription import MAX_RESPONSE_BYTES
from pipeline.embedded.pubsub.streaming import Stream, received

_MAX_ACK_BYTES = 512 * 1024
_PULL_SECONDS = 90.0
"""Seconds that an empty pull of a client without a deadline waits."""

_PULL_MARGIN = 1.0
"""Seconds before the client's deadline at which an empty pull is answered."""


class Service:
    """gRPC handlers of the Publisher and the Subscriber service."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        """Return the handlers to register with a gRPC server."""
        broker = self._broker
        publisher: dict[str, tuple[Any, Callable[[Any], Any]]] = {
            "CreateTopic": (types.Topic, broker.create_topic),
            "GetTopic": (types.GetTopicRequest, lambda r: broker.topic(r.topic)),
            "DeleteTopic": (types.DeleteTopicRequest, lambda r: broker.delete_topic(r.topic)),
            "Publish": (types.PublishRequest, self._publish),
        }
        subscriber: dict[str, tuple[Any, Callable[[Any], Any]]] = {
            "CreateSubscription": (types.Subscription, broker.create_subscription),
            "DeleteSubscription": (
                types.DeleteSubscriptionRequest,
                lambda r: broker.delete_subscription(r.subscription),
            ),
            "Acknowledge": (types.AcknowledgeRequest, self._acknowledge),
            "ModifyAckDeadline": (types.ModifyAckDeadlineRequest, self._modify_ack_deadline),
            "CreateSnapshot": (types.CreateSnapshotRequest, broker.create_snapshot),
            "Seek": (types.SeekRequest, self._seek),
        }
        others = {
            "GetSubscription": _unary(
                types.GetSubscriptionRequest, _refusing(self._get_subscription)
            ),
            "Pull": _unary(types.PullRequest, _refusing(self._pull)),
            "StreamingPull": grpc.stream_stream_rpc_method_handler(
                _refusing(self._streaming_pull),
                types.StreamingPullRequest.pb().FromString,
                _serialize,
            ),
        }
        return [
            _service("Publisher", publisher, {}),
            _service("Subscriber", subscriber, others),
        ]

    def _publish(self, request: Any) -> Any:
        ids = self._broker.publish(request.topic, request.messages, request.ByteSize())
        return types.PublishResponse.pb()(message_ids=ids)

    def _acknowledge(self, request: Any) -> None:
        if request.ByteSize() > _MAX_ACK_BYTES:
            raise invalid(f"Request payload size exceeds the limit: {_MAX_ACK_BYTES} bytes.")
        subscription = self._broker.find(request.subscription)
        _report(subscription.ack(_some(request.ack_ids)))

    def _modify_ack_deadline(self, request: Any) -> None:
        if request.ByteSize() > _MAX_ACK_BYTES:
            raise invalid(f"Request payload size exceeds the limit: {_MAX_ACK_BYTES} bytes.")
        subscription = self._broker.find(request.subscription)
        ids = _some(request.ack_ids)
        _report(subscription.modify(ids, [request.ack_deadline_seconds] * len(ids)))

    def _seek(self, request: Any) -> Any:
        if request.HasField("time"):
            self._broker.seek_time(request.subscription, request.time.ToNanoseconds())
        elif request.HasField("snapshot"):
            self._broker.seek_snapshot(request.subscription, request.snapshot)
        else:
            raise invalid("A seek needs a time or a snapshot.")
        return types.SeekResponse.pb()()

    async def _get_subscription(self, request: Any, context: grpc.aio.ServicerContext) -> Any:
        """Return a subscription; number and age of its messages are in the trailing metadata."""
        subscription = self._broker.find(request.subscription)
        arrived = [message.arrived for message in subscription.backlog.unacked().values()]
        now = asyncio.get_running_loop().time()
        context.set_trailing_metadata(
            (
                ("vividly-unacked-messages", str(len(arrived))),
                ("vividly-oldest-unacked-seconds", f"{now - min(arrived, default=now):.1f}"),
            )
        )
        return subscription.pb

    async def _pull(self, request: Any, context: grpc.aio.ServicerContext) -> Any:
        subscription = self._broker.find(request.subscription)
        if request.max_messages <= 0:
            raise invalid("No max_messages specified")
        until = asyncio.get_running_loop().time() + _patience(context.time_remaining())
        while True:
            leases = subscription.take(request.max_messages, MAX_RESPONSE_BYTES, Holder())
            if leases or request.return_immediately or not await subscription.wait(until):
                return types.PullResponse.pb()(received_messages=received(subscription, leases))

    async def _streaming_pull(
        self, requests: AsyncIterable[Any], context: grpc.aio.ServicerContext
    ) -> None:
        incoming = aiter(requests)
        first = await anext(incoming, None)
        if first is None or not first.subscription:
            raise invalid("first message must set subscription")
        await Stream(self._broker.find(first.subscription), first, context.write).run(incoming)


def _patience(remaining: float | None) -> float:
    """Return the seconds that a pull waits, given those left to the client's deadline."""
    if remaining is None:
        return _PULL_SECONDS
    return min(_PULL_SECONDS, max(remaining - _PULL_MARGIN, remaining / 2))


def _some(ack_ids: Any) -> list[str]:
    if not ack_ids:
        raise invalid("No ack ids specified.")
    return list(ack_ids)


def _report(failures: Mapping[str, str]) -> None:
    """Raise `Refused` with the ack ids that failed, as exactly-once delivery does."""
    if failures:
        raise Refused(
            grpc.StatusCode.FAILED_PRECONDITION,
            "Some acknowledgement ids in the request were invalid. This could be because the "
            "acknowledgement ids have expired or the acknowledgement ids were malformed.",
            failures,
        )


def _service(
    name: str, calls: Mapping[str, tuple[Any, Callable[[Any], Any]]], handlers: Mapping[str, Any]
) -> grpc.GenericRpcHandler:
    made = {method: _unary(request, _plain(call)) for method, (request, call) in calls.items()}
    return grpc.method_handlers_generic_handler(f"google.pubsub.v1.{name}", {**made, **handlers})


def _unary(request: Any, behavior: Callable[..., Any]) -> Any:
    return grpc.unary_unary_rpc_method_handler(behavior, request.pb().FromString, _serialize)


def _serialize(message: Any) -> bytes:
    return bytes(message.SerializeToString())


def _plain(call: Callable[[Any], Any]) -> Callable[..., Any]:
    async def answer(request: Any, _context: grpc.aio.ServicerContext) -> Any:
        result = call(request)
        return empty_pb2.Empty() if result is None else result

    return _refusing(answer)


def _refusing(behavior: Callable[..., Any]) -> Callable[..., Any]:
    """Return a handler that turns `Refused` into the call's status."""

    async def answer(request: Any, context: grpc.aio.ServicerContext) -> Any:
        try:
            return await behavior(request, context)
        except Refused as refused:
            await context.abort(refused.code, refused.message, _details(refused))

    return answer


def _details(refused: Refused) -> tuple[tuple[str, bytes], ...]:
    """Return trailing metadata with a `google.rpc.Status`; clients read the ack ids there."""
    if not refused.ack_ids:
        return ()
    status = status_pb2.Status(code=code_pb2.Code.Value(refused.code.name), message=refused.message)
    info = error_details_pb2.ErrorInfo(
        reason="EXACTLY_ONCE_ACKID_FAILURE",
        domain="pubsub.googleapis.com",
        metadata=refused.ack_ids,
    )
    status.details.add().Pack(info)
    return (("grpc-status-details-bin", status.SerializeToString()),)
