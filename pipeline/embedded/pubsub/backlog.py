"""Backlog holds the undelivered and unsettled messages of one subscription.

It does no waiting and no I/O. Every method takes `now` in seconds of a monotonic clock, and
`next_event` returns when `advance` must be called next.

With ordering on, the messages of one key form a lane: a lane delivers a run of messages in order
and then nothing more until all of that run is settled. Nacking a message also nacks the later
ones of its lane.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pipeline.embedded.pubsub.delivery import DeliveryPolicy, Holder, Lease, StoredMessage


@dataclass(slots=True)
class _Lane:
    """The messages of one ordering key.

    Attributes:
        pending: sequences waiting to be delivered, a heap.
        leased: ack ids of delivered, unsettled messages, by sequence.
        resumes: time until which the lane is held back; 0 when it is not.
        queued: true while its first message is among the ready ones.
    """

    key: str
    pending: list[int] = field(default_factory=list)
    leased: dict[int, str] = field(default_factory=dict)
    resumes: float = 0.0
    queued: bool = False


class Backlog:
    """The undelivered and unsettled messages of one subscription.

    Args:
        policy: deadlines, order and retries of deliveries.
        bury: moves a message elsewhere after `DeliveryPolicy.max_attempts` deliveries; called
            with the message and their number. If it returns false, the message stays here.
    """

    def __init__(self, policy: DeliveryPolicy, bury: Callable[[StoredMessage, int], bool]) -> None:
        self.policy = policy
        self._bury = bury
        self._messages: dict[int, StoredMessage] = {}
        self._attempts: dict[int, int] = {}
        self._leases: dict[str, Lease] = {}
        self._issued = 0
        self._clear_queues()

    def _clear_queues(self) -> None:
        self._ready: list[int] = []
        self._lanes: dict[str, _Lane] = {}
        self._delayed: list[tuple[float, int]] = []
        self._paused: list[tuple[float, str]] = []
        self._expiries: list[tuple[float, str]] = []

    @property
    def ready(self) -> bool:
        """True when `take` would deliver a message."""
        return bool(self._ready)

    def unacked(self) -> dict[int, StoredMessage]:
        """Return all messages not yet acknowledged, delivered or not, by sequence."""
        return dict(self._messages)

    def add(self, message: StoredMessage) -> None:
        """Queue a new message."""
        self._messages[message.sequence] = message
        self._enqueue(message)

    def take(
        self,
        now: float,
        messages: int,
        size: int,
        holder: Holder,
        ack_deadline: float | None = None,
    ) -> list[Lease]:
        """Lease ready messages to a consumer, oldest first.

        Args:
            now: the time.
            messages: maximum number of messages.
            size: maximum number of bytes; one message is delivered even if it is larger.
            holder: the consumer that holds them.
            ack_deadline: seconds until the leases expire; by default the policy's.
        """
        self.advance(now)
        deadline = now + (ack_deadline or self.policy.ack_deadline)
        taken: list[Lease] = []
        # The next message of a lane that this call has begun; it stays in the lane unless taken.
        continued: list[int] = []
        while len(taken) < messages and (self._ready or continued):
            source = self._ready
            if continued and (not self._ready or continued[0] < self._ready[0]):
                source = continued
            message = self._messages[source[0]]
            if taken and message.size > size:
                break
            heapq.heappop(source)
            size -= message.size
            lease = self._lease(message, deadline, holder)
            taken.append(lease)
            if lane := self._lane(message):
                heapq.heappop(lane.pending)
                lane.queued = False
                lane.leased[message.sequence] = lease.ack_id
                if lane.pending:
                    heapq.heappush(continued, lane.pending[0])
        return taken

    def ack(self, ack_id: str, now: float) -> bool:
        """Settle a message; return false when the lease is no longer valid."""
        self.advance(now)
        lease = self._leases.get(ack_id)
        if lease is None:
            return False
        self._end(lease)
        self._settle(lease.message.sequence)
        if lane := self._lane(lease.message):
            self._release(lane)
        return True

    def follows_leased(self, ack_id: str) -> bool:
        """Return true if a message before this one, with the same key, is leased."""
        lease = self._leases.get(ack_id)
        lane = self._lane(lease.message) if lease else None
        return bool(lease and lane and min(lane.leased) < lease.message.sequence)

    def modify(self, ack_id: str, seconds: float, now: float) -> bool:
        """Move a lease's end to `seconds` from now; 0 nacks the message.

        Returns:
            False when the lease is no longer valid.
        """
        self.advance(now)
        lease = self._leases.get(ack_id)
        if lease is None:
            return False
        if seconds > 0:
            lease.deadline = now + seconds
            heapq.heappush(self._expiries, (lease.deadline, ack_id))
        else:
            self._hand_back(lease, now)
        return True

    def advance(self, now: float) -> None:
        """End expired leases, queue delayed messages that are due, drop outdated messages."""
        while self._expiries and self._expiries[0][0] <= now:
            _, ack_id = heapq.heappop(self._expiries)
            lease = self._leases.get(ack_id)
            if lease is not None and lease.deadline <= now:
                self._hand_back(lease, now)
        while self._delayed and self._delayed[0][0] <= now:
            heapq.heappush(self._ready, heapq.heappop(self._delayed)[1])
        while self._paused and self._paused[0][0] <= now:
            lane = self._lanes.get(heapq.heappop(self._paused)[1])
            if lane is not None and lane.resumes <= now:
                lane.resumes = 0.0
                self._release(lane)
        expired = set()
        for sequence, message in self._messages.items():  # oldest first
            if message.arrived + self.policy.retention > now:
                break
            expired.add(sequence)
        if expired:
            self._forget(expired)

    def next_event(self) -> float | None:
        """Return the time at which `advance` must be called next; None for never."""
        while self._expiries:
            lease = self._leases.get(self._expiries[0][1])
            if lease is not None and lease.deadline <= self._expiries[0][0]:
                break
            heapq.heappop(self._expiries)  # settled or extended since
        times = [time[0][0] for time in (self._expiries, self._delayed, self._paused) if time]
        oldest = next(iter(self._messages.values()), None)
        if oldest is not None:
            times.append(oldest.arrived + self.policy.retention)
        return min(times, default=None)

    def seek(self, messages: Iterable[StoredMessage]) -> None:
        """Replace the backlog by `messages`, all undelivered; end every lease."""
        for lease in list(self._leases.values()):
            self._end(lease)
        self._clear_queues()
        self._attempts.clear()
        self._messages = {m.sequence: m for m in sorted(messages, key=lambda m: m.sequence)}
        for message in self._messages.values():
            self._enqueue(message)

    def _lease(self, message: StoredMessage, deadline: float, holder: Holder) -> Lease:
        self._issued += 1
        attempt = self._attempts.get(message.sequence, 0) + 1
        self._attempts[message.sequence] = attempt
        lease = Lease(f"{message.sequence}-{self._issued}", message, attempt, deadline, holder)
        self._leases[lease.ack_id] = lease
        heapq.heappush(self._expiries, (deadline, lease.ack_id))
        holder.grow(message.size)
        return lease

    def _end(self, lease: Lease) -> None:
        del self._leases[lease.ack_id]
        lease.holder.shrink(lease.message.size)
        if lane := self._lane(lease.message):
            lane.leased.pop(lease.message.sequence, None)

    def _hand_back(self, lease: Lease, now: float) -> None:
        message = lease.message
        self._end(lease)
        lane = self._lane(message)
        if lane is not None:
            for ack_id in [ack_id for n, ack_id in lane.leased.items() if n > message.sequence]:
                follower = self._leases[ack_id]
                self._end(follower)
                heapq.heappush(lane.pending, follower.message.sequence)
        limit = self.policy.max_attempts
        buried = limit is not None and lease.attempt >= limit and self._bury(message, lease.attempt)
        delay = 0.0 if buried else self.policy.delay(lease.attempt)
        if buried:
            self._settle(message.sequence)
        elif lane is not None:
            heapq.heappush(lane.pending, message.sequence)
        elif delay:
            heapq.heappush(self._delayed, (now + delay, message.sequence))
        else:
            heapq.heappush(self._ready, message.sequence)
        if lane is not None:
            if delay:
                lane.resumes = max(lane.resumes, now + delay)
                heapq.heappush(self._paused, (lane.resumes, lane.key))
            self._release(lane)

    def _enqueue(self, message: StoredMessage) -> None:
        if not self._is_keyed(message):
            heapq.heappush(self._ready, message.sequence)
            return
        key = message.pb.ordering_key
        lane = self._lanes.setdefault(key, _Lane(key))
        heapq.heappush(lane.pending, message.sequence)
        self._release(lane)

    def _release(self, lane: _Lane) -> None:
        """Queue the first message of a lane that is not held back; drop an empty lane."""
        if lane.leased or lane.queued or lane.resumes:
            return
        if lane.pending:
            lane.queued = True
            heapq.heappush(self._ready, lane.pending[0])
        else:
            del self._lanes[lane.key]

    def _is_keyed(self, message: StoredMessage) -> bool:
        return self.policy.ordered and bool(message.pb.ordering_key)

    def _lane(self, message: StoredMessage) -> _Lane | None:
        return self._lanes.get(message.pb.ordering_key) if self._is_keyed(message) else None

    def _settle(self, sequence: int) -> None:
        self._attempts.pop(sequence, None)
        del self._messages[sequence]

    def _forget(self, expired: set[int]) -> None:
        """Drop expired messages, leased and delayed ones too."""
        for lease in [x for x in self._leases.values() if x.message.sequence in expired]:
            self._end(lease)
        self._ready = [
            n for n in self._ready if n not in expired and not self._is_keyed(self._messages[n])
        ]
        self._delayed = [(time, n) for time, n in self._delayed if n not in expired]
        for sequence in expired:
            del self._messages[sequence]
            self._attempts.pop(sequence, None)
        heapq.heapify(self._ready)
        heapq.heapify(self._delayed)
        for lane in list(self._lanes.values()):
            lane.queued = False
            lane.pending = [n for n in lane.pending if n not in expired]
            heapq.heapify(lane.pending)
            self._release(lane)
