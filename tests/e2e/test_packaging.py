"""The archives are complete, and an installation without extras works or names the extra."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.e2e import clean_venv, command

CHECKOUT = Path(__file__).parents[2]
BUILD = "from setuptools import build_meta as b; b.build_{}('dist')"
REQUEST = command.request()["request_id"]
CLOUD = ("--script-engine=gemini", "--voice-engine=google")
NEED_DATABASE = {
    "drain": ["--project=local-project", *CLOUD],
    "batch": ["requests.jsonl", *CLOUD],
    "run": ["--project=local-project", *CLOUD],
    "status": [],
    "cost": [],
    "report": [],
    "cancel": [REQUEST],
    "dead-letters": ["list"],
}
"""Arguments of commands that use the embedded Postgres, an extra, if no database is given."""


def tracked(*folders: str) -> set[str]:
    """Return the files of the repository that git tracks or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *folders],
        cwd=CHECKOUT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return {name for name in listed.split("\0") if name and (CHECKOUT / name).exists()}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build both archives from the repository's files; return their folder and the output."""
    source = tmp_path_factory.mktemp("source")
    for name in tracked():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, source / name)
    output = ""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    for kind in ("sdist", "wheel"):
        done = subprocess.run(
            [sys.executable, "-c", BUILD.format(kind)],
            cwd=source, env=environment, capture_output=True, text=True, timeout=200,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        output += done.stdout + done.stderr
    return source / "dist", output


@pytest.fixture(scope="module")
def programs(built, tmp_path_factory):
    """Return the programs of an environment with the wheel and its requirements, no extras."""
    [wheel] = built[0].glob("*.whl")
    return clean_venv.make(tmp_path_factory.mktemp("clean") / "venv", wheel)


def test_archives_build_without_warnings(built):
    warned = [
        line
        for line in built[1].splitlines()
        if re.search(r"warning|ignored|deprecat", line, re.IGNORECASE) and "no files" not in line
    ]
    assert warned == []


def test_wheel_holds_every_file_of_the_packages(built):
    [wheel] = built[0].glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in held if ".dist-info/" not in name} == tracked("pipeline", "transforms")
    licences = {name.rpartition("/")[2] for name in held if "/licenses/" in name}
    assert licences == {"LICENSE", "CREDITS.md"}


def test_sdist_holds_sources_of_wheel(built):
    [sdist] = built[0].glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        held = {member.name.partition("/")[2] for member in archive if member.isfile()}
    roots = ("setup.py", "pyproject.toml", "constraints.txt", "README.md", "LICENSE", "CREDITS.md")
    assert tracked("pipeline", "transforms", *roots) <= held


def test_wheel_describes_the_package(built):
    [wheel] = built[0].glob("*.whl")
    archive = zipfile.ZipFile(wheel)
    [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    metadata = archive.read(name).decode()
    for field in ("Author:", "License-Expression: Apache-2.0", "Classifier: Typing :: Typed"):
        assert f"\n{field}" in metadata


def run(programs: Path, folder: Path, *arguments: str, **variables: str) -> command.Done:
    """Run a command without access to the checkout and the tests' environment."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL"))}
    return subprocess.run(
        [programs / "vividly", *arguments],
        cwd=folder, env={**kept, **variables}, capture_output=True, text=True, timeout=200,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """Return a working folder with an empty file of requests, and traces of an embedded Postgres.

    Without those, reading commands say that there is no ledger.
    """
    (tmp_path / "requests.jsonl").touch()
    (tmp_path / "var" / "postgres" / "data").mkdir(parents=True)
    (tmp_path / "var" / "postgres" / "data" / "PG_VERSION").touch()
    return tmp_path


@pytest.mark.parametrize("name", ["demo", "emulators", *NEED_DATABASE])
def test_command_names_its_missing_extra(programs, folder, name):
    done = run(programs, folder, name, *NEED_DATABASE.get(name, []))
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert "pip install" in done.stderr
    assert "vividly-pipeline[local] @ file://" in done.stderr


def test_suggested_install_command_is_valid(programs, folder):
    message = run(programs, folder, "status").stderr
    [hint] = re.findall(r"(?:uv|pip|\S+ -m pip) .*install.*", message)
    if hint.startswith("uv "):
        hint = f"{Path(sys.executable).parent}/{hint} --offline"
    done = subprocess.run(
        [*shlex.split(hint), "--no-deps", "--dry-run"],
        cwd=folder, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "does not" not in done.stderr  # no warning of an unknown extra


def test_offline_voice_names_its_missing_extra(programs, folder, migrated_postgres):
    database = f"--database={migrated_postgres.url}"
    done = run(
        programs, folder, "batch", "requests.jsonl", database, *CLOUD, "--voice-engine=offline"
    )
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert "vividly-pipeline[local] @ file://" in done.stderr


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("status", []),
        ("cost", []),
        ("report", []),
        ("dead-letters", ["list"]),
        ("db", ["current"]),
        ("completion", ["bash"]),
        ("check", ["demo"]),
    ],
)
def test_command_works_without_extras(programs, folder, migrated_postgres, name, arguments):
    done = run(programs, folder, name, *arguments, VIVIDLY_DATABASE=migrated_postgres.url)
    # A check reports what is missing by its status.
    assert (done.returncode, "Traceback" in done.stderr) == (name == "check", False), done.stderr


def test_cloud_engines_work_without_extras(programs, folder, migrated_postgres):
    done = run(
        programs, folder, "batch", "requests.jsonl", *CLOUD, VIVIDLY_DATABASE=migrated_postgres.url
    )
    assert (done.returncode, "Traceback" in done.stderr) == (3, False), done.stderr
    assert "no Google credentials" in done.stderr
