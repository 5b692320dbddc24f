"""Waiting and cancellation inside the embedded Pub/Sub server, at exact moments."""

from __future__ import annotations

import asyncio

import pytest
from google.pubsub_v1 import types

from pipeline.embedded.pubsub import config
from pipeline.embedded.pubsub.delivery import StoredMessage
from pipeline.embedded.pubsub.refusal import Refused
from pipeline.embedded.pubsub.server_subscription import Subscription
from pipeline.embedded.pubsub.streaming import Stream

SOON = 10.0
"""Seconds of a deadline that no passing test reaches."""


def subscription():
    pb = types.Subscription.pb()(
        name="projects/project/subscriptions/name", topic="projects/project/topics/name"
    )
    config.complete_subscription(pb)
    return Subscription(pb, lambda source, message, deliveries: False)


def message(number=1):
    return StoredMessage(number, types.PubsubMessage.pb()(data=b"x"), 0, float("inf"), 1)


async def settled():
    for _ in range(10):
        await asyncio.sleep(0)


def test_cancelled_waiter_wakes_the_next():
    async def scenario():
        shared = subscription()
        first, second = (asyncio.create_task(shared.wait(None)) for _ in range(2))
        await settled()
        shared.deliver(message())  # wakes the first
        first.cancel()  # which has not run yet
        assert await asyncio.wait_for(second, SOON)

    asyncio.run(scenario())


def test_one_message_wakes_one_waiter():
    async def scenario():
        shared = subscription()
        waiters = [asyncio.create_task(shared.wait(None)) for _ in range(5)]
        await settled()
        shared.deliver(message())
        await settled()
        assert [waiter.done() for waiter in waiters] == [True, False, False, False, False]
        for waiter in waiters:
            waiter.cancel()

    asyncio.run(scenario())


def test_wait_ends_at_its_deadline():
    async def scenario():
        shared = subscription()
        now = asyncio.get_running_loop().time()
        assert not await asyncio.wait_for(shared.wait(now + 0.01), SOON)
        assert not await asyncio.wait_for(shared.wait(now - 1), SOON)

    asyncio.run(scenario())


def test_stream_finishes_its_write_before_ending():
    async def scenario():
        writing, release = asyncio.Event(), asyncio.Event()
        ended = []

        async def write(response):
            writing.set()
            try:
                await release.wait()
            except asyncio.CancelledError:
                ended.append("cancelled")
                raise
            ended.append("written")

        async def requests():
            await writing.wait()
            yield types.StreamingPullRequest.pb()(ack_ids=["garbage"])

        first = types.StreamingPullRequest.pb()(stream_ack_deadline_seconds=10)
        running = asyncio.create_task(Stream(subscription(), first, write).run(requests()))
        await asyncio.wait_for(writing.wait(), SOON)
        await settled()
        assert not running.done()
        release.set()
        with pytest.raises(Refused, match="garbage"):
            await asyncio.wait_for(running, SOON)
        assert ended == ["written"]

    asyncio.run(scenario())
