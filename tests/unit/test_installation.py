"""Commands that install an extra, for every kind of installation."""

from __future__ import annotations

import json
import shlex
import sys
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from transforms import installation
from transforms.installation import CHECKOUT, install, install_extra

HOME = "https://example.org/vividly"
PATH = "vividly_pipeline-0.1.0-py3-none-any.whl"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Fake an installed package; return a function that records its source."""
    info = tmp_path / "vividly_pipeline-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Name: vividly-pipeline\nRequires-Dist: numpy\n"
        "Requires-Dist: rapidfuzz<4,>=3; extra == 'local'\n"
        "Requires-Dist: proglog; extra == 'moviepy'\n"
    )
    monkeypatch.setattr(installation, "CHECKOUT", tmp_path / "site-packages")
    monkeypatch.setattr(installation, "distribution", lambda name: PathDistribution(info))

    def record(**origin):
        (info / "direct_url.json").write_text(json.dumps(origin))

    return record


def arguments(command):
    """Return the arguments of `pip install`."""
    words = shlex.split(command)
    return words[words.index("install") + 1 :]


@pytest.mark.parametrize(
    ("origin", "source"),
    [
        ({"url": f"{HOME}/{PATH}", "archive_info": {}}, f" @ {HOME}/{PATH}"),
        (
            {"url": HOME, "vcs_info": {"vcs": "git", "commit_id": "1f2e"}, "subdirectory": "a"},
            f" @ git+{HOME}@1f2e#subdirectory=a",
        ),
    ],
)
def test_extra_is_installed_from_recorded_url(installed, origin, source):
    installed(**origin)
    assert arguments(install_extra("local")) == [f"vividly-pipeline[local]{source}"]


def test_extra_is_installed_from_recorded_folder(installed, tmp_path):
    folder = tmp_path / "a copy"
    folder.mkdir()
    installed(url=folder.as_uri(), dir_info={})
    assert arguments(install_extra("local")) == [f"{folder}[local]"]


def test_packages_are_named_when_source_is_gone(installed, tmp_path):
    installed(url=(tmp_path / "gone").as_uri(), dir_info={})
    assert arguments(install_extra("local")) == ["rapidfuzz<4,>=3"]


def test_packages_are_named_when_source_is_unknown(installed):
    assert arguments(install_extra("moviepy")) == ["proglog"]


def test_checkout_is_installed_in_place(monkeypatch, tmp_path):
    monkeypatch.chdir(CHECKOUT)
    assert arguments(install_extra("local")) == ["-e", ".[local]"]
    monkeypatch.chdir(tmp_path)
    assert arguments(install_extra("local")) == ["-e", f"{CHECKOUT}[local]"]


def test_foreign_pip_on_path_is_not_named(monkeypatch):
    ours = Path(sys.executable).parent
    monkeypatch.setenv("PATH", str(ours))
    assert install("x>1") == "pip install 'x>1'"
    monkeypatch.setenv("PATH", "/nowhere")
    assert install("x") == f"{sys.executable} -m pip install x"


def test_uv_is_named_where_pip_is_missing(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setitem(sys.modules, "pip", None)
    assert install("x") == f"uv pip install --python {sys.executable} x"
