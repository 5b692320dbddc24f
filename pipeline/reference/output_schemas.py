"""JSON Schemas of what the pipeline writes: manifests, summaries and dead letters."""

from __future__ import annotations

import json
from typing import Any

from transforms.model import ENGINE_STAGES, MODALITIES
from transforms.publish import MANIFEST_VERSION
from transforms.telemetry.metrics import SCRIPT_CHECKS

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def manifest() -> str:
    """Return the schema of `manifest.json` as the text of a file."""
    artifact = _object(
        {
            "name": _text("path below the request's folder"),
            "uri": _text("permanent address"),
            "size": _count("bytes"),
            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "content_type": _text("media type"),
            "alt": _text("alternative text of a picture; else empty"),
        }
    )
    stage = _object(
        {
            "stage": {"enum": list(ENGINE_STAGES)},
            "engine": _text("name of the engine"),
            "model": _text("model that answered; empty if the engine has none"),
            "fallback": _flag("another engine or model than the first choice did the work"),
            "fingerprint": _text("digest of the stage's inputs"),
            "seconds": _amount("wall time of the work"),
            "cost_usd": _amount("US dollars"),
            "usage": {
                "description": "quantity of each resource, by its name in the price table",
                "type": "object",
                "additionalProperties": {"type": "number", "minimum": 0},
            },
            "shared": _text(
                "key under which requests share the result; empty if it was not shared"
            ),
            "problems": {
                "description": "names of the checks that found something with which it can be used",
                "type": "array",
                "items": {"enum": list(SCRIPT_CHECKS)},
            },
        }
    )
    return _file(
        "Manifest of a lesson",
        {
            "manifest_version": {"const": MANIFEST_VERSION},
            "request_id": _text("UUID", format="uuid"),
            "correlation_id": _text("as in the request"),
            "modality": {"enum": list(MODALITIES)},
            "language": _text("BCP-47 tag"),
            "artifacts": {"type": "array", "items": artifact},
            "stages": {"type": "array", "items": stage, "minItems": 1},
            "seconds": _amount("wall time of all stages"),
            "cost_usd": _amount("US dollars of all stages"),
            "cost_saved_usd": _amount("US dollars that the skipped stages would have cost"),
        },
    )


def summary() -> str:
    """Return the schema of the last line that a job prints as the text of a file."""
    stage = _object(
        {
            "count": _count("runs"),
            "seconds": _amount("sum"),
            "p50_seconds": _amount("median"),
            "p95_seconds": _amount("95th percentile"),
            "cost_usd": _amount("US dollars"),
        }
    )
    names = ("received", "completed", "duplicates", "dead_lettered", "cancelled", "in_flight")
    fields = {
        "mode": {"enum": ["drain", "batch", "stream"]},
        "exit_reason": _text("why the job ended, such as `empty_queue` or `signal`"),
        **{name: _count("messages") for name in names},
        "needs_care": _count("completed messages whose students got help instead of a lesson"),
        "success_rate": {
            "description": "completed among completed and failed; null without any",
            "type": ["number", "null"],
            "minimum": 0,
            "maximum": 1,
        },
        "shared": {
            "description": "by stage: results that were copied from another request's",
            "type": "object",
            "propertyNames": {"enum": list(ENGINE_STAGES)},
            "additionalProperties": _object(
                {
                    "hits": _count("copied results"),
                    "hit_rate": _amount("copied among those that could be shared, 0 to 1"),
                    "reuse_saved_usd": _amount("US dollars"),
                }
            ),
        },
        "reused_stages": _count("stages whose stored result was used"),
        "runtime_seconds": _amount("wall time of the job"),
        "cost_usd": _amount("US dollars"),
        "cost_saved_usd": _amount("US dollars that skipped stages would have cost"),
        "reuse_saved_usd": _amount("US dollars that reused results had cost"),
        "stages": {
            "description": "stages that ran, by name",
            "type": "object",
            "additionalProperties": stage,
        },
        "unread_input": _flag("of a batch: lines of the file may be unread"),
    }
    return _file(
        "Summary of a job",
        fields,
        optional=("unread_input",),
        description="received = completed + duplicates + dead_lettered + in_flight",
    )


def dead_letter() -> str:
    """Return the schema of `vividly dead-letters show --json` as the text of a file."""
    attempt = _object({"at": _text("time"), "error_type": _text("class"), "message": _text("text")})
    fields = {
        "id": _count("number in the ledger"),
        "message_id": _text("Pub/Sub's id of the message"),
        "request_id": _or_null("UUID; null if the message has no valid one"),
        "stage": _text("`parse`, `claim` or the stage that failed"),
        "field": _or_null("field of the request that is wrong"),
        "error_type": _text("class of the error"),
        "error": _text("text of the error; may quote the message"),
        "retryable": _flag("a replay may succeed with nothing changed"),
        "size": _count("bytes of the message's data"),
        "publish_time": _text("time of publication"),
        "occurred_at": _text("time of the failure"),
        "recorded_at": _text("time of the write to the ledger"),
        "replays": _count("replays so far"),
        "replayed_at": _or_null("time of the latest replay"),
        "replayed_as": _or_null("message id of the latest replay"),
        "traceback": _or_null("traceback of a bug"),
        "attempts": {"type": "array", "items": attempt},
        "attributes": {"type": "object", "additionalProperties": {"type": "string"}},
        "data": _text("the message's data; bytes that are not UTF-8 are escaped"),
    }
    details = ("traceback", "attempts", "attributes", "data")
    return _file(
        "Dead letter",
        fields,
        optional=details,
        description="`dead-letters list --json` prints an array of these without "
        f"{', '.join(details[:-1])} and {details[-1]}.",
    )


def _file(title: str, fields: dict[str, Any], optional: tuple[str, ...] = (), **more: Any) -> str:
    schema = {"$schema": _DRAFT, "title": title, **more, **_object(fields, optional)}
    return json.dumps(schema, indent=2) + "\n"


def _object(fields: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [name for name in fields if name not in optional],
        "properties": fields,
        "additionalProperties": False,
    }


def _text(what: str, **more: str) -> dict[str, Any]:
    return {"description": what, "type": "string", **more}


def _or_null(what: str) -> dict[str, Any]:
    return {"description": what, "type": ["string", "null"]}


def _flag(what: str) -> dict[str, Any]:
    return {"description": what, "type": "boolean"}


def _count(what: str) -> dict[str, Any]:
    return {"description": what, "type": "integer", "minimum": 0}


def _amount(what: str) -> dict[str, Any]:
    return {"description": what, "type": "number", "minimum": 0}
