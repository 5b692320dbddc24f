"""The examples of docs/formulas.md hold."""

from __future__ import annotations

import re
from pathlib import Path

from tests.every_row import for_all
from transforms.maths.alt_text import alt_text
from transforms.maths.parser import parse
from transforms.maths.plain import plain

_PAGE = (Path(__file__).parents[3] / "docs" / "formulas.md").read_text(encoding="utf-8")
_EXAMPLES = re.findall(r"^\| `(.+?)` \| (.+?) \| (.+?) \|$", _PAGE, re.MULTILINE)


@for_all(_EXAMPLES)
def test_documented_formula_is_shown_and_spoken(written: str, shown: str, said: str) -> None:
    assert plain(parse(written)) == shown
    assert alt_text(parse(written), "en") == said
