"""The Dockerfile is consistent with the package and the Flex Template."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess

import pytest

from deploy.supply_chain import pins
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
    ("extras", "groups"),
    [
        ("", []),
        ("[local]", ["local"]),
        ("[moviepy]", ["moviepy"]),
        ("[local,moviepy]", ["local", "moviepy"]),
    ],
)
def test_extras_are_installed_with_hashes(tmp_path, extras, groups):
    stand_ins = StandIns(tmp_path)
    stand_ins.add("pip")
    [command] = [run for run in instructions("RUN") if "EXTRAS" in run]
    done = stand_ins.run("sh", "-euc", command, EXTRAS=extras)
    assert done.returncode == 0, done.stderr
    [call] = stand_ins.calls()
    assert {"--require-hashes", "--no-deps", "constraints/core.txt"} <= set(call)
    given = [word for word in call if word.startswith("--requirement=")]
    assert given == [f"--requirement=constraints/{group}.txt" for group in groups]


def test_every_install_checks_hashes_or_is_the_package():
    for run in instructions("RUN"):
        for install in re.findall(r"pip install ([^&]*)", run):
            assert "--no-deps" in install
            assert "--require-hashes" in install or install.split()[-1] == "."


def test_setuptools_pin_is_cut_out_whole(tmp_path):
    [command] = [run for run in instructions("RUN") if "setuptools.txt" in run]
    (tmp_path / "constraints").symlink_to(ROOT / "constraints/3.11")
    cut = command.partition("&&")[0]
    subprocess.run(["sh", "-euc", cut], cwd=tmp_path, check=True)
    [pin] = pins.pins((tmp_path / "setuptools.txt").read_text(), "3.11")
    assert pin.name == "setuptools"
    assert "--hash=sha256:" in (tmp_path / "setuptools.txt").read_text()


@pytest.fixture
def base_images(tmp_path):
    """A copy of `deploy/base_images.sh` and the Dockerfile, with a stand-in for docker."""
    stand_ins = StandIns(tmp_path)
    stand_ins.add("docker")
    (tmp_path / "deploy").mkdir()
    for name in ("base_images.sh", "common.sh", "Dockerfile"):
        shutil.copy(ROOT / "deploy" / name, tmp_path / "deploy")
    return stand_ins


def test_renew_pins_every_base_image_by_digest(base_images):
    base_images.answer(f"echo sha256:{'0f' * 32}")
    script = str(base_images.folder / "deploy/base_images.sh")
    done = base_images.run(script, "renew")
    assert done.returncode == 0, done.stderr
    written = (base_images.folder / "deploy/Dockerfile").read_text()
    tags = [value.partition("@")[0] for name, value in ARGUMENTS.items() if "IMAGE" in name]
    assert [call[-1] for call in base_images.calls()] == tags
    for tag in tags:
        assert f"={tag}@sha256:{'0f' * 32}\n" in written
    assert re.sub(r"@sha256:\w+", "", written) == re.sub(r"@sha256:\w+", "", TEXT)
    assert base_images.run(script, "check").returncode == 0


@pytest.mark.parametrize("answer", ["exit 1", "echo latest"])
def test_renew_keeps_the_dockerfile_without_a_digest(base_images, answer):
    base_images.answer(answer)
    done = base_images.run(str(base_images.folder / "deploy/base_images.sh"), "renew")
    assert done.returncode != 0
    assert (base_images.folder / "deploy/Dockerfile").read_text() == TEXT


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
