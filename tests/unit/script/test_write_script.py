"""Inputs of the script stage."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from tests.unit.script.support import request
from transforms.engine_plugin import ChosenEngine, choose
from transforms.engine_registry import find_engine
from transforms.model import Lesson
from transforms.script.write_script import _WriteScript


def chosen(name: str) -> ChosenEngine:
    return choose(name, find_engine("script", name), {})


def inputs(engine: str, **fields: Any) -> Any:
    lesson = cast(Lesson, SimpleNamespace(request=request("how do fridges work")))
    return _WriteScript(chosen(engine), **fields).inputs(lesson)


def test_changed_sources_make_another_script(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, text in ((first, "Fridges pump heat."), (second, "Fridges use gas.")):
        folder.mkdir()
        (folder / "fridge.md").write_text(text)
    one, two = (inputs("gemini", sources=str(folder)) for folder in (first, second))
    assert one["passages"] == [["Fridges pump heat.", "fridge (fridge.md)"]]
    assert one != two
    assert one | {"passages": []} == two | {"passages": []}


def test_engine_that_does_not_cite_ignores_sources(tmp_path):
    (tmp_path / "fridge.md").write_text("Fridges pump heat.")
    assert inputs("offline", sources=str(tmp_path)) == inputs("offline")
