"""Checks of preconditions on requests to the embedded Cloud Storage.

Rules: https://cloud.google.com/storage/docs/request-preconditions.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from gcp_storage_emulator.exceptions import NotFound
from gcp_storage_emulator.handlers import objects
from gcp_storage_emulator.storage import Storage

from pipeline.embedded.storage_http import Reply, error

_COPIES = (objects.copy, objects.rewrite)
_READS = (objects.get, objects.download)
_NEED_AN_OBJECT = (*_READS, objects.delete, objects.patch)


def refusal(action: Any, request: Any, storage: Storage) -> Reply | None:
    """Return the error reply to a request whose preconditions fail; None if it may proceed.

    Args:
        action: the emulator's handler of the request.
        request: the emulator's request, matched to its route.
        storage: the emulator's storage; must not change until the request is served.
    """
    try:
        bucket, name = _target(action, request, storage)
    except NotFound:
        return error(HTTPStatus.NOT_FOUND, "The upload session does not exist.", "notFound")
    if name is None:
        return None
    live = storage.objects.get(bucket, {}).get(name)
    if action in _NEED_AN_OBJECT:
        wanted = _number(request, "generation")
        if live is None or wanted not in {None, int(live["generation"])}:
            return error(HTTPStatus.NOT_FOUND, f"No such object: {bucket}/{name}", "notFound")
    if action in _COPIES:
        source = storage.objects.get(request.params["bucket_name"], {}).get(
            request.params["object_id"]
        )
        wanted = _number(request, "sourceGeneration")
        if wanted is not None and (source is None or int(source["generation"]) != wanted):
            return error(HTTPStatus.NOT_FOUND, "No such object.", "notFound")
        if _violated(request, source, "ifSource"):
            return _precondition_failed()
    violated = _violated(request, live, "if")
    if violated and violated.endswith("NotMatch") and action in _READS:
        return Reply(HTTPStatus.NOT_MODIFIED)
    return _precondition_failed() if violated else None


def _target(action: Any, request: Any, storage: Storage) -> tuple[str, str | None]:
    """Return bucket and name of the request's object; no name if the request has no object."""
    bucket = request.params.get("bucket_name", "")
    if action is objects.upload_partial or "upload_id" in request.query:
        upload = storage.get_resumable_file_obj(request.query["upload_id"][0])
        return upload["bucket"], upload["name"]
    if action is objects.insert:
        name = request.query.get("name", [None])[0]
        if name is None and isinstance(request.data, dict):
            name = request.data.get("meta", request.data).get("name")
        return bucket, name
    if action in _COPIES:
        return request.params["dest_bucket_name"], request.params["dest_object_id"]
    return bucket, request.params.get("object_id")


def _violated(request: Any, live: dict[str, Any] | None, prefix: str) -> str | None:
    """Return the name of a failed condition; a missing object has the generation 0."""
    generation = int(live["generation"]) if live else 0
    metageneration = int(live["metageneration"]) if live else None
    for name, actual in (("Generation", generation), ("Metageneration", metageneration)):
        wanted = _number(request, f"{prefix}{name}Match")
        if wanted is not None and wanted != actual:
            return f"{prefix}{name}Match"
        unwanted = _number(request, f"{prefix}{name}NotMatch")
        if unwanted is not None and unwanted == actual:
            return f"{prefix}{name}NotMatch"
    return None


def _number(request: Any, name: str) -> int | None:
    values = request.query.get(name)
    return int(values[0]) if values else None


def _precondition_failed() -> Reply:
    return error(
        HTTPStatus.PRECONDITION_FAILED,
        "At least one of the pre-conditions you specified did not hold.",
        "conditionNotMet",
    )
