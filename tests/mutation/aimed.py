"""Hand-aimed mutants: one change of the source each, and the tests that must fail under it.

They reach what a mutation tool cannot: SQL texts, and whole mechanisms that are left out.
"""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutation.forked_pytest import passes

ROOT = Path(__file__).parents[2]
MUTANTS = Path(__file__).parent / "mutants"


@dataclass(frozen=True)
class Mutant:
    """One change of the source.

    Attributes:
        name: unique within its file of mutants.
        file: source file, relative to the checkout.
        old: text that occurs exactly once in it.
        new: what replaces it.
        tests: arguments for pytest that select the tests that must fail.
        equivalent: why no test can tell the mutant from the original; None if one can.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...] = ()
    equivalent: str | None = None

    @property
    def mutated(self) -> str:
        """The source file's text after the change.

        Raises:
            ValueError: the old text does not occur exactly once.
        """
        text = (ROOT / self.file).read_text(encoding="utf-8")
        if (found := text.count(self.old)) != 1:
            raise ValueError(f"{self.name}: the old text occurs {found} times in {self.file}")
        return text.replace(self.old, self.new)


def load(folder: Path = MUTANTS) -> list[Mutant]:
    """Read all mutants, in the order of their files."""
    return [
        Mutant(**{**entry, "tests": tuple(entry.get("tests", ()))})
        for file in sorted(folder.glob("*.toml"))
        for entry in tomllib.loads(file.read_text(encoding="utf-8"))["mutant"]
    ]


@contextmanager
def checkout() -> Iterator[Path]:
    """Copy the files that git tracks or would track into a temporary folder."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    with TemporaryDirectory(prefix="vividly-mutant-") as folder:
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                target = Path(folder, name)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target)
        yield Path(folder)


def survives(mutant: Mutant) -> bool:
    """Apply a mutant to a copy of the checkout and run its tests."""
    with checkout() as folder:
        (folder / mutant.file).write_text(mutant.mutated, encoding="utf-8")
        return passes(folder, mutant.tests)
