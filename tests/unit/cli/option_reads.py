"""Find the options that a command reads, by following its calls through the source."""

from __future__ import annotations

import ast
import functools
import importlib.util
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

NAMESPACES = ("chosen", "options", "_options")
"""Names of variables and attributes that hold the parsed options."""


class Source:
    """The definitions and imports of one module."""

    def __init__(self, name: str, path: Path) -> None:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        defined = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
        self.definitions = {node.name: node for node in defined}
        self.imports: dict[str, tuple[str, str]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for each in node.names:
                    self.imports[each.asname or each.name] = (node.module, each.name)


@functools.cache
def load_source(name: str) -> Source | None:
    """Parse a module of this package; None for anything else."""
    if not name.startswith("pipeline"):
        return None
    try:
        found = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        return None
    return Source(name, Path(found.origin)) if found and found.origin else None


def options_read(module: str, function: str) -> set[str]:
    """Return the options that a function and all it calls read.

    Code that reads options by a computed name contributes a pattern such as ``*_concurrency``; a
    name that is wholly computed contributes nothing.

    Args:
        module: Full name of the module that defines the function.
    """
    seen: set[tuple[str, str]] = set()
    found: set[str] = set()
    pending = [(module, function)]
    while pending:
        place = pending.pop()
        source = load_source(place[0])
        if place in seen or source is None:
            continue
        seen.add(place)
        if place[1] in source.definitions:
            for node in ast.walk(source.definitions[place[1]]):
                found.update(_reads(node))
                pending.extend(_references(node, place[0], source))
        elif place[1] in source.imports:  # exported again
            pending.append(source.imports[place[1]])
    return found


def is_read(option: str, reads: set[str]) -> bool:
    """Return whether an option is among those read."""
    return any(fnmatchcase(option, pattern) for pattern in reads)


def _references(node: ast.AST, module: str, source: Source) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Name):
        yield source.imports.get(node.id, (module, node.id))
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        parent, name = source.imports.get(node.value.id, ("", ""))
        yield f"{parent}.{name}", node.attr


def _reads(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Attribute(value=value, attr=name, ctx=ast.Load()) if _holds_options(value):
            yield name
        case ast.Call(func=ast.Name(id="getattr"), args=[value, computed, *_]) if _holds_options(
            value
        ):
            yield from _computed(computed)


def _holds_options(node: ast.AST) -> bool:
    name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
    return name in NAMESPACES


def _computed(name: ast.AST) -> Iterator[str]:
    if isinstance(name, ast.Constant):
        yield str(name.value)
    elif isinstance(name, ast.JoinedStr):
        parts = [str(p.value) if isinstance(p, ast.Constant) else "*" for p in name.values]
        if set("".join(parts)) != {"*"}:
            yield "".join(parts)
