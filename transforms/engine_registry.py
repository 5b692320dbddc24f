"""Registry of the engines that are installed, found through entry points."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from transforms.engine_plugin import EnginePlugin

GROUPS: Mapping[str, str] = {
    "script": "vividly.script_engines",
    "narration": "vividly.voice_engines",
    "video": "vividly.video_engines",
}
"""The entry point group of each stage's engines."""


@cache
def registered_engines() -> Mapping[str, Mapping[str, EnginePlugin]]:
    """Return the declarations of all installed engines, by stage and name in alphabetical order.

    They are looked up once per process, which takes some 30 ms.

    Raises:
        ValueError: two packages register the same name, or a declaration cannot be loaded.
    """
    found = entry_points()  # of all groups: every selection would read the files again
    engines: dict[str, dict[str, EnginePlugin]] = {}
    for stage, group in GROUPS.items():
        engines[stage] = {}
        for point in sorted(found.select(group=group), key=lambda point: point.name):
            if point.name in engines[stage]:
                named = sorted(map(_package, found.select(group=group, name=point.name)))
                raise ValueError(
                    f"{' and '.join(named)} both register a {stage} engine named {point.name}; "
                    "uninstall one of them"
                )
            engines[stage][point.name] = _load(point, stage)
    return engines


def find_engine(stage: str, name: str) -> EnginePlugin:
    """Return the declaration of an engine.

    Raises:
        ValueError: no such engine is installed.
    """
    engines = registered_engines()[stage]
    if name not in engines:
        raise ValueError(
            f"no {stage} engine named {name!r} is installed (installed: "
            f"{', '.join(engines) or 'none'}); install the package that brings it, or reinstall "
            "vividly-pipeline if it is one of its own"
        )
    return engines[name]


def _load(point: EntryPoint, stage: str) -> EnginePlugin:
    package = _package(point)
    try:
        declared = point.load()
    except Exception as error:
        raise ValueError(
            f"the {stage} engine {point.name} of {package} cannot be loaded, reinstall or "
            f"uninstall {package}: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(declared, EnginePlugin):
        raise ValueError(
            f"the {stage} engine {point.name} of {package} is registered as {point.value}, which "
            "is not an EnginePlugin"
        )
    return declared


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.module
