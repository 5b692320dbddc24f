"""The web pages: Ask, Lesson and Requests. htmx polls them and swaps in what has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from pipeline.report.formulas import formula, prose
from pipeline.report.links import vtt_url
from pipeline.report.templates import templates
from pipeline.serve import topics
from pipeline.serve.api import service_of
from pipeline.serve.assets import asset_url
from pipeline.serve.lesson_view import WAITING, LessonView, grade, view_of
from pipeline.serve.services import BadQuery, Filters, request_uuid
from transforms.errors import InvalidRequest
from transforms.model import MODALITIES
from transforms.parse import GRADES, MAX_LENGTHS

ROWS = 50
"""Requests on a page."""

RECENT = 4
"""Requests below the form of Ask."""

STATUSES = ("running", "queued", "cancelling", "lapsed", "completed", "failed", "cancelled")

DEFAULTS = {
    "student_query": "",
    "grade_level": "9",
    "interest": "",
    "modality": "video",
    "student_id": "student-1",
    "language": "en-US",
}
"""What the form of Ask holds at first."""


def routes() -> list[Route]:
    """Return the routes of the pages."""
    lesson = "/lessons/{request_id}"
    return [
        Route("/", _ask),
        Route("/ask", _submit, methods=["POST"]),
        Route(lesson, _lesson),
        Route(f"{lesson}/state", _state),
        Route(f"{lesson}/quiz", _quiz),
        Route(f"{lesson}/cancel", _cancel, methods=["POST"]),
        Route(f"{lesson}/replay", _replay, methods=["POST"]),
        Route("/requests", _requests),
    ]


def _render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    page = templates("pipeline.serve", "pipeline.report").get_template(template)
    text = page.render(
        asset_url=asset_url,
        csrf=request.app.state.csrf.value,
        path=request.url.path,
        formula=formula,
        prose=prose,
        vtt_url=vtt_url,
        **values,
    )
    return HTMLResponse(text, status)


def problem_page(request: Request, status: int, heading: str, detail: str) -> HTMLResponse:
    """Return the page that explains an error."""
    return _render(request, "problem.html.j2", status, heading=heading, detail=detail)


def _ask(request: Request) -> Response:
    given = {"student_query": request.query_params.get("q", "")[: MAX_LENGTHS["student_query"]]}
    return _ask_page(request, {**DEFAULTS, **given})


def _ask_page(
    request: Request, values: Mapping[str, str], error: InvalidRequest | None = None
) -> Response:
    service = service_of(request)
    estimates = request.app.state.estimates.read(service.ledger)
    return _render(
        request, "ask.html.j2", 422 if error else 200,
        values=values, error=error, grades=GRADES, limits=MAX_LENGTHS,
        estimates=estimates, chips=topics.chips(), subjects=topics.by_subject(),
        titles=topics.titles(), interests=topics.interests(),
        recent=service.list(Filters(), RECENT).rows,
    )  # fmt: skip


async def _submit(request: Request) -> Response:
    form = await request.form(max_files=0, max_fields=20)
    return await run_in_threadpool(_submit_form, request, form)


def _submit_form(request: Request, form: FormData) -> Response:
    refused = _refuse_foreign(request, form)
    if refused:
        return refused
    values = {name: str(form.get(name, default)) for name, default in DEFAULTS.items()}
    grade_level = values["grade_level"].strip()
    fields = {
        "student_id": values["student_id"],
        "student_query": values["student_query"],
        "grade_level": int(grade_level) if grade_level.isdecimal() and len(grade_level) < 9
        else grade_level,
        "interest": values["interest"],
        "requested_modalities": [values["modality"]],
        "language": values["language"],
    }  # fmt: skip
    try:
        asked = service_of(request).submit(json.dumps(fields).encode())
    except InvalidRequest as error:
        return _ask_page(request, values, error)
    return RedirectResponse(f"/lessons/{asked.request_id}", 303)


def _refuse_foreign(request: Request, form: FormData) -> Response | None:
    """Return the 403 page if a form has no valid CSRF token; None if it has one."""
    if request.app.state.csrf.matches(str(form.get("csrf", ""))):
        return None
    return problem_page(
        request, 403, "This page is out of date",
        "The server has been started again since the page was opened. Go back, reload the page and "
        "send the form again.",
    )  # fmt: skip


def _lesson_view(request: Request) -> LessonView | None:
    request_id = request_uuid(request.path_params["request_id"])
    return view_of(service_of(request), request_id) if request_id else None


def _no_lesson(request: Request) -> Response:
    return problem_page(request, 404, "No such lesson", "The address of a lesson ends in a UUID.")


def _lesson(request: Request) -> Response:
    view = _lesson_view(request)
    if view is None:
        return _no_lesson(request)
    return _render(request, "lesson_page.html.j2", view=view)


def _state(request: Request) -> Response:
    """Return the response to a poll: 204 if nothing has changed, else status and new parts."""
    view = _lesson_view(request)
    seen = request.query_params.get("seen", "")
    if view is None or view.signature == seen:
        return Response(status_code=204)
    return _render(
        request, "lesson_state.html.j2", view=view, fresh=view.parts_since(seen),
        claimed=seen.startswith(WAITING),
    )  # fmt: skip


def _quiz(request: Request) -> Response:
    view = _lesson_view(request)
    if view is None or view.script is None:
        return _no_lesson(request)
    chosen = grade(view.script.quiz, request.query_params)
    score = sum(
        given == question.answer for given, question in zip(chosen, view.script.quiz, strict=True)
    )
    template = "quiz.html.j2" if "hx-request" in request.headers else "lesson_page.html.j2"
    return _render(request, template, view=view, chosen=chosen, score=score)


async def _cancel(request: Request) -> Response:
    form = await request.form(max_files=0, max_fields=5)
    return await run_in_threadpool(_change, request, form, "cancel")


async def _replay(request: Request) -> Response:
    form = await request.form(max_files=0, max_fields=5)
    return await run_in_threadpool(_change, request, form, "replay")


def _change(request: Request, form: FormData, action: str) -> Response:
    """Cancel or replay a request, then show it again on the page that it was sent from."""
    refused = _refuse_foreign(request, form)
    if refused:
        return refused
    request_id = request_uuid(request.path_params["request_id"])
    if request_id is None:
        return _no_lesson(request)
    service = service_of(request)
    notice = None
    if action == "cancel":
        state = service.cancel(request_id)
        notice = None if state.cancel_requested_at else f"It has {state.status} already."
    else:
        number = service.letter_of(request_id)
        replayed = service.replay(number) if number else None
        notice = replayed.skipped if replayed else "It has no dead letter to replay."
    if "hx-request" not in request.headers:
        return RedirectResponse(f"/lessons/{request_id}", 303)
    view = view_of(service, request_id)
    if form.get("from") == "list":
        return _render(request, "request_row.html.j2", view=view, notice=notice)
    replaying = action == "replay" and not notice
    return _render(
        request,
        "lesson_state.html.j2",
        view=view,
        fresh=[],
        claimed=False,
        notice=notice,
        replaying=replaying,
    )


def _requests(request: Request) -> Response:
    service = service_of(request)
    query = request.query_params
    try:
        filters = Filters.read(query)
        page = service.list(filters, ROWS, query.get("cursor"))
    except BadQuery as error:
        return problem_page(request, 400, "This list cannot be shown", str(error))
    views = [LessonView(row.request_id, row) for row in page.rows]
    counts = service.counts(filters)
    signature = _digest(counts, [(view.request_id, view.signature) for view in views])
    is_part = "hx-request" in request.headers
    if is_part and query.get("seen") == signature:
        return Response(status_code=204)
    here = {**filters.given, **({"cursor": query["cursor"]} if query.get("cursor") else {})}
    return _render(
        request,
        "requests_rows.html.j2" if is_part else "requests_page.html.j2",
        views=views,
        filters=filters,
        counts=counts,
        total=sum(counts.values()),
        statuses=STATUSES,
        modalities=MODALITIES,
        poll=urlencode({**here, "seen": signature}),
        older=urlencode({**filters.given, "cursor": page.following}) if page.following else None,
        newest=urlencode(filters.given) if query.get("cursor") else None,
    )


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
