"""Every module that writes files or sends data is in the inventory of personal data."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest

from pipeline.reference.privacy_places import PLACES, WITHOUT_WORDS

ROOT = Path(__file__).parents[3]

WRITERS = {
    "write_text", "write_bytes", "mkstemp", "mkdtemp", "TemporaryDirectory", "TemporaryFile",
    "NamedTemporaryFile", "FileHandler", "copyfileobj", "upload_from_file", "put_all", "publish",
    "publish_copy", "generate_content", "synthesize_speech", "OTLPSpanExporter",
}  # fmt: skip
"""Functions that write a file or send data to a service."""

GENERATORS = ("pipeline.reference",)
"""Packages that write the documentation of this repository."""


def writes(source: str) -> bool:
    return any(map(is_write, ast.walk(ast.parse(source))))


def is_write(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name in ("open", "fdopen"):
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        modes = [each.value for each in given if isinstance(each, ast.Constant)]
        creates = any(getattr(each, "attr", "") == "O_CREAT" for each in ast.walk(node))
        return creates or any(
            isinstance(m, str) and set(m) & {*"wxa"} and len(m) < 4 for m in modes
        )
    return name in WRITERS


def writing_modules() -> set[str]:
    files = [path for root in ("transforms", "pipeline") for path in (ROOT / root).rglob("*.py")]
    named = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in files}
    return {
        name
        for name, path in named.items()
        if not name.startswith(GENERATORS) and writes(path.read_text(encoding="utf-8"))
    }


def registered() -> set[str]:
    return {*WITHOUT_WORDS, *(module for place in PLACES for module in place.modules)}


def test_every_writing_module_is_in_the_inventory():
    """A new module fails here: add it to a place of `privacy_places`, or to `WITHOUT_WORDS`."""
    assert writing_modules() - registered() == set()


def test_modules_of_the_inventory_exist():
    assert [name for name in registered() if not find_spec(name)] == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("path.open('wb')", True),
        ("open(p, mode='a')", True),
        ("os.open(p, os.O_WRONLY | os.O_CREAT)", True),
        ("Path(p).write_text(t)", True),
        ("client.publish(topic, data)", True),
        ("open(p)", False),
        ("path.open('rb')", False),
    ],
)
def test_calls_that_write_are_recognized(source, expected):
    assert writes(source) == expected
