"""The HTTP API under `/v1`; `pipeline.serve.openapi` describes it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipeline.serve.artifacts import artifact_response
from pipeline.serve.openapi import document
from pipeline.serve.problems import problem, retry_later
from pipeline.serve.services import (
    MAX_PAGE,
    BadQuery,
    Filters,
    RequestService,
    request_uuid,
)
from transforms.errors import InvalidRequest
from transforms.ledger import RequestRow

DEFAULT_PAGE = 50
"""Requests on a page when the client does not say."""

_NOT_CLAIMED = "no message has claimed this request yet"
_NO_UUID = "a request id is a UUID such as 123e4567-e89b-12d3-a456-426614174000"


def routes() -> list[Route]:
    """Return the routes of the API."""
    one = "/v1/requests/{request_id}"
    return [
        Route("/openapi.json", _openapi),
        Route("/v1/requests", _submit, methods=["POST"]),
        Route("/v1/requests", _list),
        Route(f"{one}:cancel", _cancel, methods=["POST"]),
        Route(one, _show),
        Route(f"{one}/artifacts/{{name:path}}", _artifact),
        Route("/v1/dead-letters/{number}:replay", _replay, methods=["POST"]),
    ]


def service_of(request: Request) -> RequestService:
    """Return the `RequestService` of the application."""
    service: RequestService = request.app.state.service
    return service


def _openapi(_: Request) -> Response:
    return _json(document())


async def _submit(request: Request) -> Response:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return problem(415, "send a request as application/json")
    data = await request.body()
    try:
        submitted = await run_in_threadpool(service_of(request).submit, data, request.headers)
    except InvalidRequest as error:
        return problem(422, error.reason, error.field)
    place = f"/v1/requests/{submitted.request_id}"
    return _json({"request_id": submitted.request_id}, 202, {"location": place})


def _list(request: Request) -> Response:
    try:
        limit = _limit(request.query_params.get("limit", str(DEFAULT_PAGE)))
        filters = Filters.read(request.query_params)
        page = service_of(request).list(filters, limit, request.query_params.get("cursor"))
    except BadQuery as error:
        return problem(400, str(error))
    return _json({"requests": [_fields(row) for row in page.rows], "next": page.following})


def _show(request: Request) -> Response:
    request_id = request_uuid(request.path_params["request_id"])
    if request_id is None:
        return problem(404, _NO_UUID)
    row = service_of(request).find(request_id)
    return _json(_fields(row)) if row else retry_later(404, _NOT_CLAIMED)


def _cancel(request: Request) -> Response:
    request_id = request_uuid(request.path_params["request_id"])
    if request_id is None:
        return problem(404, _NO_UUID)
    state = service_of(request).cancel(request_id)
    if state.cancel_requested_at is None:
        return problem(409, f"the request has ended already: {state.status}")
    return _json(asdict(state), 202)


def _replay(request: Request) -> Response:
    text = request.path_params["number"]
    number = int(text) if text.isdecimal() and len(text) < 19 else 0
    replayed = service_of(request).replay(number)
    if replayed is None:
        return problem(404, f"there is no dead letter {text}")
    if replayed.skipped:
        return problem(409, replayed.skipped)
    return _json(asdict(replayed), 202)


def _artifact(request: Request) -> Response:
    request_id = request_uuid(request.path_params["request_id"])
    service = service_of(request)
    row = service.find(request_id) if request_id else None
    if row is None:
        return retry_later(404, _NOT_CLAIMED) if request_id else problem(404, _NO_UUID)
    return artifact_response(service.store, row, request.path_params["name"])


def _limit(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text[:6]) <= MAX_PAGE):
        raise BadQuery(f"limit must be a whole number from 1 to {MAX_PAGE}")
    return int(text)


def _fields(row: RequestRow) -> dict[str, Any]:
    return asdict(row)


def _json(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    text = json.dumps(content, ensure_ascii=False, default=_value)
    return Response(text, status, headers, media_type="application/json")


def _value(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
