"""Every kind of visual is shown in reports and in `script.md`, without raw LaTeX."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, get_args

import pytest

from pipeline.report.formulas import formula, prose
from pipeline.report.templates import templates
from tests.unit.narration.voices import lesson
from tests.unit.pictures.samples import CART
from transforms.model import Scene, Visual
from transforms.model.script import VisualKind
from transforms.script.script_markdown import to_markdown

ORDERED = {"steps", "process", "cycle", "worked"}


def visual_of(kind: str) -> Visual:
    if kind == "picture":
        return Visual(kind, json.dumps(CART))  # type: ignore[arg-type]
    items = (r"First $\frac{a}{b}$", r"Then \ce{H2O}")
    text = r"\frac{a}{b}" if kind in ("formula", "worked") else r"As $x^2$"
    return Visual(kind, text, items)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", get_args(VisualKind))
def test_report_shows_formulas_of_every_kind(kind: str) -> None:
    template = templates("pipeline.report").get_template("lesson.html.j2")
    module: Any = template.make_module({"formula": formula, "prose": prose})
    html = str(module.visual(visual_of(kind), "en-US"))
    assert "\\" not in html
    if kind == "picture":
        assert "<li>push 50\u00a0N →</li>" in html
        return
    assert html.count("<math ") == 3
    assert ("<ol>" in html) == (kind in ORDERED)


@pytest.mark.parametrize("kind", sorted(set(get_args(VisualKind)) - {"definition"}))
def test_markdown_shows_formulas_of_every_kind(kind: str) -> None:
    script = lesson("x")
    scene = Scene("Heading", r"Say $\sqrt{2}$.", (r"Point $\pi$",), visual_of(kind))
    text = to_markdown(replace(script, scenes=(scene,)))
    assert "frac" not in text
    assert "√2" in text
    if kind == "picture":
        assert "- push 50 N →\n" in text
        return
    assert "First a/b" in text
    assert "H₂O" in text
