"""Test that Chromium shows local files and runs scripts."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page


def test_local_file_is_shown_and_scripts_run(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text("<h1>Lesson</h1><script>document.title = 'scripts run'</script>")
    page.goto(file.as_uri())
    assert page.inner_text("h1") == "Lesson"
    assert page.title() == "scripts run"
