"""Pages of `vividly serve` in Chromium over a filled ledger: axe, phone width, hostile texts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.test_report import ATTACKS
from tests.integration.ledger_support import LEASE, completed, letter, message, request, take
from tests.integration.serve_support import Served, serving
from tests.reports import SCRIPT
from transforms.ledger import ClaimRequest, Ledger
from transforms.model import Script, StageRecord, encode

WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
REFUSED = (
    "no lesson covers this question yet; the nearest topics are “Gravity” and “Photosynthesis”"
)


@pytest.fixture
def ledger(migrated_postgres: Any) -> Ledger:
    return Ledger(migrated_postgres.url)


@pytest.fixture
def served(ledger: Ledger, pubsub: Any, tmp_path: Any) -> Iterator[Served]:
    with serving(ledger, pubsub, tmp_path / "lessons") as served:
        yield served


def lesson(served: Served, ledger: Ledger, script: Script, **fields: Any) -> str:
    """Complete a request with a script; return its id."""
    taken = take(ledger, ClaimRequest(message(), request(**fields)))
    request_id = taken.request.request_id
    made = served.store.put(request_id, "script.json", encode(script), "application/json")
    record = StageRecord("script", "offline", "f" * 64, 1.0, 0.0001, (), (made,))
    assert ledger.complete([completed(taken.with_record(record))]) == [True]
    return request_id


@pytest.fixture
def pages(served: Served, ledger: Ledger) -> dict[str, str]:
    """Addresses of each page and of each state of a lesson."""
    done = lesson(served, ledger, SCRIPT, student_query="Explain photosynthesis")
    running = take(ledger, ClaimRequest(message(), request(requested_modalities=("video",))))
    failed = take(ledger, ClaimRequest(message(), request(student_query="Explain the fourth law")))
    ledger.dead_letter([letter(failed, "script", error=REFUSED, error_type="PermanentError")])
    return {
        "ask": "/",
        "completed": f"/lessons/{done}",
        "graded": f"/lessons/{done}/quiz?q0=0",
        "running": f"/lessons/{running.request.request_id}",
        "failed": f"/lessons/{failed.request.request_id}",
        "waiting": f"/lessons/{uuid4()}",
        "requests": "/requests",
        "nothing found": "/requests?search=nothing",
        "problem": "/no/such/page",
    }


def open_page(page: Page, served: Served, path: str) -> None:
    page.goto(f"http://127.0.0.1:{served.port}{path}")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("dark", 360)])
def test_pages_have_no_accessibility_violations(
    page: Page, served: Served, pages: dict[str, str], scheme: Any, width: int
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    for name, path in pages.items():
        open_page(page, served, path)
        page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        found = Axe().run(page, options=WCAG).response["violations"]
        problems = [(v["id"], [n["html"][:200] for n in v["nodes"][:3]]) for v in found]
        assert not problems, (name, problems)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


def test_hostile_texts_are_shown_as_text(page: Page, served: Served, ledger: Ledger) -> None:
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    for attack in ATTACKS:
        script = Script(
            attack, attack, SCRIPT.scenes[:0], (attack,), SCRIPT.quiz[:0], attack, attack, 9,
            sources=(attack,),
        )  # fmt: skip
        fields = {"student_query": attack, "interest": attack, "student_id": attack}
        shown = lesson(served, ledger, script, **fields)
        open_page(page, served, f"/lessons/{shown}")
        expect(page.locator("#script h2")).to_have_text(attack)
        expect(page.get_by_role("heading", level=1)).to_have_text(attack)
        failed = take(ledger, ClaimRequest(message(), request(**fields)))
        ledger.dead_letter([letter(failed, "script", error=attack, error_type=attack)])
        open_page(page, served, f"/lessons/{failed.request.request_id}")
        expect(page.locator("#state .notice")).to_contain_text(attack[1:])
        assert page.evaluate("window.hacked") is None
    open_page(page, served, "/requests")
    expect(page.locator(".requests .question")).to_have_count(2 * len(ATTACKS))
    assert page.evaluate("window.hacked") is None
    open_page(page, served, f"/?q={ATTACKS[1]}")
    expect(page.get_by_label("Question")).to_have_value(ATTACKS[1])
    assert not messages


def test_refused_form_keeps_what_was_typed(page: Page, served: Served) -> None:
    open_page(page, served, "/")
    page.get_by_label("Question").fill("Explain gravity")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Language").fill("not a language")
    page.get_by_role("button", name="Make the lesson").click()
    expect(page.get_by_role("alert")).to_contain_text("The language is not a BCP-47 tag")
    expect(page.get_by_label("Question")).to_have_value("Explain gravity")
    expect(page.get_by_label("Language")).to_have_attribute("aria-describedby", "error")
    assert served.published() == []


def test_topics_fill_the_question_in(page: Page, served: Served) -> None:
    open_page(page, served, "/")
    page.get_by_role("link", name="Photosynthesis", exact=True).first.click()
    expect(page.get_by_label("Question")).to_have_value("Explain Photosynthesis")
    expect(page.get_by_label("Question")).to_be_focused()
    assert page.locator("#topics option").count() >= 60
    page.get_by_label("Student id").evaluate("input => input.value = 'student-7'")
    page.keyboard.press("Enter")
    page.wait_for_url("**/lessons/*")
    [asked] = [json.loads(data) for data in served.published()]
    assert (asked["student_query"], asked["student_id"]) == ("Explain Photosynthesis", "student-7")


def test_form_without_token_is_refused(served: Served) -> None:
    fields = {"student_query": "x", "grade_level": "9", "modality": "text", "csrf": "guess"}
    assert served.client.post("/ask", data=fields).status_code == 403
    assert served.client.post(f"/lessons/{uuid4()}/cancel", data={}).status_code == 403
    assert served.published() == []


def test_ten_thousand_requests_are_searched_and_paged(
    page: Page, served: Served, ledger: Ledger
) -> None:
    many = [ClaimRequest(message(), request(student_query=f"Question {n}")) for n in range(10_000)]
    for start in range(0, len(many), 1000):
        ledger.claim(many[start : start + 1000], lease=LEASE)
    open_page(page, served, "/requests")
    rows = page.locator(".requests > li")
    expect(page.locator("#found")).to_have_text("10,000 requests: 10,000 running")
    expect(rows).to_have_count(50)
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_role("link", name="Newest")).to_be_visible()
    expect(rows).to_have_count(50)
    page.get_by_role("searchbox").fill("question 9876")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile("9876"))
    page.get_by_role("combobox", name="Status").select_option("completed")
    expect(page.get_by_text("No requests match.")).to_be_visible()


def test_list_follows_changes_and_server_loss(page: Page, served: Served, ledger: Ledger) -> None:
    taken = take(ledger, ClaimRequest(message(), request()))
    open_page(page, served, "/requests")
    expect(page.locator(".requests .status")).to_have_text("running")
    ledger.complete([completed(taken)])
    expect(page.locator(".requests .status")).to_have_text("completed")
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#connection")).to_be_hidden()
