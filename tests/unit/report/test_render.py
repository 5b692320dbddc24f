"""Tests of `render` without a browser: links, escaping and content security policy."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import resource
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipeline.report import data, render
from tests.reports import SCRIPT, letter, ordinary, report, request
from transforms.model import Scene, Visual


class Parsed(HTMLParser):
    """The start tags of a page with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def html():
    return render.html(ordinary(), Path("/pages"))


def test_write_error_names_the_page(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))  # a write fails, as on a full disk
    try:
        with pytest.raises(OSError, match=r"File too large: '.*report\.html'"):
            render.write(ordinary(), tmp_path / "report.html")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_reuse_is_shown_by_stage(html):
    [row] = re.findall(r"<tr><th scope=\"row\">narration</th>(.*?)</tr>", html)
    assert re.findall(r"<td>(.*?)</td>", row) == ["2", "6", "75 %", "$0.03120"]


def page_of(problems=(), **changes):
    """Render the page of a lesson with changes to its script."""
    made = request(script=replace(SCRIPT, **changes))
    assert made.files
    made = replace(made, files=replace(made.files, problems=problems))
    return unescape(render.html(report((made,)), Path("/pages")))


def test_scenes_cite_numbered_sources():
    first, *others = SCRIPT.scenes
    cited = (replace(first, sources=(2, 1)), *others)
    page = page_of(scenes=cited, sources=("A textbook", "An encyclopedia"))
    assert "[2, 1]" in page
    [listed] = re.findall(r'<ol class="sources">(.*?)</ol>', page)
    assert re.findall(r"<li>(.*?)</li>", listed) == ["A textbook", "An encyclopedia"]


@pytest.mark.parametrize(
    ("language", "words"), [("en-US", "No source checked"), ("de", "Keine Quelle geprüft")]
)
def test_lesson_without_sources_says_so(language, words):
    assert words in page_of(sources=(), language=language)


@pytest.mark.parametrize(
    ("problems", "words"),
    [
        (("reading_level", "support"), "<dd>reading level, support</dd>"),
        ((), "<dd>no problem found</dd>"),
        (None, None),
    ],
)
def test_problems_of_checks_are_shown(problems, words):
    page = page_of(problems)
    assert ("checks of the script" in page) == bool(words)
    assert words is None or words in page


def test_policy_allows_only_the_page_style_and_script(html):
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    policy = unescape(policy)
    for element, directive in (("style", "style-src"), ("script", "script-src")):
        [inside] = re.findall(rf"<{element}>(.*?)</{element}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_no_element_has_inline_style_or_handler(html):
    for tag, attributes in Parsed(html).tags:
        assert not {"style", "onclick", "onerror", "onload"} & set(attributes), tag


def test_artifacts_are_linked_relative_to_the_page():
    page = render.html(report((request(folder="/lessons"),)), Path("/pages/may"))
    assert 'src="../../lessons/00000000-0000-0000-0000-000000000001/video.mp4"' in page


def test_cloud_artifacts_are_linked_and_not_embedded():
    page = render.html(report((request(folder="gs://lessons/a"),)), Path("/pages"))
    assert 'href="https://storage.cloud.google.com/lessons/a/' in page
    assert not {"video", "audio", "img"} & {tag for tag, _ in Parsed(page).tags}


def test_missing_artifact_is_marked_and_not_linked():
    lost = request()
    assert lost.files
    lost = replace(lost, files=replace(lost.files, missing=("video.mp4", "thumbnail.jpg")))
    page = render.html(report((lost,)), Path("/pages"))
    assert "no longer available" in page
    assert "video" not in {tag for tag, _ in Parsed(page).tags}
    assert "audio" in {tag for tag, _ in Parsed(page).tags}


def test_unreadable_script_falls_back_to_the_ledger():
    page = render.html(report((request(script=None),)), Path("/pages"))
    assert "Leaves catch light." in page


def test_page_is_written_atomically(tmp_path, monkeypatch):
    file = tmp_path / "new" / "report.html"
    render.write(ordinary(), file)
    assert file.read_text(encoding="utf-8").rstrip().endswith("</html>")
    monkeypatch.setattr(render, "html", lambda *_: "half \ud800")
    with pytest.raises(UnicodeEncodeError):
        render.write(ordinary(), file)
    assert file.read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert list(file.parent.iterdir()) == [file]


def test_unencodable_text_is_escaped():
    page = render.html(report((request(query="\ud800\x00"),), (letter(error="\udfff"),)), Path("/"))
    assert "\\ud800\\x00" in page
    page.encode()


def test_empty_report_states_no_requests():
    page = render.html(replace(report(()), first=None, last=None, latencies=()), Path("/"))
    assert "No requests." in page
    assert "100 %" not in page


def test_cancelled_request_is_not_a_failure():
    cancelled = letter(1, stage="video", field=None, error_type="Cancelled", error="by request")
    made = report((request(),), (cancelled, letter(2)))
    assert (made.dead_lettered, made.cancelled, made.success_rate) == (2, 1, 0.5)
    assert "2 dead-lettered (1 cancelled)" in render.html(made, Path("/"))


def test_json_contains_all_report_data():
    found = json.loads(data.as_json(ordinary()))
    assert found["received"] == 4 + 1 + 3
    assert found["success_rate"] == pytest.approx(4 / 7)
    assert found["letters_in_all"] == 3
    assert found["letters"][1]["message"]["data"].startswith("ff fe 00")
    assert found["requests"][0]["files"]["script"]["title"] == "Photosynthesis"


BROKEN = {
    "answer out of range": replace(SCRIPT, quiz=(replace(SCRIPT.quiz[0], answer=9),)),
    "spoken question out of range": replace(SCRIPT, asked=9),
    "no scenes": replace(SCRIPT, scenes=None),  # type: ignore[arg-type]
}
"""Scripts of another release or of a faulty engine."""


@pytest.mark.parametrize("name", BROKEN)
def test_broken_lesson_costs_no_other_lesson(name, tmp_path):
    lessons = (request(1, script=BROKEN[name]), request(2))
    made = report(lessons, (letter(1), letter(2, size="many")))
    page = render.html(made, tmp_path)
    assert page.count("Leaves catch light.") >= 1
    assert page.count("cannot be shown") == 2
    for each in lessons:
        assert each.row.request_id in page
    assert "letter-1" in page
    assert len(json.loads(data.as_json(made))["requests"]) == 2


@pytest.mark.parametrize(
    ("visual", "shown"),
    [
        (Visual("formula", r"a^2"), r"""<math .*</math>"""),
        (Visual("worked", r"a^2", ("In", "Out")), r"""<math .*<ol>\s*<li>In</li>"""),
        (Visual("quote", "Think.", ("IBM",)), r"<blockquote>Think\.<br>IBM</blockquote>"),
        (Visual("definition", "a force", ("Gravity",)), r"<dfn>Gravity</dfn>: a force"),
        (Visual("cycle", "", ("Rain", "Sea")), r"<ol>\s*<li>Rain</li>"),
        (Visual("bullets", "Note", ("One",)), r"""<p class="caption">Note</p>.*<ul>\s*<li>One"""),
    ],
)
def test_visual_is_written_out_by_kind(visual, shown, tmp_path):
    script = replace(SCRIPT, scenes=(Scene("Scene", "Said.", (), visual),))
    page = render.html(report((request(1, script=script),)), tmp_path)
    assert re.search(shown, page, re.S)
    assert page.count("<li>Gravity") + page.count("<li>IBM") == 0
