"""The registry finds engines and refuses invalid registrations."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from pipeline.settings import OWN, Setting
from pipeline.settings.engine_settings import EngineNames, add_engine_options
from transforms.engine_plugin import EnginePlugin, option
from transforms.engine_registry import find_engine, registered_engines

MODULE = """
from transforms.engine_plugin import EnginePlugin
PLUGIN = EnginePlugin(package="transforms", engine=".parse:ParseRequests")
OTHER = "not a declaration"
"""


@pytest.fixture
def register(tmp_path, monkeypatch):
    """Return a function that registers a script engine of another package."""

    def register(name: str, target: str, package: str = "acme_engines") -> None:
        info = tmp_path / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[vividly.script_engines]\n{name} = {target}\n")
        registered_engines.cache_clear()

    (tmp_path / "acme.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield register
    monkeypatch.undo()
    registered_engines.cache_clear()


def test_built_in_engines_are_registered():
    engines = {stage: set(found) for stage, found in registered_engines().items()}
    assert engines["script"] >= {"gemini", "offline"}
    assert engines["narration"] >= {"google", "offline"}
    assert engines["video"] >= {"moviepy", "slides"}


def test_engine_of_another_package_is_found(register):
    register("acme", "acme:PLUGIN")
    assert find_engine("script", "acme").package == "transforms"
    assert list(EngineNames("script", "offline")) == ["offline", "acme", "gemini"]


@pytest.mark.parametrize(
    ("name", "target", "said"),
    [
        ("gemini", "acme:PLUGIN", "acme_engines and vividly-pipeline both register .* gemini"),
        ("acme", "acme:MISSING", "acme of acme_engines cannot be loaded, .*AttributeError"),
        ("acme", "no_such_module:PLUGIN", "uninstall acme_engines: ModuleNotFoundError"),
        ("acme", "acme:OTHER", "registered as acme:OTHER, which is not an EnginePlugin"),
    ],
)
def test_wrong_registration_names_the_package(register, name, target, said):
    register(name, target)
    with pytest.raises(ValueError, match=said):
        registered_engines()


def test_unknown_engine_is_named_with_those_installed():
    with pytest.raises(ValueError, match=r"no script engine named 'acme'.*gemini, offline"):
        find_engine("script", "acme")


@dataclass(frozen=True)
class Greedy:
    """Declares an option that the pipeline has."""

    workers: str = option("workers", "workers of the engine", default="1")


def test_option_that_exists_already_is_refused(monkeypatch):
    plugin = EnginePlugin(package="acme", engine=".x:Y", settings=Greedy)
    monkeypatch.setattr(
        "transforms.engine_registry.registered_engines", lambda: {"script": {"offline": plugin}}
    )
    choice = Setting("script-engine", "", "", choices=EngineNames("script", "offline"))
    others = [setting for setting in OWN if setting.name == "workers"]
    with pytest.raises(ValueError, match="script engine offline declares --workers, which exists"):
        list(add_engine_options([choice, *others]))
