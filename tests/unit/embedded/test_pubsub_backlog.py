"""Delivery rules of a subscription's backlog, tested with a simulated clock."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pipeline.embedded.pubsub.backlog import Backlog
from pipeline.embedded.pubsub.delivery import DeliveryPolicy, Holder, StoredMessage

ALL = 1_000_000


class Queue:
    """A backlog with a simulated clock and helpers for tests."""

    def __init__(self, bury=lambda message, attempts: False, **policy):
        self.backlog = Backlog(DeliveryPolicy(**policy), bury)
        self.holder = Holder()
        self.now = 1_000.0
        self.messages = []

    def publish(self, *keys, size=1):
        for key in keys:
            number = len(self.messages) + 1
            pb = SimpleNamespace(ordering_key=key)
            message = StoredMessage(number, pb, int(self.now * 1e9), self.now, size)
            self.messages.append(message)
            self.backlog.add(message)

    def take(self, messages=ALL, size=ALL):
        return self.backlog.take(self.now, messages, size, self.holder)

    def numbers(self, messages=ALL):
        return [lease.message.sequence for lease in self.take(messages)]

    def pass_time(self, seconds):
        self.now += seconds
        self.backlog.advance(self.now)

    def ack(self, *leases):
        return [self.backlog.ack(lease.ack_id, self.now) for lease in leases]

    def modify(self, seconds, *leases):
        return [self.backlog.modify(lease.ack_id, seconds, self.now) for lease in leases]


def test_messages_are_delivered_once_oldest_first():
    queue = Queue()
    queue.publish("", "", "")
    assert queue.numbers(2) == [1, 2]
    assert queue.numbers() == [3]
    assert not queue.backlog.ready


def test_acknowledged_message_is_removed():
    queue = Queue()
    queue.publish("")
    [lease] = queue.take()
    assert queue.ack(lease) == [True]
    assert queue.ack(lease) == [False]
    queue.pass_time(1_000)
    assert queue.numbers() == []
    assert queue.backlog.unacked() == {}
    assert queue.backlog.next_event() is None


def test_expired_lease_is_void_and_message_redelivered():
    queue = Queue(ack_deadline=10)
    queue.publish("")
    [first] = queue.take()
    assert queue.backlog.next_event() == queue.now + 10
    queue.pass_time(9.9)
    assert queue.numbers() == []
    queue.pass_time(0.1)
    assert queue.ack(first) == [False]
    assert queue.modify(60, first) == [False]
    [second] = queue.take()
    assert (second.message.sequence, second.attempt) == (1, 2)
    assert second.ack_id != first.ack_id


def test_lease_can_be_extended_and_shortened():
    queue = Queue(ack_deadline=10)
    queue.publish("", "")
    long, short = queue.take()
    assert queue.modify(60, long) == [True]
    assert queue.modify(1, short) == [True]
    queue.pass_time(2)
    assert queue.numbers() == [2]
    queue.pass_time(57)
    assert queue.ack(long) == [True]


def test_message_handed_back_is_ready_at_once():
    queue = Queue()
    queue.publish("", "")
    first, _ = queue.take()
    assert queue.modify(0, first) == [True]
    assert queue.backlog.ready
    assert queue.numbers() == [1]


def test_backoff_doubles_up_to_its_limit():
    queue = Queue(backoff=(1, 5))
    queue.publish("")
    for wait in (1, 2, 4, 5, 5):
        [lease] = queue.take()
        queue.modify(0, lease)
        queue.pass_time(wait - 0.01)
        assert queue.numbers() == []
        assert queue.backlog.next_event() == pytest.approx(queue.now + 0.01)
        queue.pass_time(0.02)


def test_backoff_does_not_overflow():
    assert DeliveryPolicy(backoff=(10, 600)).delay(10_000) == 600


def test_message_is_buried_after_max_attempts():
    buried = []

    def bury(message, attempts):
        buried.append((message.sequence, attempts))
        return True

    queue = Queue(max_attempts=5, bury=bury)
    queue.publish("")
    for attempt in range(1, 6):
        [lease] = queue.take()
        assert lease.attempt == attempt
        queue.modify(0, lease)
    assert buried == [(1, 5)]
    assert queue.numbers() == []
    assert queue.backlog.unacked() == {}


def test_message_without_dead_letter_topic_stays():
    queue = Queue(max_attempts=5)
    queue.publish("")
    for _ in range(7):
        queue.modify(0, *queue.take())
    [lease] = queue.take()
    assert lease.attempt == 8


def test_byte_limit_delivers_at_least_one_message():
    queue = Queue()
    queue.publish("", "", "", size=40)
    assert len(queue.take(size=100)) == 2
    assert len(queue.take(size=10)) == 1


def test_holder_counts_unsettled_messages_and_bytes():
    queue = Queue(ack_deadline=10)
    queue.publish("", "", "", size=7)
    first, second, _ = queue.take()
    assert (queue.holder.messages, queue.holder.bytes) == (3, 21)
    queue.ack(first)
    queue.modify(0, second)
    assert (queue.holder.messages, queue.holder.bytes) == (1, 7)
    queue.pass_time(10)
    assert (queue.holder.messages, queue.holder.bytes) == (0, 0)


def test_outdated_messages_are_dropped_in_every_state():
    queue = Queue(ordered=True, retention=600, ack_deadline=600, backoff=(300, 600))
    queue.publish("", "x", "x", "", "y")
    taken = {lease.message.sequence: lease for lease in queue.take(4)}
    queue.modify(0, taken[1], taken[2])
    queue.pass_time(590)
    queue.publish("x")
    assert (queue.backlog.next_event() or 0) <= queue.now + 10
    queue.pass_time(10)
    assert list(queue.backlog.unacked()) == [6]
    assert queue.holder.messages == 0
    queue.pass_time(20)
    assert queue.numbers() == [6]


def test_seek_ends_leases_and_resets_attempts():
    queue = Queue()
    queue.publish("", "")
    leases = queue.take()
    queue.backlog.seek(queue.messages[1:])
    assert queue.holder.messages == 0
    assert queue.ack(*leases) == [False, False]
    [lease] = queue.take()
    assert (lease.message.sequence, lease.attempt) == (2, 1)


def test_seek_redelivers_messages_acknowledged_before():
    queue = Queue(ordered=True)
    queue.publish("x", "", "x")
    queue.ack(*queue.take())
    assert queue.backlog.unacked() == {}
    queue.backlog.seek(reversed(queue.messages))
    assert queue.numbers() == [1, 2, 3]


def test_lane_waits_until_its_run_is_settled():
    queue = Queue(ordered=True)
    queue.publish("x", "y", "x", "y", "x", "")
    run = queue.take(3)
    assert [lease.message.sequence for lease in run] == [1, 2, 3]
    assert queue.numbers() == [6]
    queue.ack(run[0], run[1])
    assert queue.numbers() == [4]
    queue.ack(run[2])
    assert queue.numbers() == [5]


def test_lane_takes_back_later_messages():
    queue = Queue(ordered=True)
    queue.publish("x", "x", "x")
    first, second, third = queue.take()
    queue.modify(0, second)
    assert queue.ack(third) == [False]
    assert queue.numbers() == []
    queue.ack(first)
    assert queue.numbers() == [2, 3]


def test_lane_backs_off_as_a_whole():
    queue = Queue(ordered=True, backoff=(10, 600), ack_deadline=600)
    queue.publish("x", "x", "y")
    first, *_ = queue.take()
    queue.modify(0, first)
    queue.publish("x")
    queue.pass_time(9)
    assert queue.numbers() == []
    queue.pass_time(1)
    assert queue.numbers() == [1, 2, 4]


def test_buried_message_frees_its_lane():
    queue = Queue(ordered=True, max_attempts=5, bury=lambda message, attempts: True)
    queue.publish("x", "x")
    for _ in range(5):
        first, *_ = queue.take(1)
        queue.modify(0, first)
    assert queue.numbers() == [2]


def test_keys_are_ignored_without_ordering():
    queue = Queue(ordered=False)
    queue.publish("x", "x")
    [first] = queue.take(1)
    assert queue.numbers() == [2]
    queue.modify(0, first)
    assert queue.numbers() == [1]


class AnyUse(RuleBasedStateMachine):
    """Random use loses no message, never leases one twice at a time, and keeps the order."""

    def __init__(self):
        super().__init__()
        self.queue = Queue(ordered=True, ack_deadline=10, backoff=(1, 4))
        self.live = {}
        self.acked = set()

    def unacked(self, key):
        return [
            m.sequence
            for m in self.queue.messages
            if m.pb.ordering_key == key and m.sequence not in self.acked
        ]

    def leased(self):
        return {lease.message.sequence for lease in self.live.values()}

    def hand_back(self, lease):
        """Remove a lease and the later leases of its key, which end with it."""
        key, number = lease.message.pb.ordering_key, lease.message.sequence

        def ends(other):
            follows = other.message.pb.ordering_key == key and other.message.sequence > number
            return other is lease or (key != "" and follows)

        self.live = {n: other for n, other in self.live.items() if not ends(other)}

    @rule(keys=st.lists(st.sampled_from(["", "x", "y"]), min_size=1, max_size=5))
    def publish(self, keys):
        self.queue.publish(*keys)

    @rule(limit=st.integers(1, 6))
    def take(self, limit):
        before = self.leased()
        taken = self.queue.take(limit)
        numbers = [lease.message.sequence for lease in taken]
        assert not before & set(numbers)
        assert not self.acked & set(numbers)
        assert len(numbers) == len(set(numbers))
        for key in "xy":
            run = [x.message.sequence for x in taken if x.message.pb.ordering_key == key]
            if run:
                assert run == self.unacked(key)[: len(run)]
                assert not before & set(self.unacked(key))
        self.live.update({lease.ack_id: lease for lease in taken})

    @precondition(lambda self: self.live)
    @rule(data=st.data(), what=st.sampled_from(["ack", "nack", "extend"]))
    def settle(self, data, what):
        lease = self.live[data.draw(st.sampled_from(sorted(self.live)))]
        if what == "ack":
            assert self.queue.ack(lease) == [True]
            del self.live[lease.ack_id]
            self.acked.add(lease.message.sequence)
        elif what == "extend":
            assert self.queue.modify(20, lease) == [True]
        else:
            assert self.queue.modify(0, lease) == [True]
            self.hand_back(lease)

    @rule(seconds=st.sampled_from([0.5, 3, 10, 30]))
    def pass_time(self, seconds):
        self.queue.pass_time(seconds)
        for lease in list(self.live.values()):
            if lease.deadline <= self.queue.now:
                self.hand_back(lease)

    @invariant()
    def the_holder_counts_the_leases(self):
        assert self.queue.holder.messages == len(self.live)

    @invariant()
    def nothing_is_lost(self):
        assert (
            set(self.queue.backlog.unacked())
            == {m.sequence for m in self.queue.messages} - self.acked
        )

    def teardown(self):
        for _ in range(len(self.queue.messages) + 1):
            self.queue.pass_time(30)
            leases = self.queue.take()
            assert all(self.queue.ack(*leases))
            self.acked.update(lease.message.sequence for lease in leases)
        assert self.acked == {m.sequence for m in self.queue.messages}
        assert self.queue.backlog.next_event() is None


AnyUse.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestAnyUse = AnyUse.TestCase
