"""Hostile texts and lessons through every output: report, captions, terminal and JSON.

The ledger and the store may hold texts of earlier releases, so outputs do not rely on what the
parser removes.
"""

from __future__ import annotations

import io
import json
import re
from contextlib import redirect_stdout
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.cli import demo_output, output, request_tables
from pipeline.cli.console import CommandConsole
from pipeline.report import data, render
from pipeline.report.data import Report
from tests import reports
from tests.every_row import for_all
from tests.naughty import NAUGHTY
from tests.unit.maths.formulas import ODD
from tests.unit.report.test_render import BROKEN, Parsed
from tests.unit.test_naughty import lesson
from tests.unit.text.test_hidden import HIDDEN
from tests.unit.video.lessons import timed
from transforms.model import Script, Visual
from transforms.text.hidden import visible
from transforms.video.plan.caption_files import webvtt
from transforms.video.plan.captions import chapter_cues, cues
from transforms.video.plan.storyboard import plan

TEXTS = {
    **NAUGHTY,
    **{f"hidden: {name}": text for name, (text, _) in HIDDEN.items()},
    "markup of the terminal": "[bold red]a[/] [link=http://x]b[/link] [/nothing]",
    "controls of the terminal": "\x1b]0;title\x07\x1b[2J\x1b[31m\r\x9b1mred",
    "lone surrogates": "a\ud800b\udfffc",
}
MATHS = (
    r"$5\,\unit{m} \frac{a}{2} \sqrt{x} \sqrt[3]{x} x_1 x^2 x_1^2 \text{is} \bar{x}$ $∞$ "
    r"$\sum_{i}^{n} \int_0^1 \lim_{x} \sin(x) 50\% \binom{n}{k}$ "
    r"\ce{^{14}C(s) + 2 SO4^2- ->[a] (OH)2 ^}"
)
"""Formulas with every element of MathML."""
GROUPS = {
    first: [TEXTS[name] for name in list(TEXTS)[at : at + 16]]
    for at, first in enumerate(TEXTS)
    if at % 16 == 0
}
FOLDER = Path("/pages")


def script_of(text: str, *formulas: str) -> Script:
    """Return a lesson of a hostile text and of formulas."""
    script = lesson({"1": text, "2": text})
    drawn = [replace(script.scenes[0], visual=Visual("formula", each)) for each in formulas]
    return replace(script, scenes=(*script.scenes, *drawn))


def report_of(*texts: str, script: Script | None = None) -> Report:
    """Return a report in which students, engines and errors say only these texts."""
    requests, letters = [], []
    for at, text in enumerate(texts):
        words: dict[str, Any] = {
            "query": text,
            "interest": text,
            "student_id": text,
            "correlation_id": text,
        }
        failed: dict[str, Any] = {
            "status": "failed",
            "error_type": "X",
            "error": text,
            "artifacts": {},
        }
        made = script or script_of(text, *(ODD if at == 0 else ()), *([text[:9]] if at < 3 else ()))
        requests.append(reports.request(2 * at, **words, script=made))
        requests.append(reports.request(2 * at + 1, **words, modality="text", **failed))
        letters.append(
            reports.letter(
                at, text.encode("utf-8", "replace"), error=text, field=text, traceback=text,
                attributes={text[:20] or "a": text},
            )
        )  # fmt: skip
    return reports.report(tuple(requests), tuple(letters))


@cache
def known_tags() -> frozenset[tuple[str, frozenset[str]]]:
    """Return the tags, with the names of their attributes, of pages of harmless texts."""
    return frozenset(tags(report_of("F = m a", "One.", "a: 1", "a | b", MATHS)))


def tags(made: Report) -> set[tuple[str, frozenset[str]]]:
    return {(tag, frozenset(names)) for tag, names in Parsed(render.html(made, FOLDER)).tags}


def printed(show, *arguments: object, **named: object) -> str:
    """Return what a command prints."""
    with redirect_stdout(io.StringIO()) as shown:
        show(*arguments, **named)
    return shown.getvalue()


@for_all(list(GROUPS))
def test_report_shows_hostile_text_as_text(group: str) -> None:
    made = report_of(*GROUPS[group])
    page = render.html(made, FOLDER)
    page.encode()
    assert visible(page) == page
    assert "cannot be shown" not in page
    assert tags(made) <= known_tags()


@for_all(list(GROUPS))
def test_captions_hold_no_hidden_text(group: str) -> None:
    script = lesson({str(at): text for at, text in enumerate(GROUPS[group])})
    narration = timed(script)
    for track in (
        cues(narration.sentences, narration.duration),
        chapter_cues(plan(script, narration, narration.duration)),
    ):
        vtt = re.sub(r"(?m)^\u200e", "", webvtt(track, "en-US"))  # our mark of direction
        vtt.encode()
        assert visible(vtt) == vtt
        assert "<" not in "".join(line for line in vtt.split("\n") if "-->" not in line)


@for_all(list(GROUPS))
def test_terminal_shows_hostile_text_as_text(group: str) -> None:
    made = report_of(*GROUPS[group])
    rows, letters = [each.row for each in made.requests], list(made.letters)
    shown = (
        printed(request_tables.requests, rows, as_json=False, counts={"failed": 1}),
        *(printed(output.request, row, as_json=False) for row in rows),
        printed(output.dead_letters, letters, as_json=False),
        *(printed(output.dead_letter, each, as_json=False) for each in letters),
        printed(lambda: CommandConsole().print(demo_output._outcomes(rows))),
        printed(lambda: CommandConsole().print(demo_output._dead_letters(letters))),
    )
    for each in shown:
        each.encode()
        assert visible(each) == each


def test_terminal_does_not_read_markup() -> None:
    text = TEXTS["markup of the terminal"]
    made = report_of(text)
    rows = [each.row for each in made.requests]
    shown = (
        printed(output.request, rows[0], as_json=False),
        printed(output.dead_letter, made.letters[0], as_json=False),
        printed(lambda: CommandConsole().print(demo_output._outcomes(rows))),
    )
    assert all("[bold red]a[/]" in each for each in shown)


@for_all(list(GROUPS))
def test_json_is_ascii_and_keeps_hostile_text(group: str) -> None:
    made = report_of(*GROUPS[group])
    found = json.loads(data.as_json(made))["requests"]
    assert [each["row"]["student_id"] for each in found[::2]] == GROUPS[group]
    assert [each["files"]["script"]["topic"] for each in found[::2]] == GROUPS[group]
    rows, letters = [each.row for each in made.requests], list(made.letters)
    for shown in (
        data.as_json(made),
        printed(request_tables.requests, rows, as_json=True),
        printed(output.dead_letters, letters, as_json=True),
        printed(output.dead_letter, letters[0], as_json=True),
    ):
        assert shown.isascii()
        json.loads(shown)


@for_all(list(BROKEN))
def test_broken_lesson_costs_no_output(name: str) -> None:
    made = report_of("One.", script=BROKEN[name])
    assert render.html(made, FOLDER).count("cannot be shown") == 1
    assert len(json.loads(data.as_json(made))["requests"]) == 2
