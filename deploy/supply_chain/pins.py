"""Write the pinned requirements in `constraints/`, with hashes, from `constraints.txt`.

    python -m deploy.supply_chain.pins              keeps the versions of `constraints.txt`
    python -m deploy.supply_chain.pins --upgrade    resolves new versions

There is a folder for each Python version, with a file for the package's requirements (`core`), one
for each extra of an image, and one with the rest (`dev`). An extra's file holds what `core` lacks.
`audit.txt` is apart: the programs of `make sbom` and `make audit` have an environment of their own.

Only files that Linux (glibc) and macOS on x86-64 and ARM can install are listed. A source archive
is listed only if wheels are missing for one of these platforms.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.tags import Tag
from packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "constraints.txt"
FOLDER = ROOT / "constraints"

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
EXTRAS: Mapping[str, Sequence[str]] = {"local": (), "traces": (), "moviepy": ("moviepy>=2.2,<3",)}
"""Extras with files of their own, and the packages that belong to them without being required."""

GROUPS = ("core", *EXTRAS, "dev")

AUDIT = ("cyclonedx-bom>=7.5,<8", "pip-audit>=2.10,<3")

OVERRIDE = "pillow>=12.1.1,<13"
"""The Pillow that Beam needs; MoviePy asks for an older one (docs/video.md)."""

HEADER = "# Made by `make constraints`; docs/supply-chain.md describes it.\n"

PLATFORMS: tuple[Mapping[str, str], ...] = (
    {"sys_platform": "linux", "platform_machine": "x86_64"},
    {"sys_platform": "linux", "platform_machine": "aarch64"},
    {"sys_platform": "darwin", "platform_machine": "x86_64"},
    {"sys_platform": "darwin", "platform_machine": "arm64"},
)
_SYSTEMS = {"linux": "Linux", "darwin": "Darwin"}


@dataclass(frozen=True)
class Pin:
    """A pinned package of a requirements file.

    Attributes:
        name: Normalized name.
        version: Its exact version.
        marker: Condition on the platform, or an empty string.
    """

    name: str
    version: str
    marker: str = ""

    @property
    def line(self) -> str:
        """The pin as a line of a requirements file."""
        return f"{self.name}=={self.version}" + (f" ; {self.marker}" if self.marker else "")


def environment(python: str, platform: Mapping[str, str]) -> dict[str, str]:
    """Return the marker variables of CPython on a platform."""
    return {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_python_implementation": "CPython",
        "platform_system": _SYSTEMS[platform["sys_platform"]],
        "python_full_version": f"{python}.0",
        "python_version": python,
        "extra": "",
        **platform,
    }


def pins(text: str, python: str) -> list[Pin]:
    """Return the pins of a requirements file that a Python version can need.

    Raises:
        ValueError: A line does not name one exact version.
    """
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        bare = re.sub(r"\s+--hash=\S+|#.*", "", line).strip()
        if not bare:
            continue
        requirement = Requirement(bare)
        [specifier] = requirement.specifier
        if specifier.operator != "==" or "*" in specifier.version:
            raise ValueError(f"{bare} does not name one exact version")
        applies = [_applies(requirement.marker, python, platform) for platform in PLATFORMS]
        if any(applies):
            marker = "" if all(applies) else str(requirement.marker)
            name = canonicalize_name(requirement.name)
            found.append(Pin(name, specifier.version, marker))
    return found


def _applies(marker: Marker | None, python: str, platform: Mapping[str, str]) -> bool:
    # All variables are given, so nothing depends on the machine that evaluates.
    return marker is None or marker.evaluate(environment(python, platform))


def fits(tag: Tag, python: str, platform: Mapping[str, str]) -> bool:
    """Return whether a CPython version can install a wheel with this tag on a platform."""
    minor = int(python.split(".")[1])
    own = tag.interpreter in ("py3", f"py3{minor}", f"cp3{minor}")
    if tag.abi == "abi3":
        oldest = re.fullmatch(r"cp3(\d+)", tag.interpreter)
        own = oldest is not None and int(oldest[1]) <= minor
    if not own or tag.abi not in ("none", "abi3", f"cp3{minor}"):
        return False
    if tag.platform == "any":
        return True
    machine = platform["platform_machine"]
    if platform["sys_platform"] == "linux":
        return re.fullmatch(rf"(many)?linux.*_{machine}", tag.platform) is not None
    return re.fullmatch(rf"macosx_.*_({machine}|universal2)", tag.platform) is not None


def hashes(package: Mapping[str, Any], python: str) -> list[str]:
    """Return the sorted SHA-256 hashes of a package's files that a Python version can install.

    Args:
        package: An entry of a lock file (`pylock.toml`) with its wheels and source archive.
        python: Such as 3.11.
    """
    found, covered = set(), set()
    for wheel in package.get("wheels", ()):
        tags = parse_wheel_filename(wheel["url"].rpartition("/")[2])[3]
        on = {
            number
            for number, platform in enumerate(PLATFORMS)
            if any(fits(tag, python, platform) for tag in tags)
        }
        if on:
            found.add(wheel["hashes"]["sha256"])
            covered |= on
    if len(covered) < len(PLATFORMS) and "sdist" in package:
        found.add(package["sdist"]["hashes"]["sha256"])
    return sorted(found)


def text(chosen: Iterable[Pin], files: Mapping[tuple[str, str], Any], python: str) -> str:
    """Return the content of a file of pins.

    Raises:
        ValueError: A package has no file that the Python version can install.
    """
    blocks = []
    for pin in sorted(chosen, key=lambda pin: pin.line):
        found = hashes(files[pin.name, pin.version], python)
        if not found:
            raise ValueError(f"{pin.line} has no file for Python {python}")
        blocks.append(" \\\n    ".join([pin.line, *(f"--hash=sha256:{each}" for each in found)]))
    return HEADER + "\n".join(blocks) + "\n"


def _compile(*arguments: str, requirements: Sequence[str] = ()) -> str:
    """Run `uv pip compile` for all Python versions and return what it prints."""
    with tempfile.TemporaryDirectory() as folder:
        override = Path(folder, "override.txt")
        override.write_text(OVERRIDE)
        command = [
            str(Path(sys.executable).with_name("uv")), "pip", "compile", "--quiet", "--universal",
            "--python-version", PYTHONS[0], "--no-header", "--no-annotate",
            "--override", str(override), *arguments, "-",
        ]  # fmt: skip
        done = subprocess.run(
            command,
            cwd=ROOT,
            input="\n".join(requirements),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return done.stdout


def _locked(*arguments: str, requirements: Sequence[str] = ()) -> dict[tuple[str, str], Any]:
    """Return the entries of a lock file by name and version of the package."""
    text = _compile("--format", "pylock.toml", *arguments, requirements=requirements)
    packages = tomllib.loads(text)["packages"]
    return {(package["name"], package["version"]): package for package in packages}


def resolve(upgrade: bool) -> None:
    """Resolve `setup.py` and write `constraints.txt`, with new versions only if asked to."""
    header = SOURCE.read_text().partition("\n")[0]
    further = [package for packages in EXTRAS.values() for package in packages]
    kept = () if upgrade else ("--constraint", SOURCE.name)
    resolved = _compile("--extra", "dev", *kept, "setup.py", requirements=["uv", *further])
    SOURCE.write_text(f"{header}\n{resolved}")


def write_audit(upgrade: bool) -> None:
    """Resolve the audit tools, and write their pins."""
    present = FOLDER / PYTHONS[0] / "audit.txt"
    kept = () if upgrade or not present.exists() else ("--constraint", str(present))
    resolved = _compile(*kept, requirements=AUDIT)
    files = _locked(*kept, requirements=AUDIT)
    for python in PYTHONS:
        (FOLDER / python / "audit.txt").write_text(text(pins(resolved, python), files, python))


def write() -> None:
    """Write the pins of all Python versions, with the versions of `constraints.txt`."""
    everything = SOURCE.read_text()
    resolved = {"core": _compile("--constraint", SOURCE.name, "setup.py")}
    for extra, further in EXTRAS.items():
        arguments = ("--extra", extra, "--constraint", SOURCE.name, "setup.py")
        resolved[extra] = _compile(*arguments, requirements=further)
    files = _locked("--no-deps", SOURCE.name)
    for python in PYTHONS:
        groups = {group: set(pins(printed, python)) for group, printed in resolved.items()}
        for extra in EXTRAS:
            groups[extra] -= groups["core"]
        groups["dev"] = set(pins(everything, python)).difference(*groups.values())
        (FOLDER / python).mkdir(parents=True, exist_ok=True)
        for group, chosen in groups.items():
            (FOLDER / python / f"{group}.txt").write_text(text(chosen, files, python))


def main(arguments: Sequence[str] | None = None) -> None:
    """Resolve the requirements and write the files."""
    parser = argparse.ArgumentParser(prog="python -m deploy.supply_chain.pins")
    parser.add_argument("--upgrade", action="store_true", help="resolve new versions")
    upgrade = parser.parse_args(arguments).upgrade
    resolve(upgrade)
    write()
    write_audit(upgrade)


if __name__ == "__main__":
    main()
