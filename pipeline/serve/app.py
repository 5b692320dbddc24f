"""The web application: API and pages behind `Safety`."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from pipeline.serve import api, assets, pages
from pipeline.serve.estimates import Estimates
from pipeline.serve.problems import problem, retry_later
from pipeline.serve.safety import CsrfToken, Safety, TooLarge, content_policy, too_large
from pipeline.serve.services import RequestService
from transforms.errors import EnvironmentFault

CLOUD_STORAGE = "https://storage.googleapis.com"
"""Origin of signed links."""

DOWN_SECONDS = 5
"""Seconds after which a client may ask again while a dependency is down."""


def build_app(service: RequestService, estimates: Estimates, port: int) -> ASGIApp:
    """Build the web application with its API, pages and middleware.

    Args:
        service: Requests and lessons.
        estimates: Costs and durations that the page Ask shows.
        port: Port that the server listens on.
    """
    app = Starlette(
        routes=[*api.routes(), *pages.routes(), assets.route()],
        exception_handlers={
            EnvironmentFault: _fault,
            HTTPException: _refusal,
            Exception: _bug,
            TooLarge: too_large,
        },
    )
    app.state.service = service
    app.state.estimates = estimates
    app.state.csrf = CsrfToken()
    media = (CLOUD_STORAGE,) if service.store.root.startswith("gs://") else ()
    return Safety(app, port, content_policy(media))


def _fault(request: Request, fault: Exception) -> Response:
    """Return the 503 response for a dependency or a configuration that fails."""
    if _is_of_api(request):
        return retry_later(503, str(fault), DOWN_SECONDS)
    return pages.problem_page(request, 503, "Something is down", str(fault))


def _refusal(request: Request, error: Exception) -> Response:
    """Return the response for an HTTP error, such as an unknown address or an unreadable form."""
    status = getattr(error, "status_code", 500)
    detail = str(getattr(error, "detail", ""))
    if _is_of_api(request):
        return problem(status, detail)
    return pages.problem_page(request, status, detail, "There is nothing at this address.")


def _bug(request: Request, _: Exception) -> Response:
    """Return the 500 response for an unexpected exception; the server logs it."""
    reason = "This is a bug; the log of `vividly serve` has its traceback."
    if _is_of_api(request):
        return problem(500, reason)
    return pages.problem_page(request, 500, "This page cannot be shown", reason)


def _is_of_api(request: Request) -> bool:
    return request.url.path.startswith(("/v1/", "/openapi"))
