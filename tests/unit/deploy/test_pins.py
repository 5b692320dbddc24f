"""`constraints/` holds a pin with hashes for each package that a Python version needs."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.tags import Tag
from packaging.utils import canonicalize_name

from deploy.supply_chain import pins
from tests.unit.deploy.stand_ins import ROOT

PROJECT = "vividly-pipeline"
THIS = f"{sys.version_info.major}.{sys.version_info.minor}"
LINUX = pins.PLATFORMS[0]


def read(python: str, *groups: str) -> str:
    return "".join((pins.FOLDER / python / f"{group}.txt").read_text() for group in groups)


def versions(python: str, *groups: str) -> dict[str, str]:
    """Return the pinned versions that Linux installs, by package."""
    return {
        pin.name: pin.version
        for pin in pins.pins(read(python, *groups), python)
        if not pin.marker or "linux" in pin.marker
    }


def needed(package: str, extras: set[str], python: str) -> dict[str, list[Requirement]]:
    """Return the requirements of an installed package and of all that it needs, by package."""
    found: dict[str, list[Requirement]] = {}
    waiting = [(package, frozenset(extras))]
    seen = set()
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in seen or name == "moviepy":
            continue
        seen.add((name, wanted))
        try:
            lines = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # only another Python version needs it
            continue
        for requirement in map(Requirement, lines):
            variables = [pins.environment(python, LINUX) | {"extra": e} for e in ("", *wanted)]
            if requirement.marker is None or any(map(requirement.marker.evaluate, variables)):
                needs = canonicalize_name(requirement.name)
                found.setdefault(needs, []).append(requirement)
                waiting.append((needs, frozenset(requirement.extras)))
    return found


@pytest.mark.parametrize("python", pins.PYTHONS)
class TestFiles:
    def test_pins_are_those_of_constraints_file(self, python):
        pinned = pins.pins(read(python, *pins.GROUPS), python)
        assert set(pinned) == set(pins.pins(pins.SOURCE.read_text(), python)), "run `make hashes`"

    def test_every_pin_has_hashes_and_nothing_else(self, python):
        for group in (*pins.GROUPS, "audit"):
            for block in re.sub(r" \\\n +", " ", read(python, group)).splitlines()[1:]:
                assert re.fullmatch(
                    r"[\w.-]+==[\w.]+( ; [\w .'\"<>=]+)?( --hash=sha256:[0-9a-f]{64})+", block
                )

    @pytest.mark.parametrize(
        ("groups", "extras"),
        [
            (("core",), set()),
            (("core", "local"), {"local"}),
            (("core", "moviepy"), {"moviepy"}),
            (pins.GROUPS, {"dev"}),
        ],
    )
    def test_pins_satisfy_all_requirements(self, python, groups, extras):
        pinned = versions(python, *groups)
        for name, requirements in needed(PROJECT, extras, python).items():
            for requirement in requirements:
                assert name in pinned, requirement
                assert requirement.specifier.contains(pinned[name], prereleases=True), requirement

    def test_extras_hold_only_what_core_lacks(self, python):
        core = versions(python, "core")
        assert not core.keys() & versions(python, *pins.GROUPS[1:]).keys()
        assert versions(python, "moviepy")["moviepy"]


def test_installed_packages_are_pinned():
    pinned = versions(THIS, *pins.GROUPS)
    installed = {canonicalize_name(d.metadata["Name"]): d.version for d in metadata.distributions()}
    here = {PROJECT, "pip"}  # the checkout, and what came with the virtual environment
    assert {n: v for n, v in installed.items() if n not in here}.items() <= pinned.items()


def test_supported_versions_have_files():
    classifiers = re.search(r"range\((\d+), (\d+)\)", (ROOT / "setup.py").read_text())
    assert classifiers
    minors = range(int(classifiers[1]), int(classifiers[2]))
    assert [f"3.{minor}" for minor in minors] == list(pins.PYTHONS)
    assert {folder.name for folder in Path(pins.FOLDER).iterdir()} == set(pins.PYTHONS)


@pytest.mark.parametrize(
    ("tag", "python", "platform", "fitting"),
    [
        ("py3-none-any", "3.11", 0, True),
        ("py2-none-any", "3.11", 0, False),
        ("cp311-cp311-manylinux_2_28_x86_64", "3.11", 0, True),
        ("cp311-cp311-manylinux2014_x86_64", "3.11", 1, False),
        ("cp311-cp311-manylinux2014_aarch64", "3.11", 1, True),
        ("cp312-cp312-manylinux_2_28_x86_64", "3.11", 0, False),
        ("cp314-cp314t-manylinux_2_28_x86_64", "3.14", 0, False),
        ("cp39-abi3-manylinux_2_28_x86_64", "3.11", 0, True),
        ("cp312-abi3-manylinux_2_28_x86_64", "3.11", 0, False),
        ("cp311-cp311-musllinux_1_2_x86_64", "3.11", 0, False),
        ("cp311-cp311-win_amd64", "3.11", 0, False),
        ("cp311-cp311-macosx_11_0_arm64", "3.11", 3, True),
        ("cp311-cp311-macosx_10_9_universal2", "3.11", 2, True),
        ("cp311-cp311-macosx_10_9_x86_64", "3.11", 3, False),
    ],
)
def test_wheel_fits_its_python_and_platform(tag, python, platform, fitting):
    assert pins.fits(Tag(*tag.split("-")), python, pins.PLATFORMS[platform]) is fitting


def lock(*wheels: str) -> dict[str, object]:
    """Return a lock file's entry; the hash of each file is its name."""
    return {
        "wheels": [{"url": f"https://files/{w}", "hashes": {"sha256": w}} for w in wheels],
        "sdist": {"url": "https://files/a-1.tar.gz", "hashes": {"sha256": "a-1.tar.gz"}},
    }


@pytest.mark.parametrize(
    ("wheels", "listed"),
    [
        ((), ["a-1.tar.gz"]),
        (("a-1-py3-none-any.whl",), ["a-1-py3-none-any.whl"]),
        (
            ("a-1-cp311-cp311-macosx_10_9_universal2.whl", "a-1-cp311-cp311-win32.whl"),
            ["a-1-cp311-cp311-macosx_10_9_universal2.whl", "a-1.tar.gz"],
        ),
    ],
)
def test_source_archive_is_listed_only_without_wheels(wheels, listed):
    assert pins.hashes(lock(*wheels), "3.11") == listed


def test_version_range_is_refused_as_pin():
    with pytest.raises(ValueError, match="one exact version"):
        pins.pins("six>=1.17", "3.11")


def test_package_without_file_is_refused():
    with pytest.raises(ValueError, match=r"no file for Python 3\.11"):
        pins.text([pins.Pin("a", "1")], {("a", "1"): {}}, "3.11")
