"""The list of hand-aimed mutants fits the source it changes."""

from __future__ import annotations

import re
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
