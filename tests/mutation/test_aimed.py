"""The list of hand-aimed mutants fits the source it changes."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

from tests.every_row import for_all
from tests.mutation.aimed import ROOT, Mutant, load

MUTANTS = {mutant.name: mutant for mutant in load()}


@for_all(MUTANTS)
def test_mutant_changes_source_at_one_place(mutant: Mutant) -> None:
    assert mutant.old != mutant.new
    compile(mutant.mutated, mutant.file, "exec")


def test_listed_modules_and_tests_exist() -> None:
    listed = tomllib.loads(Path(__file__).with_name("modules.toml").read_text(encoding="utf-8"))
    paths = {
        path.partition("::")[0]
        for module in listed["module"]
        for path in (module["file"], *module["tests"])
    } | {each["file"] for each in listed["equivalent"]}
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_mutants_have_unique_names() -> None:
    assert [name for name, count in Counter(m.name for m in load()).items() if count > 1] == []


@for_all(MUTANTS)
def test_mutant_names_existing_tests(mutant: Mutant) -> None:
    assert mutant.equivalent or mutant.tests
    arguments = iter(mutant.tests)
    text = ""
    for argument in arguments:
        if argument == "-k":
            words = re.findall(r"\w+", next(arguments))
            assert [w for w in words if w not in {"or", "and", "not"} and w not in text] == []
        elif not argument.startswith("-"):
            path, _, test = argument.partition("::")
            text += _text(ROOT / path)
            assert all(part.partition("[")[0] in text for part in test.split("::"))


@cache
def _text(tests: Path) -> str:
    found = sorted(tests.rglob("*.py")) or [tests]
    return "".join(file.read_text(encoding="utf-8") for file in found)
