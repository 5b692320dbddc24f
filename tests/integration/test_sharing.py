"""RunStage copies results that other requests have made, and makes each shared one once."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from pipeline.jobs.graph_runner import GraphRunner
from pipeline.settings.beam_options import VividlyOptions
from tests.integration.ledger_support import SCRIPT, row
from tests.integration.sharing_worker import SharedTask
from tests.integration.stage_support import wait_for
from transforms.artifacts.shared import SharedResults
from transforms.dead_letters import DEAD_LETTERS
from transforms.errors import PermanentError
from transforms.model import Message, StageRecord, Usage, encode
from transforms.parse import parse
from transforms.prices import Prices
from transforms.stage.budget import Budget
from transforms.stage.single_flight import SingleFlight
from transforms.stage.task import Produced


class Counted:
    """Work whose calls are counted; thread-safe."""

    def __init__(self, **produced):
        self.calls = 0
        self._produced = produced
        self._lock = threading.Lock()

    def __call__(self, lesson, folder, timeout):
        with self._lock:
            self.calls += 1
        script = encode(SCRIPT) + b" " * self.calls
        return Produced({"script.json": script}, (Usage("cpu-seconds", 2.0),), **self._produced)


def run(place, work, *lessons, **settings):
    return place.run_stage(work, *lessons, task=SharedTask, **({"reuse": "all"} | settings))


def ended(found):
    return [lesson.records[-1] for tag in ("onward", "finished") for lesson in found.get(tag, ())]


def test_second_request_gets_copy(place):
    work = Counted()
    [first] = ended(run(place, work, one := place.lesson()))
    [second] = ended(run(place, work, two := place.lesson()))
    assert work.calls == 1
    assert (first.reused, first.shared, first.topic) == (False, "", one.request.student_query)
    assert second.reused
    assert second.shared
    assert second.cost_usd == first.cost_usd
    assert (
        place.file(two, "script.json").read_bytes() == place.file(one, "script.json").read_bytes()
    )
    assert one.request.request_id not in place.file(two, "stages/script.json").read_text()
    assert not place.file(two, "script.json").samefile(place.file(one, "script.json"))


def test_shared_files_name_no_request(place):
    lesson = place.lesson()
    run(place, Counted(), lesson)
    text = b"".join(
        path.read_bytes() + str(path).encode()
        for path in (place.root / "shared").rglob("*")
        if path.is_file()
    )
    for secret in (lesson.request.request_id, lesson.request.student_id):
        assert secret.encode() not in text


@pytest.mark.parametrize(
    ("settings", "fields"),
    [
        ({"reuse": "off"}, {}),
        ({"reuse": "stage"}, {}),
        ({"force": True}, {}),
        ({}, {"share": False}),
        ({}, {"student_query": "gravity"}),
        ({"salt": "another voice"}, {}),
    ],
)
def test_other_requests_get_no_copy(place, settings, fields):
    work = Counted()
    run(place, work, place.lesson())
    [record] = ended(run(place, work, place.lesson(**fields), **settings))
    assert (work.calls, record.shared) == (2, "")


def test_new_prices_end_sharing(place):
    table = Prices().table()
    sku, price = next(iter(table.items()))
    work = Counted()
    run(place, work, place.lesson())
    dearer = Prices(((sku, replace(price, usd=2 * price.usd + 1)),))
    run(place, work, place.lesson(), prices=dearer)
    assert work.calls == 2


def test_fallback_result_is_not_shared(place):
    work = Counted(fallback=True)
    for _ in range(2):
        [record] = ended(run(place, work, place.lesson()))
        assert record.topic == ""
    assert work.calls == 2


def test_thirty_students_cost_one_call(place):
    work = Counted()
    found = run(place, work, *(place.lesson() for _ in range(30)), workers=8)
    records = ended(found)
    assert len(records) == 30
    assert work.calls == 1
    assert sum(record.reused for record in records) == 29


def test_failed_leader_leaves_work_to_others(place):
    lock = threading.Lock()
    calls = []

    def perform(lesson, folder, timeout):
        with lock:
            calls.append(lesson)
            if len(calls) == 1:
                raise PermanentError("this request only")
        return Produced({"script.json": encode(SCRIPT)})

    found = run(place, perform, *(place.lesson() for _ in range(4)), workers=4)
    assert len(found[DEAD_LETTERS]) == 1
    assert len(found["onward"]) == 3
    assert len(calls) == 2


def test_damaged_shared_file_is_made_again(place):
    work = Counted()
    [record] = ended(run(place, work, place.lesson()))
    [damaged] = (place.root / "shared").rglob(record.artifacts[0].sha256)
    damaged.write_bytes(b"damage")
    [again] = ended(run(place, work, place.lesson()))
    assert (work.calls, again.shared) == (2, "")
    [copied] = ended(run(place, work, third := place.lesson()))
    assert work.calls == 2
    assert copied.artifacts[0].sha256 == again.artifacts[0].sha256
    assert all(map(place.store.verify, copied.artifacts))
    assert place.file(third, "script.json").read_bytes() != b"damage"


def test_copy_is_resumed_as_own_result(place):
    work = Counted()
    run(place, work, place.lesson())
    run(place, work, lesson := place.lesson())
    assert SharedResults(place.store).purge(lesson.request.student_query) == 1
    [record] = ended(run(place, work, place.take_over(lesson)))
    assert (work.calls, record.reused) == (1, True)


def test_shared_result_costs_request_nothing(place):
    work = Counted()
    run(place, work, place.lesson())
    spent = place.ledger.spent(timedelta(hours=1))
    budget = Budget(place.ledger, per_request=1e-9)  # refuses everything that is paid
    [lesson] = run(place, work, place.lesson("text"), budget=budget)["finished"]
    assert lesson.cost_usd == 0
    place.publish(lesson)
    assert row(place.ledger, lesson).cost_usd == 0
    assert place.ledger.spent(timedelta(hours=1)) == spent
    manifest = json.loads(place.file(lesson, "manifest.json").read_bytes())
    [stage] = manifest["stages"]
    assert (manifest["cost_usd"], stage["shared"]) == (0, lesson.records[0].shared)
    cost = next(cost for cost in place.ledger.costs("stage") if cost.key == "script")
    assert cost.reused == 1
    assert cost.reuse_saved_usd == pytest.approx(lesson.records[0].cost_usd, abs=1e-8)


def test_second_thread_waits_for_first():
    flight, order = SingleFlight(1), []
    leading, go_on = threading.Event(), threading.Event()

    def lead():
        with flight.lead("key") as leads:
            assert leads
            leading.set()
            go_on.wait(20)
            order.append("led")

    def follow():
        assert flight.wait("key", 20)
        order.append("followed")

    first, second = (threading.Thread(target=work) for work in (lead, follow))
    first.start()
    leading.wait(20)
    with flight.lead("key") as leads:
        assert not leads
    with flight.lead("other") as leads:
        assert leads
    second.start()
    wait_for(lambda: flight._waiting == 1)
    assert flight.wait("key", 20) is False  # too many wait
    go_on.set()
    first.join(20)
    second.join(20)
    assert order == ["led", "followed"]
    assert flight.wait("key", 0)


def test_wait_for_leader_is_bounded():
    flight = SingleFlight(1)
    with flight.lead("key"):
        assert flight.wait("key", 0.01) is False


def test_purged_source_is_missed(place, monkeypatch):
    work = Counted()
    run(place, work, place.lesson())
    real = SharedResults.find

    def find_then_purge(self, stage, fingerprint):
        found = real(self, stage, fingerprint)
        self.purge("photosynthesis")
        for path in (place.root / "shared").rglob("*"):
            if path.is_file():
                path.unlink()
        return found

    monkeypatch.setattr(SharedResults, "find", find_then_purge)
    [record] = ended(run(place, work, place.lesson()))
    assert (work.calls, record.shared) == (2, "")


def test_graph_shares_lesson_of_cards(place):
    graph = GraphRunner(VividlyOptions([], reuse="all"), place.ledger, place.store)
    records: list[StageRecord] = []
    keys = set()
    for query, grade in (("explain photosynthesis", 6), ("Photosynthesis??", 8)):
        fields = {
            "request_id": str(uuid4()),
            "student_id": "s-1",
            "student_query": query,
            "grade_level": grade,
            "requested_modalities": ["text"],
        }
        data = json.dumps(fields).encode()
        keys.add(graph.shared_key(parse(data)))
        [outcome] = graph.run([Message(data, {}, str(uuid4()), datetime.now(UTC))])
        records += outcome.records
    assert len(keys) == 1
    assert [bool(record.shared) for record in records] == [False, True]
    text = place.store.read(outcome.request_id, "script.md").decode()
    assert "grade 6–8" in text
    assert graph.shared_key(None) is None
