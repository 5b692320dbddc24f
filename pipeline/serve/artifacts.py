"""HTTP responses with artifacts: byte ranges of local files, or signed links to Cloud Storage."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from starlette.responses import FileResponse, RedirectResponse, Response

from pipeline.serve.problems import problem
from transforms.artifacts import ArtifactStore
from transforms.ledger import RequestRow

LINK_LIFETIME = timedelta(minutes=15)
"""How long a link to Cloud Storage works."""

_HEADERS = {
    # An artifact that is opened by itself gets no script and no access to this server.
    "content-security-policy": "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; "
    "sandbox",
    "cache-control": "private, no-cache",
}


def artifact_response(store: ArtifactStore, row: RequestRow, name: str) -> Response:
    """Return the HTTP response with one artifact of a request.

    Only what the ledger names and the store of this server holds is served.

    Raises:
        DependencyDown: Cloud Storage cannot be reached.
        ConfigurationFault: This account cannot sign links.
    """
    recorded = row.artifacts.get(name)
    if recorded is None:
        return problem(404, f"request {row.request_id} has no artifact {name!r}")
    if recorded["uri"] != store.uri(row.request_id, name):
        return problem(404, f"{name} is in another store than --artifacts")
    link = store.link(row.request_id, name, LINK_LIFETIME)
    if link:
        return RedirectResponse(link, 307)
    path = Path(recorded["uri"])
    if not path.is_file():
        return problem(404, f"{name} is no longer available")
    return FileResponse(path, media_type=recorded["content_type"], headers=_HEADERS)
