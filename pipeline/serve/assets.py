"""Style sheets and scripts of the pages, at addresses that change with their content."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_FILES = {
    "report.css": ("pipeline.report", "page"),
    "recordings.js": ("pipeline.report", "page"),
    "theme.js": ("pipeline.report", "page"),
    "serve.css": ("pipeline.serve", "static"),
    "serve.js": ("pipeline.serve", "static"),
    "htmx.min.js": ("pipeline.serve", "static"),
}
"""Package and folder of each file."""


def asset_url(name: str) -> str:
    """Return the address of a style sheet or script, with a digest of its content."""
    return f"/static/{name}?{hashlib.sha256(_read(name)).hexdigest()[:12]}"


def route() -> Route:
    """Return the route that serves the style sheets and scripts."""
    return Route("/static/{name}", _serve)


def _serve(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _FILES:
        return Response("there is no such file", 404, media_type="text/plain")
    kind = "text/css" if name.endswith(".css") else "text/javascript"
    headers = {"cache-control": "private, max-age=31536000, immutable"}
    return Response(_read(name), headers=headers, media_type=kind)


@cache
def _read(name: str) -> bytes:
    package, folder = _FILES[name]
    return (files(package) / folder / name).read_bytes()
