"""A lesson is asked for, watched, taken and replayed in Chromium with `vividly serve`."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import fork_server
from tests.e2e import command

SLOW = 120_000  # milliseconds that a lesson may take on a busy machine


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the command with everything embedded; yield the address that it prints."""
    folder = tmp_path_factory.mktemp("serve")
    places = {"VIVIDLY_STATE": str(folder / "var"), "VIVIDLY_ARTIFACTS": str(folder / "lessons")}
    process = command.start(folder / "log", "serve", "--port", "0", **places)
    yield address(process, folder / "log")
    process.send_signal(signal.SIGINT)
    code = process.wait(60)
    assert code == 0, (folder / "log").read_text()


def address(process: fork_server.Forked, log: Path) -> str:
    """Return the address that the command prints."""
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:\d+/", line)
    assert found, log.read_text()
    return found[0]


def ask(page: Page, server: str, question: str, modality: str) -> None:
    page.goto(server)
    page.get_by_label("Question").fill(question)
    page.get_by_label("Grade").fill("9")
    page.get_by_label("Interest").fill("basketball")
    page.get_by_role("radio", name=modality).check()
    page.get_by_role("button", name="Make the lesson").click()
    expect(page).to_have_url(re.compile("/lessons/"))


def test_lesson_is_asked_watched_played_and_taken(page: Page, server: str) -> None:
    ask(page, server, "Explain photosynthesis", "Video")
    title = page.locator("#script h2")
    expect(title).to_contain_text("Photosynthesis", timeout=SLOW)
    expect(page.get_by_role("heading", level=1)).to_have_text("Explain photosynthesis")
    expect(page).to_have_title("Explain photosynthesis · Vividly")
    expect(page.locator("#state .status")).to_have_text("completed", timeout=SLOW)
    video = page.locator("#video video")
    video.evaluate(
        """video => new Promise((done, failed) => {
          video.addEventListener('timeupdate', () => { if (video.currentTime > 0.5) done() });
          video.muted = true;
          video.play().catch(failed) })"""
    )
    captions = video.evaluate("video => [video.textTracks[0].mode, video.textTracks[0].kind]")
    assert captions == ["showing", "captions"]
    expect(page.get_by_role("list", name="Chapters").get_by_role("button").first).to_be_visible()
    moved = video.evaluate_handle(
        "video => ({ then: new Promise(done => video.addEventListener('seeked', done)) })"
    )
    page.get_by_role("list", name="Chapters").get_by_role("button").nth(1).click()
    moved.evaluate("moved => moved.then")
    assert video.evaluate("video => video.currentTime") > 1

    questions = page.locator("#quiz fieldset")
    for number in range(questions.count()):
        questions.nth(number).get_by_role("radio").first.check()
    page.get_by_role("button", name="Check the answers").click()
    expect(page.locator("#quiz .score")).to_have_text(re.compile(r"\d of 2 right"))
    expect(page.locator("#quiz .answer.right")).to_have_count(2)
    expect(page.locator("#quiz .explanation").first).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator("#video")).to_be_hidden()
    expect(title).to_be_visible()


def test_script_comes_before_sound_and_video(page: Page, server: str) -> None:
    ask(page, server, "How does plate tectonics work?", "Video")
    order = page.evaluate(
        """() => new Promise(done => {
          const seen = [];
          const look = () => {
            for (const [name, what] of [["script", "#script h2"], ["sound", "#sound audio"],
                ["video", "#video video"]])
              if (document.querySelector(what) && !seen.includes(name)) seen.push(name);
            if (seen.includes("video")) done(seen); else setTimeout(look, 20);
          };
          look() })"""
    )
    assert order[0] == "script"
    assert order[-1] == "video"


def test_refused_question_offers_topics_instead(page: Page, server: str) -> None:
    ask(page, server, "Explain Newton's fourth law", "Text")
    expect(page.locator("#state .status")).to_have_text("failed", timeout=SLOW)
    page.get_by_role("button", name="Teach me Newton's second law instead").click()
    expect(page.locator("#script h2")).to_contain_text("second law", timeout=SLOW)
    expect(page.get_by_role("heading", level=1)).to_have_text("Explain Newton's second law")


def test_request_is_cancelled_and_replayed(page: Page, server: str) -> None:
    ask(page, server, "Explain gravity", "Video")
    page.get_by_role("button", name="Cancel").click(timeout=SLOW)
    expect(page.locator("#state .status")).to_have_text("cancelled", timeout=SLOW)
    page.goto(f"{server}requests")
    row = page.locator(".requests > li", has_text="Explain gravity")
    row.get_by_role("button", name="Replay").click()
    expect(row.locator(".status")).to_have_text("completed", timeout=SLOW)
    row.get_by_role("link", name="Explain gravity").click()
    expect(page.locator("#video video")).to_be_attached()
    expect(page.get_by_role("button", name="Print")).to_be_visible()
