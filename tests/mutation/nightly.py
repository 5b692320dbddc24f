"""Change the modules that keep the promises by a mutation tool, and print what survives.

A seeded sample of what Cosmic Ray's operators, and one that removes statements, would change; one
change at a time, in a copy of the checkout, against the tests that `modules.toml` names.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import random
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import parso
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.plugins import get_operator, operator_names

from tests.mutation.aimed import ROOT, checkout
from tests.mutation.forked_pytest import passes

MODULES = Path(__file__).parent / "modules.toml"

SAMPLE = 24
"""Mutants of a module that are tried, unless `modules.toml` says otherwise."""

SENSELESS = tuple(
    f"_{operator}"
    for operator in ("Pow", "Mod", "BitOr", "BitAnd", "BitXor", "LShift", "RShift", "FloorDiv")
)
"""What an arithmetic operator is not replaced by: every test would notice."""

GOAL = 0.9
"""Share of the mutants that the tests must kill."""


@dataclass(frozen=True)
class Module:
    """A module that is changed.

    Attributes:
        file: relative to the checkout.
        tests: arguments for pytest that select the tests that belong to it.
        sample: mutants to try.
        equivalents: lines that mutants change to without any effect that a test could see.
    """

    file: str
    tests: tuple[str, ...]
    sample: int = SAMPLE
    equivalents: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Change:
    """One mutant: where it differs from the original, and the whole text."""

    line: int
    text: str


class RemoveStatement(Operator):
    """Replace a statement that is run for its effect by `pass`."""

    KINDS = ("atom_expr", "raise_stmt", "del_stmt")

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        if node.type == "simple_stmt" and (
            node.children[0].type in self.KINDS or _augmented(node.children[0])
        ):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        first = node.get_first_leaf()
        node.children[0] = parso.python.tree.Keyword("pass", first.start_pos, first.prefix)
        return node

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return (Example("f()\n", "pass\n"), Example("x += f()\n", "pass\n"))


def _augmented(node: Any) -> bool:
    return (
        node.type == "expr_stmt"
        and str(node.children[1].get_code()).strip().endswith("=")
        and (node.children[1].get_code().strip() != "=")
    )


def modules(file: Path = MODULES) -> list[Module]:
    """Read which modules are changed, and the tests that belong to them."""
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    return [
        Module(
            entry["file"],
            tuple(entry["tests"]),
            entry.get("sample", SAMPLE),
            frozenset(e["line"] for e in table["equivalent"] if e["file"] == entry["file"]),
        )
        for entry in table["module"]
    ]


def changes(source: str, seed: object) -> Iterator[Change]:
    """Make the mutants of a module's text at random, one of every line before a second of any.

    Those that do not compile, or differ in nothing that is run, are left out.
    """
    tree = get_ast(source)
    found = [
        (operator, occurrence, line)
        for operator in _operators()
        for occurrence, ((line, _), _) in enumerate(
            position for node in ast_nodes(tree) for position in operator.mutation_positions(node)
        )
    ]
    random.Random(str(seed)).shuffle(found)
    rounds: Counter[int] = Counter()
    order = []
    for operator, occurrence, line in found:
        order.append((rounds[line], operator, occurrence, line))
        rounds[line] += 1
    seen = {_meaning(source)}
    for _, operator, occurrence, line in sorted(order, key=lambda entry: entry[0]):
        text = mutate_code(source, operator, occurrence)
        try:
            meaning = _meaning(text)
        except (SyntaxError, TypeError):  # no text, or none that Python reads
            continue
        if meaning not in seen:
            seen.add(meaning)
            yield Change(line, text)


def _operators() -> list[Operator]:
    """Cosmic Ray's operators that need no arguments, without arithmetic that makes no sense."""
    classes = [get_operator(name) for name in operator_names() if not name.endswith(SENSELESS)]
    return [*(operator() for operator in classes if not operator.arguments()), RemoveStatement()]


def _meaning(source: str) -> str:
    """The syntax tree without annotations, which nothing evaluates, and docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value = ast.Constant(None)
    return ast.dump(tree)


def difference(source: str, change: Change, file: str) -> str:
    """The lines that a mutant changes."""
    lines = difflib.unified_diff(
        source.splitlines(), change.text.splitlines(), file, file, n=1, lineterm=""
    )
    return "\n".join(f"    {line}" for line in list(lines)[2:])


def is_equivalent(source: str, change: Change, module: Module) -> bool:
    """Return True if the list of equivalents has a line that the mutant adds."""
    added = {line.strip() for line in set(change.text.splitlines()) - set(source.splitlines())}
    return bool(added & module.equivalents)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation.nightly", description=__doc__)
    parser.add_argument("only", nargs="*", help="parts of modules' file names")
    parser.add_argument("--sample", type=int, help=f"mutants of each module (default: {SAMPLE})")
    parser.add_argument("--seed", default="0", help="another seed chooses other mutants")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time")
    chosen = parser.parse_args()
    with ExitStack() as stack:
        folders: SimpleQueue[Path] = SimpleQueue()
        for _ in range(chosen.jobs):
            folders.put(stack.enter_context(checkout()))
        pool = stack.enter_context(ThreadPoolExecutor(chosen.jobs))

        def killed(module: Module, source: str, change: Change) -> bool:
            folder = folders.get()
            target = folder / module.file
            try:
                target.write_text(change.text, encoding="utf-8")
                return not passes(folder, module.tests)
            finally:
                target.write_text(source, encoding="utf-8")
                folders.put(folder)

        scores: list[tuple[int, int, str]] = []
        for module in modules():
            if chosen.only and not any(part in module.file for part in chosen.only):
                continue
            source = (ROOT / module.file).read_text(encoding="utf-8")
            tried = list(
                islice(
                    (
                        change
                        for change in changes(source, f"{chosen.seed} {module.file}")
                        if not is_equivalent(source, change, module)
                    ),
                    chosen.sample or module.sample,
                )
            )
            if killed(module, source, Change(0, source)):
                sys.exit(f"without any mutant these tests fail: {' '.join(module.tests)}")
            results = list(pool.map(lambda c, m=module, s=source: killed(m, s, c), tried))
            for change, dead in zip(tried, results, strict=True):
                if not dead:
                    print(f"SURVIVED {module.file}:{change.line}")
                    print(difference(source, change, module.file), flush=True)
            scores.append((sum(results), len(tried), module.file))
            print("{:4} of {:4} killed  {}".format(*scores[-1]), flush=True)
    print(f"\nseed {chosen.seed}")
    for score in scores:
        print("{:4} of {:4} killed  {}".format(*score))
    total, tried_in_all = (
        sum(column) for column in zip(*((s[0], s[1]) for s in scores), strict=True)
    )
    print(f"{total:4} of {tried_in_all:4} killed: {total / tried_in_all:.0%}; goal {GOAL:.0%}")
    return 0 if total >= GOAL * tried_in_all else 1


if __name__ == "__main__":
    sys.exit(main())
