"""Stream serves one StreamingPull call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from google.pubsub_v1 import types

from pipeline.embedded.pubsub.delivery import Holder, Lease
from pipeline.embedded.pubsub.refusal import invalid
from pipeline.embedded.pubsub.server_subscription import (
    INVALID_ACK_ID,
    UNORDERED_ACK_ID,
    Subscription,
)

_MAX_OUTSTANDING_MESSAGES = 10_000
_MAX_OUTSTANDING_BYTES = 1_000_000_000
_BATCH = 500
"""Maximum number of messages in one response."""

_ReceivedMessage = types.ReceivedMessage.pb()
_Response = types.StreamingPullResponse.pb()


def received(subscription: Subscription, leases: list[Lease]) -> list[Any]:
    """Convert leases to `ReceivedMessage` messages of the API."""
    counted = subscription.pb.HasField("dead_letter_policy")
    return [
        _ReceivedMessage(
            ack_id=lease.ack_id,
            message=lease.message.pb,
            delivery_attempt=lease.attempt if counted else 0,
        )
        for lease in leases
    ]


class _Window(Holder):
    """The client's flow control: limits on what a stream holds unsettled."""

    def __init__(self, max_messages: int, max_bytes: int) -> None:
        super().__init__()
        self._max_messages = max_messages or _MAX_OUTSTANDING_MESSAGES
        self._max_bytes = max_bytes or _MAX_OUTSTANDING_BYTES
        self._released = asyncio.Event()

    @property
    def room(self) -> tuple[int, int]:
        """Messages and bytes that still fit; (0, 0) when the window is full."""
        messages = self._max_messages - self.messages
        size = self._max_bytes - self.bytes
        return (messages, size) if messages > 0 and size > 0 else (0, 0)

    def shrink(self, size: int) -> None:
        super().shrink(size)
        self._released.set()

    async def wait_for_settlement(self) -> None:
        """Wait until a message of the stream is settled."""
        self._released.clear()
        await self._released.wait()


class Stream:
    """One StreamingPull call: it delivers messages and applies acknowledgements until it ends.

    Args:
        subscription: the subscription to deliver from.
        first: the first `StreamingPullRequest`, with the limits.
        write: sends a response.

    Raises:
        Refused: the first request is not valid.
    """

    def __init__(
        self, subscription: Subscription, first: Any, write: Callable[[Any], Awaitable[None]]
    ) -> None:
        if not first.stream_ack_deadline_seconds:
            raise invalid("first message must set stream_ack_deadline_seconds")
        self._subscription = subscription
        self._first = first
        self._write = write
        self._writing = asyncio.Lock()
        self._window = _Window(first.max_outstanding_messages, first.max_outstanding_bytes)

    async def run(self, requests: AsyncIterator[Any]) -> None:
        """Serve the stream until the client ends it.

        Args:
            requests: the client's requests after the first.

        Raises:
            Refused: a request is not valid, or the subscription was deleted.
        """
        await self._apply(self._first)
        tasks = {asyncio.create_task(self._read(requests)), asyncio.create_task(self._send())}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            async with self._writing:  # gRPC cannot end a call in the middle of a write
                for task in tasks:
                    task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, requests: AsyncIterator[Any]) -> None:
        async for request in requests:
            if request.subscription:
                raise invalid("subscription may only be set in first message")
            await self._apply(request)

    async def _send(self) -> None:
        await self._respond()  # tells the client the subscription's properties at once
        while True:
            self._subscription.check_alive()
            messages, size = self._window.room
            if not messages:
                await self._window.wait_for_settlement()
                continue
            leases = self._subscription.take(
                min(messages, _BATCH), size, self._window, self._ack_deadline
            )
            if leases:
                await self._respond(received_messages=received(self._subscription, leases))
            else:
                await self._subscription.wait(None)

    async def _apply(self, request: Any) -> None:
        if request.stream_ack_deadline_seconds:
            if not 10 <= request.stream_ack_deadline_seconds <= 600:
                raise invalid("stream_ack_deadline_seconds must be between 10 and 600 seconds")
            self._ack_deadline = request.stream_ack_deadline_seconds
        acked = list(request.ack_ids)
        modified = list(request.modify_deadline_ack_ids)
        if len(modified) != len(request.modify_deadline_seconds):
            raise invalid("ack IDs and deadlines must have the same size")
        failures = self._subscription.ack(acked) if acked else {}
        confirmed: dict[str, Any] = {}
        if acked:
            confirmed["acknowledge_confirmation"] = _confirmation(
                types.StreamingPullResponse.AcknowledgeConfirmation, acked, failures
            )
        if modified:
            failures = self._subscription.modify(modified, list(request.modify_deadline_seconds))
            confirmed["modify_ack_deadline_confirmation"] = _confirmation(
                types.StreamingPullResponse.ModifyAckDeadlineConfirmation, modified, failures
            )
        if confirmed and self._subscription.pb.enable_exactly_once_delivery:
            await self._respond(**confirmed)

    async def _respond(self, **fields: Any) -> None:
        settings = self._subscription.pb
        response = _Response(
            subscription_properties={
                "exactly_once_delivery_enabled": settings.enable_exactly_once_delivery,
                "message_ordering_enabled": settings.enable_message_ordering,
            },
            **fields,
        )
        async with self._writing:  # the reader confirms while the sender delivers
            await self._write(response)


def _confirmation(kind: Any, ack_ids: list[str], failures: Mapping[str, str]) -> Any:
    confirmation = kind.pb()(
        ack_ids=[ack_id for ack_id in ack_ids if ack_id not in failures],
        invalid_ack_ids=[x for x, reason in failures.items() if reason == INVALID_ACK_ID],
    )
    unordered = [x for x, reason in failures.items() if reason == UNORDERED_ACK_ID]
    if unordered:  # changed deadlines need no order, and their confirmation has no such field
        confirmation.unordered_ack_ids.extend(unordered)
    return confirmation
