"""Render a report as one self-contained HTML page.

The template engine escapes all untrusted text, and invisible characters are spelled out. The
page's content security policy allows its own style sheet and script, by their digests, and
nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import logging
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from markupsafe import Markup

from pipeline.output_file import write_output
from pipeline.report import charts, waterfall
from pipeline.report.data import Report, ReportedRequest
from pipeline.report.formulas import formula, prose
from pipeline.report.links import link, vtt_url
from pipeline.report.payload import readable
from pipeline.report.templates import templates
from transforms.ledger import DeadLetterDetail
from transforms.ledger.scoped import MEASURED_REQUESTS

log = logging.getLogger(__name__)

OPEN_FIRST_LIMIT = 20
"""Up to this many requests, the first lesson is opened when the page loads."""

ARTIFACT_ORDER = (
    *("video.mp4", "narration.m4a", "captions.vtt", "captions.srt", "chapters.vtt"),
    *("transcript.txt", "thumbnail.jpg", "thumbnail.webp", "script.md", "script.json"),
    *("narration.json", "manifest.json"),
)


def write(report: Report, file: Path) -> None:
    """Write a report to a file, as `write_output` does.

    Raises:
        OSError: the file cannot be written; the error names the file.
    """
    write_output(file, html(report, file.parent.absolute()))


def html(report: Report, folder: Path) -> str:
    """Render a report as one HTML page.

    Args:
        folder: folder that will hold the page; links to local artifacts are relative to it.
    """
    style = _asset("report.css")
    script = "\n".join(map(_asset, ("recordings.js", "report.js", "theme.js")))
    opened = _first_lesson(report) if len(report.requests) <= OPEN_FIRST_LIMIT else None
    longest = max((waterfall.span(waterfall.latest(r.stages)) for r in report.requests), default=0)

    def request_item(request: ReportedRequest) -> Markup:
        return _item(
            "request.html.j2", "request", request.row.request_id, request=request,
            bars=lambda request: waterfall.bars(waterfall.latest(request.stages), longest),
            all_bars=lambda request: waterfall.bars(request.stages),
            artifacts=lambda request: _artifacts(request, folder),
            opened=opened, vtt_url=vtt_url, formula=formula, prose=prose,
        )  # fmt: skip

    def letter_item(letter: DeadLetterDetail) -> Markup:
        data = letter.message.data
        return _item(
            "letter.html.j2", "dead letter", letter.id, letter=letter,
            payload=lambda: readable(data, whole=len(data) == letter.size),
        )  # fmt: skip

    return templates("pipeline.report").get_template("page.html.j2").render(
        report=report,
        style=Markup(style),  # noqa: S704  (our own file)
        script=Markup(script),  # noqa: S704
        policy=_policy(style, script),
        charts=charts,
        measured=f"; of the newest {MEASURED_REQUESTS:,} requests" if report.more_requests else "",
        request_item=request_item,
        letter_item=letter_item,
    )  # fmt: skip


def _item(template: str, what: str, name: object, **context: Any) -> Markup:
    """Render one item of a list; if that fails, render an error in its place."""
    try:
        return Markup(templates("pipeline.report").get_template(template).render(**context))  # noqa: S704
    except Exception as error:  # noqa: BLE001  (logged; the page names it)
        kind = type(error).__name__
        log.warning("the %s %s cannot be shown: %s", what, name, kind)
        text = Markup("The {} <code>{}</code> cannot be shown: {}").format(what, name, kind)
        return Markup("<li><details><summary>{}</summary></details></li>\n").format(text)


@cache
def _asset(name: str) -> str:
    return (files("pipeline.report") / "page" / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    return "; ".join((
        "default-src 'none'",
        f"style-src '{_digest(style)}'",
        f"script-src '{_digest(script)}'",
        "img-src 'self' file: data:",
        "media-src 'self' file: data:",  # data: holds captions and chapters
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
    ))  # fmt: skip


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _artifacts(request: ReportedRequest, folder: Path) -> dict[str, dict[str, Any]]:
    """Return a request's artifacts by name, most useful first."""
    missing = request.files.missing if request.files else ()
    found = {
        name: {
            "link": None if name in missing else link(str(artifact["uri"]), folder),
            "size": artifact["size"],
            "uri": artifact["uri"],
            "alt": artifact.get("alt"),
        }
        for name, artifact in request.row.artifacts.items()
    }
    order = {name: at for at, name in enumerate(ARTIFACT_ORDER)}
    return dict(sorted(found.items(), key=lambda item: (order.get(item[0], 99), item[0])))


def _first_lesson(report: Report) -> str | None:
    """Return the id of the newest completed request with a video."""
    for request in report.requests:
        if request.row.status == "completed" and "video.mp4" in request.row.artifacts:
            return request.row.request_id
    return None
