"""The meanings of exit statuses are the same wherever they are written."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.cli.app import EPILOG
from pipeline.exit_status import MEANINGS

ROOT = Path(__file__).parents[3]


def test_documented_meanings_are_those_of_the_code():
    page = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", page, re.MULTILINE)
    assert {int(status): text.replace("`", "") for status, text in rows} == MEANINGS


def test_help_lists_every_exit_status():
    lines = re.findall(r"^  (\d+) +(.+)$", EPILOG, re.MULTILINE)
    assert {int(status): text for status, text in lines} == MEANINGS
