"""The accounts balance after random calls, and every result follows the rules.

One worker makes random calls, and a model in plain Python computes the expected results. Then
several workers run concurrently and die at random, and messages are redelivered until settled.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.integration.ledger_support import (
    LEASE,
    accounts_balance,
    completed,
    let_lease_lapse,
    letter,
    message,
    outcome_of,
    request,
)
from transforms.ledger import ClaimRequest, Ledger
from transforms.model import Lesson


@dataclass
class ModelRequest:
    """State of a request in the model."""

    owner: str
    token: str | None
    status: str = "running"
    lapsed: bool = False
    marked: bool = False
    """The request must be cancelled."""
    entry: int = 0


@dataclass
class Model:
    """The claim rules, applied to one message after the other."""

    requests: dict[str, ModelRequest] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)

    def claim(self, asked: ClaimRequest) -> str:
        name, wanted = asked.message.message_id, asked.request.request_id
        known = self.requests.get(wanted)
        open_again = asked.replay and (
            known is None
            or known.status == "failed"
            or (known.status == "cancelled" and known.owner != name)
        )
        outcome = self.outcomes.get(name, "in_flight")
        if outcome != "in_flight" and not (outcome == "dead_lettered" and open_again):
            return "done"
        kind = self._kind(known, name, asked.replay)
        if kind == "duplicate":
            self.outcomes[name] = "duplicate"
            return kind
        self.outcomes[name] = "in_flight"
        self.requests[wanted] = ModelRequest(name, None, marked=kind == "cancelled")
        return kind

    def _kind(self, known: ModelRequest | None, name: str, replay: bool) -> str:
        if known is None:
            return "new"
        if known.owner in ("", name) and known.marked and known.status in ("running", "cancelled"):
            return "cancelled"
        if known.status == "running":
            if known.owner == name:
                return "resumed"
            if not known.lapsed:
                return "duplicate"
            return "cancelled" if known.marked and not replay else "taken_over"
        again = known.status in ("failed", "cancelled") and replay
        return "reopened" if again else "duplicate"

    def end(self, wanted: str, status: str, outcome: str) -> None:
        known = self.requests[wanted]
        known.status = status
        self.outcomes[known.owner] = outcome

    def settle_rivals(self, wanted: str, asked: dict[str, str]) -> None:
        for name, request_id in asked.items():
            if request_id == wanted and self.outcomes.get(name) == "in_flight":
                self.outcomes[name] = "duplicate"


REQUESTS = st.integers(0, 2)
RIVALS = st.integers(0, 2)


class OneWorker(RuleBasedStateMachine):
    """Random calls of one worker, compared with the model after each."""

    ledger: Ledger

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.wanted = [request() for _ in range(3)]
        self.messages = {(r, n): message() for r in range(3) for n in range(3)}
        self.asked_for = {
            sent.message_id: self.wanted[r].request_id for (r, _), sent in self.messages.items()
        }
        self.lessons: list[Lesson] = []

    def ask(self, which: tuple[int, int, bool]) -> ClaimRequest:
        number, rival, replay = which
        return ClaimRequest(self.messages[number, rival], self.wanted[number], replay)

    @rule(batch=st.lists(st.tuples(REQUESTS, RIVALS, st.booleans()), min_size=1, max_size=5))
    def claim(self, batch):
        asked = [self.ask(which) for which in batch]
        last = {each.message.message_id: at for at, each in enumerate(asked)}
        results = self.ledger.claim(asked, LEASE)
        expected = {}
        for at in sorted(last.values(), key=lambda at: (not self.owns(asked[at]), at)):
            expected[at] = self.model.claim(asked[at])
        for at, (each, result) in enumerate(zip(asked, results, strict=True)):
            assert result.kind == expected.get(at, "superseded")
            if result.claim:
                known = self.model.requests[each.request.request_id]
                known.token, known.entry = result.claim.token, result.claim.entry
                self.lessons.append(Lesson(each.message, each.request, result.claim))
            elif result.kind in ("done", "duplicate"):
                assert result.outcome
                assert result.outcome.status == self.model.outcomes[each.message.message_id]

    def owns(self, asked: ClaimRequest) -> bool:
        known = self.model.requests.get(asked.request.request_id)
        return known is not None and known.owner == asked.message.message_id

    def held(self, lesson: Lesson) -> ModelRequest | None:
        """Return the request if the lesson's claim is valid and the request runs."""
        known = self.model.requests[lesson.request.request_id]
        return known if self.entered(lesson) and known.status == "running" else None

    def entered(self, lesson: Lesson) -> bool:
        """Return true if the lesson has the last claim and entry of its request."""
        known = self.model.requests[lesson.request.request_id]
        return (known.token, known.entry) == (lesson.claim.token, lesson.claim.entry)

    def pick(self, data: Any) -> Lesson | None:
        return data.draw(st.sampled_from(self.lessons)) if self.lessons else None

    @rule(data=st.data())
    def complete(self, data):
        if lesson := self.pick(data):
            known = self.model.requests[lesson.request.request_id]
            again = self.entered(lesson) and known.status == "completed"
            mine = self.held(lesson) is not None and not known.marked
            assert self.ledger.complete([completed(lesson)]) == [mine or again]
            if mine:
                self.model.end(lesson.request.request_id, "completed", "completed")
                self.model.settle_rivals(lesson.request.request_id, self.asked_for)

    @rule(number=REQUESTS)
    def cancel(self, number):
        wanted = self.wanted[number].request_id
        new = ModelRequest("", None, "cancelled", marked=True)
        known = self.model.requests.setdefault(wanted, new)
        known.marked = known.marked or known.status == "running"
        if known.status == "running" and known.lapsed:
            known.status, known.token = "cancelled", None
        [state] = self.ledger.cancel([wanted])
        assert (state.request_id, state.status) == (wanted, known.status)
        assert state.received == (known.owner != "")
        assert (state.cancel_requested_at is not None) == known.marked

    @rule(data=st.data(), claimed=st.booleans(), error=st.sampled_from(["TypeError", "Cancelled"]))
    def fail(self, data, claimed, error):
        if lesson := self.pick(data):
            wanted = lesson.request.request_id
            known = self.model.requests[wanted]
            if claimed:
                mine = self.held(lesson) is not None
                again = self.entered(lesson) and known.status in ("failed", "cancelled")
                expected = mine or again
                settled = self.ledger.dead_letter([letter(lesson, "script", error_type=error)])
            else:
                mine = known.owner == lesson.message.message_id and known.status == "running"
                expected = True
                asked = ClaimRequest(lesson.message, lesson.request)
                settled = self.ledger.dead_letter([letter(asked, "claim")])
            assert settled == [expected]
            if mine:
                status = "cancelled" if claimed and error == "Cancelled" else "failed"
                self.model.end(wanted, status, "dead_lettered")
                self.model.settle_rivals(wanted, self.asked_for)
            elif not claimed and self.model.outcomes[lesson.message.message_id] == "in_flight":
                self.model.outcomes[lesson.message.message_id] = "dead_lettered"

    @rule(data=st.data())
    def release(self, data):
        if lesson := self.pick(data):
            known = self.held(lesson)
            freed = self.ledger.release([lesson])
            assert freed == ({lesson.request.request_id} if known else set())
            if known:
                known.entry, known.lapsed = known.entry + 1, True

    @rule(data=st.data(), percent=st.integers(0, 100))
    def beat(self, data, percent):
        if lesson := self.pick(data):
            known = self.model.requests[lesson.request.request_id]
            lost = set() if self.held(lesson) else {lesson.request.request_id}
            beaten = self.ledger.heartbeat([lesson.entry_key], LEASE.total_seconds())
            assert beaten == ({lesson.entry_key} if lost else set())
            status = self.ledger.progress([(lesson, "narration", percent)])
            assert status.lost == lost
            mine = {lesson.request.request_id} - lost
            assert status.cancelled == (mine if known.marked else set())
            if self.held(lesson):
                known.lapsed = False

    @rule(data=st.data())
    def enter(self, data):
        if lesson := self.pick(data):
            name = lesson.message.message_id
            known = self.model.requests[lesson.request.request_id]
            outcome = self.model.outcomes[name]
            [answer] = self.ledger.enter([lesson], "video")
            if outcome != "in_flight":
                assert answer.outcome
                assert (answer.kind, answer.outcome.status) == ("done", outcome)
            elif known.token == lesson.claim.token and known.status == "running":
                assert answer.kind == ("cancelled" if known.marked else "go")
                known.entry, known.lapsed = known.entry + 1, False
                assert answer.lesson.claim.entry == known.entry
                self.lessons.append(answer.lesson)
            elif known.status in ("completed", "failed"):
                assert answer.outcome
                assert (answer.kind, answer.outcome.status) == ("done", "duplicate")
                self.model.outcomes[name] = "duplicate"
            else:
                assert answer.kind == ("lost" if known.status == "running" else "cancelled")
                assert answer.lesson.claim.entry == 0

    @rule(number=REQUESTS)
    def lapse(self, number):
        wanted = self.wanted[number].request_id
        if wanted in self.model.requests:
            let_lease_lapse(self.ledger, wanted)
            self.model.requests[wanted].lapsed = True

    @rule(number=REQUESTS, rival=RIVALS)
    def filter_duplicate(self, number, rival):
        sent, wanted = self.messages[number, rival], self.wanted[number].request_id
        known = self.model.requests.get(wanted)
        outcome = self.model.outcomes.get(sent.message_id)
        if outcome in (None, "in_flight"):
            second = known is not None and known.owner != sent.message_id
            if second:
                self.model.outcomes[sent.message_id] = "duplicate"
        else:
            second = True
        assert self.ledger.duplicates([(sent, wanted)]) == [second]

    @invariant()
    def rows_match_the_model(self):
        statuses = {wanted: known.status for wanted, known in self.model.requests.items()}
        found = {
            each.request_id: rows[0].status
            for each in self.wanted
            if (rows := self.ledger.requests(each.request_id))
        }
        assert found == statuses
        for name in self.asked_for:
            assert outcome_of(self.ledger, name) == self.model.outcomes.get(name)
        assert accounts_balance(self.ledger)


def test_random_calls_follow_the_model(ledger):
    OneWorker.ledger = ledger
    run_state_machine_as_test(
        OneWorker,
        settings=settings(
            max_examples=settings().max_examples // 2,  # each makes hundreds of queries
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_dying_workers_settle_every_message_once(ledger, seed):
    """Messages are redelivered until they are settled."""
    chance = random.Random(seed)
    wanted = [request() for _ in range(40)]
    copies = [ClaimRequest(message(), each) for each in wanted for _ in range(chance.randint(1, 4))]
    bad = [message() for _ in range(10)]
    queue: list[Any] = copies + bad
    chance.shuffle(queue)
    outcomes: dict[str, list[str]] = {}
    lock, watching = threading.Lock(), threading.Event()
    deaths: Counter[str] = Counter()

    def settled(message_id: str, status: str) -> None:
        with lock:
            outcomes.setdefault(message_id, []).append(status)

    def work(worker: int) -> None:
        luck = random.Random(f"{seed}-{worker}")
        while True:
            with lock:
                batch = [queue.pop() for _ in range(min(len(queue), luck.randint(1, 6)))]
            if not batch:
                return
            back = _handle(ledger, batch, luck, settled, deaths)
            with lock:
                queue.extend(back)
                luck.shuffle(queue)

    def watch() -> None:
        while not watching.wait(0.01):
            assert accounts_balance(ledger)

    with ThreadPoolExecutor(9) as pool:
        watcher = pool.submit(watch)
        workers = [pool.submit(work, number) for number in range(8)]
        for each in workers:
            each.result()
        while queue:  # left by the last worker
            work(99)
        watching.set()
        watcher.result()

    all_ids = {each.message.message_id for each in copies} | {each.message_id for each in bad}
    assert set(outcomes) == all_ids
    assert {status for told in outcomes.values() for status in told} <= {
        "completed", "duplicate", "dead_lettered",
    }  # fmt: skip
    assert all(len(set(told)) == 1 for told in outcomes.values())
    final = {name: outcome_of(ledger, name) for name in all_ids}
    assert final == {name: told[0] for name, told in outcomes.items()}
    totals = ledger.totals()
    assert (totals.received, totals.in_flight) == (len(all_ids), 0)
    requests = ledger.request_counts()
    assert requests.get("running", 0) == 0
    assert totals.completed == requests["completed"]
    assert totals.dead_lettered == requests.get("failed", 0) + len(bad)
    assert len(ledger.dead_letters(limit=None)) == totals.dead_lettered
    assert min(deaths["before"], deaths["after"]) > 0, "no worker died: nothing was tested"


def _handle(ledger, batch, luck, settled, deaths):
    """Work on a batch, dying at random; return the messages that were not acknowledged."""
    back = []
    asked = [each for each in batch if isinstance(each, ClaimRequest)]
    for each in batch:
        if not isinstance(each, ClaimRequest):
            if luck.random() < 0.3:
                back.append(each)  # died before the write
            else:
                assert ledger.dead_letter([letter(each)]) == [True]
                if luck.random() < 0.3:
                    back.append(each)  # died before acknowledging
                else:
                    settled(each.message_id, "dead_lettered")
    lease = timedelta(seconds=luck.choice([0, 300]))
    for each, result in zip(asked, ledger.claim(asked, lease), strict=True):
        name = each.message.message_id
        if luck.random() < 0.25:
            deaths["before"] += 1
            back.append(each)
        elif result.outcome:
            settled(name, result.outcome.status)
        else:
            lesson = Lesson(each.message, each.request, result.claim)
            if luck.random() < 0.2:
                ledger.release([lesson])
                back.append(each)
                continue
            ledger.progress([(lesson, "narration", 25)])
            if luck.random() < 0.8:
                [mine], status = ledger.complete([completed(lesson)]), "completed"
            else:
                [mine], status = ledger.dead_letter([letter(lesson, "video")]), "dead_lettered"
            if not mine or luck.random() < 0.25:
                deaths["after"] += mine
                back.append(each)
            else:
                settled(name, status)
    return back
