"""The HTTP API of `vividly serve` publishes, lists, cancels and replays requests."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import jsonschema
import pytest

from tests.integration.ledger_support import LEASE, letter, message, request, row, take
from tests.integration.serve_support import ASKED, serving
from transforms.ledger import ClaimRequest, Ledger
from transforms.model import StageRecord

JSON = {"content-type": "application/json"}


@pytest.fixture
def served(ledger, pubsub, tmp_path):
    with serving(ledger, pubsub, tmp_path / "artifacts") as served:
        yield served


def stored(served, lesson, **files):
    """Store artifacts of a lesson and record them in the ledger."""
    made = tuple(
        served.store.put(lesson.request.request_id, name.replace("_", "."), data, kind)
        for name, (data, kind) in files.items()
    )
    return lesson.with_record(StageRecord("script", "offline", "f" * 64, 1.0, 0.0, (), made))


def test_submitted_request_is_published_unchanged(served):
    data = json.dumps({**ASKED, "request_id": str(uuid4()), "extra": [1, 2]}).encode()
    answer = served.client.post("/v1/requests", content=data, headers=JSON)
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/requests/{answer.json()['request_id']}"
    assert served.published() == [data]


def test_request_without_id_gets_one(served):
    answer = served.client.post("/v1/requests", json=ASKED)
    [data] = served.published()
    assert json.loads(data) == {**ASKED, "request_id": answer.json()["request_id"]}


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"nope", "message"),
        (b"[]", "message"),
        (b"{}", "student_id"),
        (b'{"student_id": "a", "student_id": "b"}', "student_id"),
        (json.dumps({**ASKED, "grade_level": 99}).encode(), "grade_level"),
        (json.dumps({**ASKED, "request_id": "homework"}).encode(), "request_id"),
    ],
)
def test_refused_request_names_the_field(served, data, field):
    answer = served.client.post("/v1/requests", content=data, headers=JSON)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_unclaimed_request_is_not_found_yet(served, ledger):
    asked = ClaimRequest(message(), request())
    place = f"/v1/requests/{asked.request.request_id}"
    before = served.client.get(place)
    assert (before.status_code, before.headers["retry-after"]) == (404, "1")
    take(ledger, asked)
    after = served.client.get(place.upper().replace("/V1/REQUESTS", "/v1/requests"))
    assert (after.status_code, after.json()["status"]) == (200, "running")


@pytest.mark.parametrize("filters", [{}, {"status": "unsettled"}])
def test_cursor_pages_through_equal_times(served, ledger, filters):
    claims = [ClaimRequest(message(), request()) for _ in range(7)]
    ledger.claim(claims, lease=LEASE)  # one statement: one time
    seen, cursor = [], None
    while True:
        query = {"limit": 3, **filters, **({"cursor": cursor} if cursor else {})}
        page = served.client.get("/v1/requests", params=query).json()
        seen += [each["request_id"] for each in page["requests"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == sorted(each.request.request_id for each in claims)


def test_unsettled_requests_are_paged_oldest_first(served, ledger):
    ids = [take(ledger, ClaimRequest(message(), request())).request.request_id for _ in range(5)]
    query: dict[str, Any] = {"status": "unsettled", "limit": 2}
    seen: list[str] = []
    while query.get("cursor") or not seen:
        page = served.client.get("/v1/requests", params=query).json()
        seen += [each["request_id"] for each in page["requests"]]
        query["cursor"] = page["next"]
    assert seen == ids


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"search": "PHOTO"}, 1),
        ({"search": "100%_"}, 1),
        ({"search": "%"}, 1),
        ({"student": "student-2"}, 1),
        ({"modality": "video"}, 1),
        ({"status": "running"}, 3),
        ({"status": "completed"}, 0),
    ],
)
def test_filters_select_requests(served, ledger, query, found):
    for fields in (
        {"student_query": "Explain photosynthesis"},
        {"student_id": "student-2", "requested_modalities": ("video",)},
        {"interest": "100%_sure"},
    ):
        take(ledger, ClaimRequest(message(), request(**fields)))
    assert len(served.client.get("/v1/requests", params=query).json()["requests"]) == found


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"}, {"limit": "many"}, {"limit": "9" * 30}, {"cursor": "nonsense"},
        {"cursor": "W10="}, {"search": "a\0b"}, {"search": "x" * 201},
    ],
)  # fmt: skip
def test_wrong_parameter_is_refused(served, query):
    assert served.client.get("/v1/requests", params=query).status_code == 400


def test_running_request_is_cancelled(served, ledger):
    lesson = take(ledger, ClaimRequest(message(), request()))
    place = f"/v1/requests/{lesson.request.request_id}:cancel"
    assert served.client.post(place).status_code == 202
    assert row(ledger, lesson).cancel_requested_at is not None
    assert ledger.dead_letter([letter(lesson, "script")]) == [True]
    assert served.client.post("/v1/requests/nonsense:cancel").status_code == 404


def test_failed_request_is_not_cancelled(served, ledger):
    lesson = take(ledger, ClaimRequest(message(), request()))
    ledger.dead_letter([letter(lesson, "script")])
    answer = served.client.post(f"/v1/requests/{lesson.request.request_id}:cancel")
    assert (answer.status_code, "failed" in answer.json()["detail"]) == (409, True)


def test_dead_letter_is_replayed_once(served, ledger):
    lesson = take(ledger, ClaimRequest(message(data=b'{"whole": 1}'), request()))
    ledger.dead_letter([letter(lesson, "script")])
    [dead] = ledger.dead_letters()
    answer = served.client.post(f"/v1/dead-letters/{dead.id}:replay")
    assert answer.status_code == 202
    assert served.published() == [b'{"whole": 1}']
    again = served.client.post(f"/v1/dead-letters/{dead.id}:replay")
    assert (again.status_code, "in flight" in again.json()["detail"]) == (409, True)


@pytest.mark.parametrize("number", ["0", "999999", "x", "9" * 40])
def test_unknown_dead_letter_is_not_found(served, number):
    assert served.client.post(f"/v1/dead-letters/{number}:replay").status_code == 404


def test_artifact_is_served_in_ranges(served, ledger):
    lesson = take(ledger, ClaimRequest(message(), request()))
    lesson = stored(served, lesson, narration_m4a=(b"0123456789", "audio/mp4"))
    ledger.progress([(lesson, "narration", 50)])
    place = f"/v1/requests/{lesson.request.request_id}/artifacts/narration.m4a"
    whole = served.client.get(place)
    assert (whole.status_code, whole.content) == (200, b"0123456789")
    assert whole.headers["content-type"] == "audio/mp4"
    part = served.client.get(place, headers={"range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")
    assert part.headers["content-range"] == "bytes 2-4/10"
    beyond = served.client.get(place, headers={"range": "bytes=99-"})
    assert beyond.status_code == 416


@pytest.mark.parametrize(
    "name", ["missing.json", "../../secret", "..%2f..%2fsecret", "%00", "stages/script.json"]
)
def test_only_recorded_artifacts_are_served(served, ledger, name, tmp_path):
    (tmp_path / "secret").write_text("secret")
    lesson = take(ledger, ClaimRequest(message(), request()))
    answer = served.client.get(f"/v1/requests/{lesson.request.request_id}/artifacts/{name}")
    assert answer.status_code == 404


def test_artifact_of_other_store_is_not_served(served, ledger, tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("secret")
    lesson = take(ledger, ClaimRequest(message(), request()))
    ledger.progress([(stored(served, lesson, script_md=(b"x", "text/markdown")), "script", 25)])
    ledger.run(
        "UPDATE requests SET artifacts = jsonb_set(artifacts, '{script.md,uri}', "
        f"to_jsonb(CAST('{outside}' AS text))) RETURNING request_id"
    )
    answer = served.client.get(f"/v1/requests/{lesson.request.request_id}/artifacts/script.md")
    assert answer.status_code == 404


def test_unreachable_ledger_is_reported(pubsub, tmp_path):
    ledger = Ledger("postgresql+pg8000://me:secret@127.0.0.1:1/none")
    with serving(ledger, pubsub, tmp_path) as served:
        answer = served.client.get("/v1/requests")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "secret" not in answer.text


def test_openapi_document_describes_the_api(served):
    document = served.client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    for name in schemas:
        whole = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        jsonschema.Draft202012Validator.check_schema(whole)
    whole = {"$ref": "#/components/schemas/ContentRequest", "components": document["components"]}
    valid = jsonschema.Draft202012Validator(whole).is_valid
    assert valid(ASKED)
    assert not valid({**ASKED, "grade_level": 0})


def test_openapi_names_every_route_and_field(served, ledger):
    from pipeline.serve import api

    document = served.client.get("/openapi.json").json()
    paths = {route.path.replace(":path", "") for route in api.routes()} - {"/openapi.json"}
    assert set(document["paths"]) == paths
    take(ledger, ClaimRequest(message(), request()))
    [shown] = served.client.get("/v1/requests").json()["requests"]
    described = document["components"]["schemas"]["RequestRow"]["properties"]
    assert set(described) == set(shown)
