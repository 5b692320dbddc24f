"""Draw docstrings and log lines at random, to judge how plain the language is.

A reader who sees only the sentence and the name must be able to say what the code does.
Run as ``python -m benchmarks.docstring_sample --seed 1``; ``--all`` prints every item.
"""

import argparse
import ast
import random
import re
from collections.abc import Iterator
from pathlib import Path

from transforms.telemetry import log_events

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("transforms", "pipeline")
BANNED = ("whoever", "nobody", "somebody", "anybody", "whatever")
# Data, and this file.
NOT_COUNTED = ("/data/", "benchmarks/docstring_sample.py")
LOG_METHODS = {"info", "warning", "error", "exception"}
DOCSTRINGS, LOG_LINES = 40, 20


def first_sentence(docstring: str) -> str:
    """Return the text up to the first full stop that ends a sentence, on one line."""
    paragraph = " ".join(docstring.strip().split("\n\n")[0].split())
    return re.split(r"(?<=[.?!])\s+(?=[A-Z`])", paragraph, maxsplit=1)[0]


def docstrings(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the qualified name and the first sentence of each docstring in a module."""
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")

    def visit(node: ast.AST, name: str) -> Iterator[tuple[str, str]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                child_name = f"{name}.{child.name}"
                if text := ast.get_docstring(child):
                    yield child_name, first_sentence(text)
                yield from visit(child, child_name)
            else:
                yield from visit(child, name)

    tree = ast.parse(path.read_text())
    if text := ast.get_docstring(tree):
        yield module, first_sentence(text)
    yield from visit(tree, module)


def log_lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the place and the format of each call of a logger, debug excluded."""
    for node in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in LOG_METHODS
            and "log" in ast.unparse(node.func.value).lower()
            and node.args
        ):
            place = f"{path.relative_to(ROOT)}:{node.lineno} {node.func.attr}"
            text = ast.unparse(node.args[0])
            if text.startswith("log_events."):
                text = repr(getattr(log_events, text.removeprefix("log_events.")))
            yield place, text


def banned_words() -> dict[str, list[str]]:
    """Return the places of each banned word in the Python and Markdown files."""
    pattern = re.compile(rf"\b({'|'.join(BANNED)})\b", re.IGNORECASE)
    places: dict[str, list[str]] = {word: [] for word in BANNED}
    for folder in (*FOLDERS, "tests", "benchmarks", "docs", "deploy", "."):
        glob = ROOT.glob if folder == "." else (ROOT / folder).rglob
        for path in sorted((*glob("*.py"), *glob("*.md"))):
            name = str(path.relative_to(ROOT))
            if any(part in f"/{name}" for part in NOT_COUNTED):
                continue
            for number, line in enumerate(path.read_text().splitlines(), start=1):
                for word in pattern.findall(line):
                    places[word.lower()].append(f"{name}:{number}")
    return places


def main() -> None:
    """Print a seeded sample of docstrings and log lines, and the count of each banned word."""
    parser = argparse.ArgumentParser(description="Draw docstrings and log lines at random.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--all", action="store_true", help="print every item, not a sample")
    arguments = parser.parse_args()

    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    draw = random.Random(arguments.seed)
    for title, find, size in (
        ("docstrings", docstrings, DOCSTRINGS),
        ("log lines", log_lines, LOG_LINES),
    ):
        items = [item for path in paths for item in find(path)]
        drawn = items if arguments.all else draw.sample(items, min(size, len(items)))
        print(f"# {title}: {len(drawn)} of {len(items)}")
        for number, (name, text) in enumerate(drawn, start=1):
            print(f"{number:3} {name}\n    {text}")
    print("# banned words")
    for word, where in banned_words().items():
        print(f"{len(where):3} {word}  {' '.join(where)}".rstrip())


if __name__ == "__main__":
    main()
