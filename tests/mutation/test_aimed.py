"""The list of hand-aimed mutants fits the source it changes."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.mutation.aimed import ROOT, Mutant, load


@pytest.mark.parametrize("mutant", load(), ids=lambda mutant: mutant.name)
def test_mutant_changes_source_at_one_place(mutant: Mutant) -> None:
    assert mutant.old != mutant.new
    compile(mutant.mutated, mutant.file, "exec")


def test_mutants_have_unique_names() -> None:
    assert [name for name, count in Counter(m.name for m in load()).items() if count > 1] == []


@pytest.mark.parametrize("mutant", load(), ids=lambda mutant: mutant.name)
def test_mutant_names_tests_that_exist(mutant: Mutant) -> None:
    assert mutant.equivalent or mutant.tests
    for test in mutant.tests:
        assert test.startswith("-") or (ROOT / test.partition("::")[0]).exists()
