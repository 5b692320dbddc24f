"""The Dockerfile is consistent with the package and the Flex Template."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from pipeline.reference.flex_template import PRODUCTION
from pipeline.settings import BY_NAME
from tests.unit.deploy.stand_ins import ROOT, StandIns

TEXT = (ROOT / "deploy/Dockerfile").read_text()
LINES = [
    line
    for line in re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE)).splitlines()
    if line.strip()
]
ARGUMENTS = dict(line[4:].split("=", 1) for line in LINES if line.startswith("ARG "))


def instructions(kind):
    return [line.removeprefix(kind).strip() for line in LINES if line.startswith(f"{kind} ")]


def environment():
    pairs = [pair for line in instructions("ENV") for pair in shlex.split(line)]
    return dict(pair.split("=", 1) for pair in pairs)


def copied():
    """Return the paths of the repository that the image copies."""
    lines = [line for line in instructions("COPY") if not line.startswith("--from")]
    return [source for line in lines for source in line.split()[:-1]]


def test_images_are_pinned():
    for name in ("PYTHON_IMAGE", "BEAM_IMAGE", "LAUNCHER_IMAGE"):
        assert re.fullmatch(r"\S+:[\w.-]*\d[\w.-]*(@sha256:[0-9a-f]{64})?", ARGUMENTS[name])
        assert "latest" not in ARGUMENTS[name]


def test_base_image_has_pinned_beam_version():
    [pin] = re.findall(r"^apache-beam==(.+)$", (ROOT / "constraints.txt").read_text(), re.M)
    assert ARGUMENTS["BEAM_IMAGE"].endswith(f"_sdk:{pin}")


def test_images_have_python_version_of_package():
    asked = re.search(r'python_requires=">=(3\.\d+)', (ROOT / "setup.py").read_text())
    assert asked
    assert ARGUMENTS["PYTHON_IMAGE"].startswith(f"python:{asked[1]}.")
    assert f"python{asked[1]}_sdk" in ARGUMENTS["BEAM_IMAGE"]
    assert f"python{asked[1].replace('.', '')}-" in ARGUMENTS["LAUNCHER_IMAGE"]


@pytest.mark.parametrize("source", copied())
def test_copied_sources_exist_and_reach_build(source):
    assert (ROOT / source).exists()
    allowed = {line[1:] for line in ignored() if line.startswith("!")}
    assert any(source == a or source.startswith(f"{a}/") for a in allowed)


def ignored():
    return (ROOT / ".dockerignore").read_text().splitlines()


def test_only_copied_sources_reach_build():
    assert "*" in ignored()
    for line in ignored():
        if line.startswith("!"):
            assert any(c == line[1:] or c.startswith(f"{line[1:]}/") for c in copied())


@pytest.mark.parametrize(
    ("extras", "itself"),
    [("", False), ("[local]", False), ("[moviepy]", True), ("[local,moviepy]", True)],
)
def test_extras_are_installed_and_moviepy_separately(tmp_path, extras, itself):
    stand_ins = StandIns(tmp_path)
    stand_ins.add("pip")
    [command] = [run for run in instructions("RUN") if "EXTRAS" in run]
    done = stand_ins.run("sh", "-euc", command, EXTRAS=extras)
    assert done.returncode == 0, done.stderr
    package, *rest = stand_ins.calls()
    assert package[-1] == f".{extras}"
    assert ["--no-deps" in call and call[-1] == "moviepy" for call in rest] == [True] * itself


def test_launcher_file_is_part_of_package():
    file = environment()["FLEX_TEMPLATE_PYTHON_PY_FILE"]
    packages, _, module = file.partition("site-packages/")
    assert packages == "/usr/local/lib/python3.11/"
    assert (ROOT / module).exists()


def test_image_and_template_have_same_default_engines():
    for name, engine in PRODUCTION.items():
        assert environment()[BY_NAME[name].variables[0]] == engine


def test_drain_image_runs_vividly_without_root():
    drain = TEXT.split(" AS drain\n")[1].split("FROM ")[0]
    assert re.search(r"^USER [1-9]\d+$", drain, re.MULTILINE)
    assert json.loads(re.search(r"ENTRYPOINT (.*)", drain)[1]) == ["vividly"]  # type: ignore[index]
    assert json.loads(re.search(r"CMD (.*)", drain)[1]) == ["drain"]  # type: ignore[index]
