"""OpenAPI document of the HTTP API, made from the schema of requests and the ledger's types."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

from pydantic import TypeAdapter

from pipeline.jobs.replay import Replayed
from transforms.ledger import CancelState, RequestRow
from transforms.message_schema import schema

_PLACE = "#/components/schemas/"

_PROBLEM = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "required": ["title", "status", "detail"],
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what is wrong and what is allowed"},
        "field": {"type": "string", "description": "field of the request that is wrong"},
    },
}


def document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Vividly",
            "version": version("vividly-pipeline"),
            "description": "Requests for lessons: publish, watch, cancel and replay them. The "
            "server answers on the loopback address only; it has no accounts.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": {
            "/v1/requests": {"post": _submit(), "get": _list()},
            "/v1/requests/{request_id}": {"parameters": [_REQUEST_ID], "get": _show()},
            "/v1/requests/{request_id}:cancel": {"parameters": [_REQUEST_ID], "post": _cancel()},
            "/v1/requests/{request_id}/artifacts/{name}": {
                "parameters": [_REQUEST_ID, _parameter("name", "path", {"type": "string"})],
                "get": _artifact(),
            },
            "/v1/dead-letters/{number}:replay": {
                "parameters": [_parameter("number", "path", {"type": "integer", "minimum": 1})],
                "post": _replay(),
            },
        },
        "components": {"schemas": _schemas()},
    }


def _schemas() -> dict[str, Any]:
    request = schema()
    del request["$schema"]
    values = request.pop("$defs")
    request["required"] = [name for name in request["required"] if name != "request_id"]
    request["properties"]["request_id"]["description"] += "; made when absent"
    text = json.dumps({"ContentRequest": request, **values})
    schemas: dict[str, Any] = json.loads(text.replace("#/$defs/", _PLACE))
    for made in (RequestRow, CancelState, Replayed):
        schemas[made.__name__] = TypeAdapter(made).json_schema(ref_template=_PLACE + "{model}")
    return {**schemas, "Problem": _PROBLEM}


def _parameter(name: str, place: str, of: dict[str, Any], what: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "in": place, "schema": of}
    if place == "path":
        found["required"] = True
    return {**found, "description": what} if what else found


_REQUEST_ID = _parameter("request_id", "path", {"type": "string", "format": "uuid"})
_TEXT = {"type": "string", "maxLength": 200}


def _of(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _PLACE + name}}}


def _answer(description: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"description": description, **({"content": content} if content else {})}


def _problem(description: str, retry: bool = False) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": _PLACE + "Problem"}}}
    answer = _answer(description, content)
    if retry:
        seconds = {"schema": {"type": "integer"}, "description": "seconds"}
        answer["headers"] = {"Retry-After": seconds}
    return answer


_DOWN = _problem("A dependency is down, or the configuration is at fault.", retry=True)
_UNCLAIMED = _problem("No message has claimed this request yet.", retry=True)


def _submit() -> dict[str, Any]:
    created = {"type": "object", "required": ["request_id"], "properties": {
        "request_id": {"type": "string", "format": "uuid"}}}  # fmt: skip
    return {
        "operationId": "submitRequest",
        "summary": "Publish a request",
        "description": "Validated as the pipeline does. Publishing the same id again may make a "
        "duplicate, which is settled as one.",
        "requestBody": {"required": True, "content": _of("ContentRequest")},
        "responses": {
            "202": _answer("Published.", {"application/json": {"schema": created}}),
            "413": _answer("The body is too large."),
            "415": _problem("The body is not application/json."),
            "422": _problem("The request breaks a rule; `field` names the field."),
            "503": _DOWN,
        },
    }


def _list() -> dict[str, Any]:
    page = {
        "type": "object",
        "required": ["requests", "next"],
        "properties": {
            "requests": {"type": "array", "items": {"$ref": _PLACE + "RequestRow"}},
            "next": {"type": ["string", "null"], "description": "cursor of the next page"},
        },
    }
    return {
        "operationId": "listRequests",
        "summary": "List requests, newest first",
        "parameters": [
            _parameter("status", "query", _TEXT, "as `vividly status` shows it"),
            _parameter("modality", "query", {"enum": ["text", "audio", "video"]}),
            _parameter("student", "query", _TEXT, "student id"),
            _parameter("search", "query", _TEXT, "part of question, interest, error or id"),
            _parameter("limit", "query", {"type": "integer", "minimum": 1, "maximum": 200}),
            _parameter("cursor", "query", {"type": "string"}, "`next` of an earlier answer"),
        ],
        "responses": {
            "200": _answer("One page.", {"application/json": {"schema": page}}),
            "400": _problem("A parameter is invalid."),
            "503": _DOWN,
        },
    }


def _show() -> dict[str, Any]:
    return {
        "operationId": "getRequest",
        "summary": "Show a request",
        "responses": {
            "200": _answer("The request.", _of("RequestRow")),
            "404": _UNCLAIMED,
            "503": _DOWN,
        },
    }


def _cancel() -> dict[str, Any]:
    return {
        "operationId": "cancelRequest",
        "summary": "Cancel a request before its next stage",
        "description": "Idempotent. A request that was not received yet is cancelled when it is.",
        "responses": {
            "202": _answer("The request is cancelled or stops soon.", _of("CancelState")),
            "409": _problem("The request has ended already."),
            "503": _DOWN,
        },
    }


def _artifact() -> dict[str, Any]:
    return {
        "operationId": "getArtifact",
        "summary": "Read an artifact",
        "responses": {
            "200": _answer("The file, from a folder."),
            "206": _answer("The byte ranges that `Range` asks for, from a folder."),
            "307": _answer("A signed link to Cloud Storage that works for 15 minutes."),
            "404": _UNCLAIMED | {"description": "No such request or artifact."},
            "503": _DOWN,
        },
    }


def _replay() -> dict[str, Any]:
    return {
        "operationId": "replayDeadLetter",
        "summary": "Publish the original message of a dead letter again",
        "responses": {
            "202": _answer("Published.", _of("Replayed")),
            "404": _problem("There is no dead letter of that number."),
            "409": _problem("A replay cannot help; `detail` says why."),
            "503": _DOWN,
        },
    }
