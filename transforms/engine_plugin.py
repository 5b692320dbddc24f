"""Engine declarations, which a package registers under an entry point to add an engine.

A module that holds a declaration is loaded whenever options are listed. It imports this module and
the standard library only; the engine and its client library are imported once it is chosen.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from typing import Any, Literal

_OPTION = "vividly option"

Role = Literal["claim_checker", "quiz_taker"]
"""What a package may do with a second model; each is a field of `EnginePlugin`."""


@dataclass(frozen=True)
class EngineOption:
    """One option of an engine, offered on the command line and in the environment.

    Attributes:
        name: the option without its leading dashes; start it with the engine's name.
        help: one line for `--help` and the reference.
        type: makes the value from text and raises ValueError ("must be …"); `bool` is a switch.
        unit: shown beside the default.
        choices: the only values accepted; any when empty.
        aliases: further environment variables, read after ``VIVIDLY_…``.
    """

    name: str
    help: str
    type: Callable[[str], Any] = str
    unit: str = ""
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


def option(name: str, help: str, *, default: Any, **details: Any) -> Any:
    """Declare a field of a settings class that users can set.

    Args:
        name: as for `EngineOption`, which takes `help` and `details` too.
        help: as for `EngineOption`.
        default: value of the field when it is not set.
        details: further attributes of `EngineOption`.
    """
    declared = EngineOption(name, help, **details)
    return dataclasses.field(default=default, metadata={_OPTION: declared})


@dataclass(frozen=True)
class EnginePlugin:
    """Declaration of one engine.

    Attributes:
        package: package that holds the engine; `engine` and `prices` are relative to it.
        engine: the engine's class, as ``.module:Class``. It is called with the settings that its
            stage gives every engine (`VideoSettings` for the video stage), then with an instance
            of `settings` if there is one.
        settings: frozen dataclass of the engine's own settings, with a default for every field;
            those made by `option` can be set by users. None if the engine has no settings.
        modules: top-level modules the engine imports that an installation may lack.
        extra: extra of vividly-pipeline that installs `modules`, if one does.
        remedy: instruction for users when the engine's `check` fails.
        paid: calls cost money, so they should be limited to a quota. Script and voice engines send
            them through `transforms.stage.paid_call.PaidCalls`.
        google: the engine needs Google credentials.
        isolated: run a voice engine in a child process, which can be killed when native code hangs;
            such an engine makes no paid calls. Video engines always run in one, script engines
            never.
        prices: file with the prices of what the engine uses, if there is one.
        claim_checker: class that checks the claims of scripts with the engine's settings, written
            like `engine`; empty if there is none. Its typical usage is that of the engine.
        quiz_taker: class that answers the quizzes of scripts, likewise.
    """

    package: str
    engine: str
    settings: type | None = None
    modules: tuple[str, ...] = ()
    extra: str = ""
    remedy: str = ""
    paid: bool = False
    google: bool = False
    isolated: bool = False
    prices: str = "prices.toml"
    claim_checker: str = ""
    quiz_taker: str = ""

    def options(self) -> Mapping[str, EngineOption]:
        """Return the options by the field of `settings` that each one sets."""
        fields = dataclasses.fields(self.settings) if self.settings else ()
        return {f.name: f.metadata[_OPTION] for f in fields if _OPTION in f.metadata}

    def defaults(self) -> Mapping[str, Any]:
        """Return the default of every field of `settings`."""
        return {} if self.settings is None else setting_values(self.settings())

    def check_installed(self) -> None:
        """Verify that everything the engine imports is installed.

        Raises:
            ValueError: names what is missing; `installation` returns the remedy.
        """
        missing = [module for module in self.modules if find_spec(module) is None]
        if missing:
            raise ValueError(f"not installed: {', '.join(missing)}")

    def installation(self) -> str:
        """Return the command that installs the engine's packages, or a hint."""
        if not self.extra:
            return "reinstall the package of the engine"
        from transforms.installation import install_extra  # takes longer to load than all else here

        return install_extra(self.extra)

    def in_role(self, role: Role) -> EnginePlugin | None:
        """Return the declaration of the engine's class for another role; None if it has none."""
        named: str = getattr(self, role)
        return dataclasses.replace(self, engine=named) if named else None

    def how_to_repair(self) -> str:
        """Return what to do when the engine's `check` fails, or the engine is not installed."""
        return self.remedy or self.installation()

    def read_prices(self) -> dict[str, Any]:
        """Return the content of the price file; empty if there is none."""
        file = files(self.package) / self.prices
        return tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}


@dataclass(frozen=True)
class ChosenEngine:
    """An engine together with its settings; can be pickled, compared and hashed.

    Attributes:
        name: the name it is registered under.
        factory: its class, as ``module:Class``.
        settings: instance of its settings class; None if it has none.
        isolated: as for `EnginePlugin`.
        paid: as for `EnginePlugin`.
    """

    name: str
    factory: str
    settings: Any = None
    isolated: bool = False
    paid: bool = False

    def make(self, *shared: Any) -> Any:
        """Import the engine's module and create the engine.

        Args:
            shared: settings that the stage gives every engine.
        """
        module, _, attribute = self.factory.partition(":")
        own = () if self.settings is None else (self.settings,)
        return getattr(import_module(module), attribute)(*shared, *own)

    def values(self) -> Mapping[str, Any]:
        """Return the values of all settings, by name."""
        return setting_values(self.settings) if self.settings is not None else {}

    def options(self) -> Mapping[str, Any]:
        """Return the values of the settings that users can set; others may hold credentials."""
        fields = dataclasses.fields(self.settings) if self.settings is not None else ()
        return {f.name: getattr(self.settings, f.name) for f in fields if _OPTION in f.metadata}


def setting_values(settings: Any) -> Mapping[str, Any]:
    """Return the fields of a settings object by name."""
    return {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}


def choose(name: str, plugin: EnginePlugin, settings: Mapping[str, Any]) -> ChosenEngine:
    """Combine an engine's declaration with values for its settings.

    Args:
        name: the name it is registered under.
        plugin: its declaration.
        settings: values of fields of its settings class; the others keep their defaults.

    Raises:
        ValueError: the settings class refuses a value.
    """
    module, _, attribute = plugin.engine.partition(":")
    absolute = plugin.package + module if module.startswith(".") else module
    make = partial(plugin.settings, **settings) if plugin.settings else lambda: None
    return ChosenEngine(name, f"{absolute}:{attribute}", make(), plugin.isolated, plugin.paid)
