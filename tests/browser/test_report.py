"""Tests of the report in Chromium, opened from disk without a server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.reports import letter, ordinary, report, request, written
from transforms.model import QuizQuestion, Scene, Script, Visual

SECONDS, RATE = 4, 24_000
RENDERED = 60  # maximum rows that Chromium lays out, for the screen and its margin

ATTACKS = (
    "<script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked = 2'>",
    "\"'><svg onload=window.hacked=3>",
    "</template></details><script>window.hacked = 4</script>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:window.hacked=5",
    "]]><!--<style>*{display:none}</style>",
)


@pytest.fixture(scope="module")
def lessons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create the recordings that the ordinary report links to."""
    folder = tmp_path_factory.mktemp("lessons")
    video, audio = (folder / request(number).row.request_id for number in (1, 2))
    video.mkdir()
    audio.mkdir()
    _film(video / "video.mp4")
    shutil.copy(video / "video.mp4", audio / "narration.m4a")
    Image.new("RGB", (1280, 720), "navy").save(video / "thumbnail.jpg")
    return folder


@pytest.fixture
def shown(page: Page, lessons: Path, tmp_path: Path) -> Iterator[Page]:
    """Open the ordinary report; console messages fail the test."""
    messages = _console_messages(page)
    page.goto(written(ordinary(str(lessons)), tmp_path / "report.html").as_uri())
    yield page
    assert not messages


def test_lesson_plays_with_captions(shown: Page) -> None:
    video = shown.locator("video")
    assert video.count() == 1  # the report opens with one lesson shown
    _play(video)
    track = shown.evaluate(
        """() => { const [track] = document.querySelector('video').textTracks;
        return [track.mode, track.kind, [...track.activeCues].map(cue => cue.text)] }"""
    )
    assert track == ["showing", "captions", ["Light becomes sugar."]]
    video.evaluate(
        """video => new Promise(done => {
          video.addEventListener('seeked', done, {once: true}); video.currentTime = 3 })"""
    )
    assert video.evaluate("video => video.currentTime") >= 3


def test_chapter_button_seeks_the_video(shown: Page) -> None:
    chapters = shown.get_by_role("list", name="Chapters").get_by_role("button")
    expect(chapters).to_have_text(["0:00 Leaves & light", "0:02 <b>Myths"])
    video = shown.locator("video")
    moved = video.evaluate_handle(
        """video => { video.muted = true;
          return { then: new Promise(done => video.addEventListener('seeked', done)) } }"""
    )
    chapters.nth(1).click()
    moved.evaluate("moved => moved.then")
    assert video.evaluate("video => video.currentTime") >= 2
    assert not video.evaluate("video => video.paused || video.ended")


def test_lesson_has_script_quiz_and_artifacts(shown: Page) -> None:
    lesson = shown.locator(".lesson")
    lesson.get_by_text("Script", exact=False).first.click()
    expect(lesson.get_by_text("Leaves catch light.")).to_be_visible()
    expect(lesson.get_by_role("columnheader", name="Myth")).to_be_visible()
    expect(lesson.locator("math")).to_be_visible()
    expect(lesson.locator("math")).to_have_attribute("alttext", "A squared plus b squared")
    lesson.get_by_text("Quiz").click()
    expect(lesson.get_by_text("Plants take it in.")).to_be_hidden()
    lesson.get_by_text("Answer").click()
    expect(lesson.get_by_text("Plants take it in.")).to_be_visible()
    link = lesson.get_by_role("link", name="video.mp4")
    target = shown.evaluate("link => link.href", link.element_handle())
    assert target.startswith("file://")
    assert target.endswith(f"{request(1).row.request_id}/video.mp4")


def test_rows_open_lazily_and_closing_pauses_video(shown: Page) -> None:
    assert shown.locator("audio").count() == 0
    shown.get_by_text("How do prices form?").click()
    expect(shown.locator("audio")).to_have_count(1)
    video = shown.locator("video")
    _play(video)
    stopped = video.evaluate_handle(
        "video => ({ then: new Promise(done => video.addEventListener('pause', done)) })"
    )
    shown.locator("summary", has_text="Explain photosynthesis").click()
    stopped.evaluate("stopped => stopped.then")
    assert video.evaluate("video => video.paused")


def test_filters_narrow_and_sort_requests(shown: Page) -> None:
    rows = shown.locator("#request-list > li:visible")
    count = shown.locator("#request-count")
    expect(rows).to_have_count(4)
    shown.get_by_role("combobox", name="Status").select_option("failed")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("fourth law")
    expect(count).to_have_text("1 of 4 requests")
    shown.get_by_role("combobox", name="Modality").select_option("audio")
    expect(rows).to_have_count(0)
    expect(shown.get_by_text("No requests match these filters.")).to_be_visible()
    shown.get_by_role("combobox", name="Status").select_option("")
    expect(rows).to_have_count(1)
    shown.get_by_role("combobox", name="Modality").select_option("")
    search = shown.get_by_role("searchbox").first
    for typed, found in (("EXPLAIN grav", 1), ("student-2", 1), ("no lesson covers", 1), ("", 4)):
        search.fill(typed)
        expect(rows).to_have_count(found)
    shown.get_by_role("combobox", name="Order").select_option("cost")
    expect(rows.first).to_contain_text("prices")


def test_dead_letters_show_payload_and_traceback(shown: Page) -> None:
    letters = shown.locator("#letter-list > li:visible")
    shown.get_by_role("combobox", name="Reason").select_option(label="parse: request_id (1)")
    expect(letters).to_have_count(1)
    letters.locator("summary").click()
    expect(letters.locator("pre")).to_have_text('{\n  "request_id": "homework-17"\n}')
    shown.get_by_role("combobox", name="Reason").select_option("")
    expect(letters).to_have_count(3)
    shown.locator("#letter-list summary", has_text="900 s").click()
    expect(shown.get_by_text("Traceback (most recent call last):")).to_be_visible()


def test_fragment_opens_its_dead_letter(shown: Page) -> None:
    shown.evaluate("location.hash = 'letter-2'")
    expect(shown.locator("#letter-2 pre")).to_be_in_viewport()


def test_keyboard_reaches_links_rows_and_players(shown: Page) -> None:
    shown.keyboard.press("Tab")
    expect(shown.get_by_text("Skip to the requests")).to_be_focused()
    shown.locator("#request-list > li:nth-child(2) summary").first.focus()
    shown.keyboard.press("Enter")
    expect(shown.locator("audio")).to_have_count(1)
    shown.keyboard.press("Tab")
    expect(shown.locator("audio")).to_be_focused()


def test_theme_follows_system_until_chosen(shown: Page) -> None:
    def paper() -> Any:
        return shown.evaluate("getComputedStyle(document.body).backgroundColor")

    light = paper()
    shown.emulate_media(color_scheme="dark")
    dark = paper()
    assert light != dark
    button = shown.get_by_role("button", name="Theme")
    button.click()
    assert paper() == light
    button.click()
    assert paper() == dark
    shown.emulate_media(color_scheme="light")
    assert paper() == dark
    shown.reload()
    expect(button).to_have_text("Theme: dark")
    assert paper() == dark


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_report_has_no_accessibility_violations(shown: Page, scheme: Any, width: int) -> None:
    shown.emulate_media(color_scheme=scheme)
    shown.set_viewport_size({"width": width, "height": 800})
    shown.evaluate(
        """for (let round = 0; round < 2; round++)
          for (const details of document.querySelectorAll('details')) details.open = true"""
    )
    expect(shown.locator(".lesson")).to_have_count(4)
    found = Axe().run(shown)
    serious = [v for v in found.response["violations"] if v["impact"] in ("serious", "critical")]
    checked = {rule["id"] for rule in found.response["passes"]}
    assert {"color-contrast", "svg-img-alt", "label", "link-name", "summary-name"} <= checked
    assert not serious, [(v["id"], [n["html"][:200] for n in v["nodes"][:3]]) for v in serious]
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_hostile_text_is_shown_as_text(page: Page, tmp_path: Path) -> None:
    messages = _console_messages(page)
    requests, letters = [], []
    for number, attack in enumerate(ATTACKS):
        script = Script(
            title=attack,
            hook=attack,
            scenes=(
                Scene(attack, attack, (attack,), Visual("comparison", attack, (attack,))),
                Scene(attack, attack, (), Visual("formula", attack)),
            ),
            key_takeaways=(attack,),
            quiz=(QuizQuestion(attack, (attack, attack), 0, attack),),
            topic=attack,
            subject=attack,
            grade_level=9,
            sources=(attack,),
        )
        everywhere = {
            "query": attack, "interest": attack, "student_id": attack, "correlation_id": attack,
            "message_id": attack, "modality": "text",
        }  # fmt: skip
        requests.append(request(2 * number, script=script, **everywhere))
        failure = {"status": "failed", "error_type": attack, "error": attack}
        requests.append(request(2 * number + 1, **everywhere, **failure))
        letters.append(
            letter(number, attack.encode(), field=attack, error=attack, error_type=attack,
                   traceback=attack, replays=1, replayed_as=attack, attributes={attack: attack})
        )  # fmt: skip
    page.goto(written(report(tuple(requests), tuple(letters)), tmp_path / "report.html").as_uri())
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    expect(page.locator(".lesson")).to_have_count(len(requests))
    expect(page.locator(".letter")).to_have_count(len(letters))
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    assert page.evaluate("window.hacked") is None
    assert page.locator(".question").all_text_contents() == [a for a in ATTACKS for _ in range(2)]
    for place in ("article h3", ".quiz > li > p", ".letter pre:first-of-type"):
        assert page.locator(place).all_text_contents()[: len(ATTACKS)] == list(ATTACKS)
    assert page.locator("script").count() == 1
    assert page.locator("style").count() == 1
    assert page.locator("img, a[href^='javascript']").count() == 0
    assert not messages


def test_thousand_requests_render_one_screenful(page: Page, tmp_path: Path) -> None:
    messages = _console_messages(page)
    many = report(
        tuple(request(number) for number in range(1, 1001)),
        tuple(letter(number) for number in range(1, 1001)),
    )
    page.goto(written(many, tmp_path / "report.html").as_uri())
    expect(page.locator("#request-count")).to_have_text("1,000 requests")
    # The contents of a row (player, script, payload) are created when it is opened.
    assert page.locator("video, audio, .lesson, pre").count() == 0
    per_row = page.evaluate(
        "document.querySelectorAll('#request-list *').length / "
        "document.querySelectorAll('#request-list > li').length"
    )
    assert per_row < 30
    assert 0 < _rendered(page) < RENDERED
    page.locator("footer").scroll_into_view_if_needed()
    assert _rendered(page) < RENDERED
    # Thumbnails far below the screen are not loaded either.
    loaded = page.evaluate(
        "performance.getEntriesByType('resource').filter(e => e.name.endsWith('.jpg')).length"
    )
    assert loaded < 4 * RENDERED
    page.get_by_role("searchbox").first.fill("student-777")
    # Rows that do not match are removed, not hidden: Chromium would style each hidden row first.
    expect(page.locator("#request-list > li")).to_have_count(1)
    page.locator("#request-list summary").first.click()
    expect(page.locator(".lesson")).to_have_count(1)
    assert all("ERR_FILE_NOT_FOUND" in each for each in messages), (
        messages
    )  # there are no recordings


def _rendered(page: Page) -> int:
    """Return the number of rows of both lists that Chromium lays out and paints."""
    number: int = page.evaluate(
        """async () => {
          await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
          return [...document.querySelectorAll('.requests > li, .letters > li')].filter(row =>
            row.firstElementChild.checkVisibility({contentVisibilityAuto: true})).length }"""
    )
    return number


def _play(video: Locator) -> None:
    """Play for half a second; the page's policy forbids the `eval` of `wait_for_function`."""
    video.evaluate(
        """video => new Promise((done, failed) => {
          video.addEventListener('timeupdate', () => { if (video.currentTime > 0.5) done() });
          video.muted = true;
          video.play().catch(failed) })"""
    )


def _console_messages(page: Page) -> list[str]:
    """Return a list that collects console messages from now on."""
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    return messages


def _film(file: Path) -> None:
    """Write a short grey video with a hum."""
    with av.open(str(file), "w") as container:
        picture = container.add_stream("libx264", rate=5, options={"preset": "ultrafast"})
        picture.width, picture.height, picture.pix_fmt = 320, 180, "yuv420p"
        sound = container.add_stream("aac", rate=RATE, layout="mono")
        for number in range(SECONDS * 5):
            frame = av.VideoFrame.from_ndarray(np.full((180, 320, 3), 128, np.uint8), "rgb24")
            frame.pts = number
            container.mux(picture.encode(frame))
        hum = (np.sin(np.arange(SECONDS * RATE) / 20) * 0.1).astype(np.float32)
        for start in range(0, len(hum), 1024):
            block = av.AudioFrame.from_ndarray(hum[None, start : start + 1024], "fltp", "mono")
            block.sample_rate, block.pts = RATE, start
            container.mux(sound.encode(block))
        container.mux(picture.encode(None))
        container.mux(sound.encode(None))
