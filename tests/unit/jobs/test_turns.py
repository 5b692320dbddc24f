"""Students take turns in the queue of heavy requests."""

from __future__ import annotations

from collections.abc import Hashable, Set
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from pipeline.jobs.turns import Batch, TurnQueue
from transforms.model import Message


def queue(*students: str) -> TurnQueue:
    made = TurnQueue()
    add(made, *students)
    return made


def add(to: TurnQueue, *students: str) -> None:
    for student in students:
        to.append(Message(b"", {}, f"{student}-{len(to)}", datetime.now(UTC)), student)


def take(found: TurnQueue, in_work: Set[Hashable] = frozenset()) -> Batch:
    taken = found.pop(in_work)
    assert taken
    return taken


def taken(found: TurnQueue, count: int) -> str:
    return "".join(take(found).student for _ in range(count))


def test_students_take_turns_in_order_of_arrival():
    waiting = queue("a", "a", "a", "b", "a", "c", "b")
    assert taken(waiting, 7) == "abcabaa"
    assert not len(waiting)


def test_late_student_comes_before_second_turns():
    waiting = queue("a", "a", "a", "b", "b")
    assert taken(waiting, 1) == "a"
    add(waiting, "c")
    assert taken(waiting, 5) == "bcaba"


def test_student_just_served_waits_for_the_next_round():
    waiting = queue("a", "b", "c")
    assert taken(waiting, 1) == "a"
    add(waiting, "a")
    assert taken(waiting, 3) == "bca"


def test_messages_of_one_student_keep_their_order():
    waiting = queue(*"aaaa")
    assert [each.message_id for each in waiting] == ["a-0", "a-1", "a-2", "a-3"]
    assert [take(waiting).messages[0].message_id for _ in range(4)] == ["a-0", "a-1", "a-2", "a-3"]


def test_queue_forgets_students_of_earlier_rounds():
    waiting = queue()
    for number in range(1000):
        add(waiting, f"s-{number}", "a")
        waiting.pop()
        waiting.pop()
    assert len(waiting._last) < 5
    waiting.clear()
    assert list(waiting) == []


@given(st.lists(st.sampled_from("abcd") | st.none(), max_size=60))
def test_no_student_has_two_turns_while_another_waits(steps):
    """While a student waits, no other has more than one turn beyond the student's own."""
    waiting, served = queue(), dict.fromkeys("abcd", 0)
    since: dict[str, dict[str, int]] = {}  # turns of all when a student began to wait
    for student in steps:
        if student:
            add(waiting, student)
            since.setdefault(student, dict(served))
        elif len(waiting):
            turn = taken(waiting, 1)
            served[turn] += 1
            since.pop(turn)
            for other, before in since.items():
                assert all(served[s] - before[s] <= 1 for s in served if s != other)
            if any(each.message_id.startswith(turn) for each in waiting):
                since[turn] = dict(served)


def test_equal_keys_are_passed_over_while_in_work():
    waiting = queue()
    for student, key in (("a", 1), ("b", 1), ("c", 2), ("d", None), ("e", None)):
        waiting.append(Message(b"", {}, student, datetime.now(UTC)), student, key)
    assert take(waiting, {1, None}).student == "c"
    assert take(waiting, {1, 2, None}).student == "d"
    assert take(waiting, {1}).student == "e"
    assert waiting.pop({1}) is None
    assert len(waiting) == 2
    assert [take(waiting).student for _ in range(2)] == ["a", "b"]
    assert waiting.pop() is None
