"""Settings of the installed engines: their names, and the options they bring."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, overload

from pipeline.settings.setting import Setting

if TYPE_CHECKING:
    from transforms.engine_plugin import EngineOption


class EngineNames(Sequence[str]):
    """Names of a stage's installed engines, looked up when they are first read.

    Args:
        stage: the stage.
        default: the engine that is named first.
    """

    def __init__(self, stage: str, default: str) -> None:
        self.stage = stage
        self._default = default

    def _names(self) -> tuple[str, ...]:
        from transforms.engine_registry import registered_engines

        found = registered_engines()[self.stage]
        return tuple(sorted(found, key=lambda name: (name != self._default, name)))

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return self._names()[index]

    def __len__(self) -> int:
        return len(self._names())


def add_engine_options(settings: Iterable[Setting]) -> Iterator[Setting]:
    """Yield settings; after each engine setting, also the options of that stage's engines.

    Raises:
        ValueError: an engine declares an option that exists already.
    """
    given = list(settings)
    taken = {setting.name: setting for setting in given}
    for setting in given:
        yield setting
        if isinstance(setting.choices, EngineNames):
            for engine, option in _engine_options(setting, setting.choices):
                if taken.setdefault(option.name, option) != option:
                    raise ValueError(
                        f"the {setting.choices.stage} engine {engine} declares --{option.name}, "
                        "which exists already: rename it in the engine's package"
                    )
                if taken[option.name] is option:
                    yield option


def _engine_options(choice: Setting, names: EngineNames) -> Iterator[tuple[str, Setting]]:
    from transforms.engine_registry import registered_engines

    engines = registered_engines()[names.stage]
    for name in names:
        defaults = engines[name].defaults()
        for field, option in engines[name].options().items():
            yield name, _setting(option, defaults[field], choice.group)


def _setting(option: EngineOption, default: object, group: str) -> Setting:
    return Setting(
        option.name, option.help, group, type=option.type, default=default, unit=option.unit,
        choices=option.choices, aliases=option.aliases, graph=True,
    )  # fmt: skip
