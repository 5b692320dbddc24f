"""Cancellable pulls from a Pub/Sub subscription."""

from __future__ import annotations

import threading

import grpc
from google.api_core import exceptions
from google.api_core.gapic_v1 import routing_header
from google.cloud import pubsub_v1


class Puller:
    """Pulls messages from a subscription; a waiting pull can be cancelled.

    `SubscriberClient.pull` cannot be cancelled. A pull that is still waiting when the job ends may
    receive the messages that the job has just returned to the subscription, and keep them from
    other workers for a whole acknowledgement deadline.

    Args:
        client: Subscriber client.
        subscription: Full resource name of the subscription.
    """

    def __init__(self, client: pubsub_v1.SubscriberClient, subscription: str) -> None:
        self._stub = client.transport.pull
        self._subscription = subscription
        self._metadata = (routing_header.to_grpc_metadata({"subscription": subscription}),)
        self._lock = threading.Lock()
        self._pending: grpc.Future | None = None
        self._closed = False

    def pull(self, max_messages: int, timeout: float) -> pubsub_v1.types.PullResponse:
        """Pull messages; wait until there is one.

        Args:
            max_messages: Most messages in the response.
            timeout: Longest wait, in seconds.

        Raises:
            google.api_core.exceptions.Cancelled: `close` was called.
            google.api_core.exceptions.GoogleAPICallError: The service returned an error.
        """
        request = pubsub_v1.types.PullRequest(
            subscription=self._subscription, max_messages=max_messages
        )
        with self._lock:
            if self._closed:
                raise exceptions.Cancelled("pulling has stopped")
            self._pending = self._stub.future(request, timeout=timeout, metadata=self._metadata)
        try:
            return self._pending.result()
        except grpc.FutureCancelledError:
            raise exceptions.Cancelled("pulling has stopped") from None
        except grpc.RpcError as error:
            raise exceptions.from_grpc_error(error) from error

    def close(self) -> None:
        """Cancel the waiting pull and refuse further ones."""
        with self._lock:
            self._closed = True
            if self._pending:
                self._pending.cancel()
