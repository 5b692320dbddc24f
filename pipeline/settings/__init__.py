"""All settings, in one table from which options, environment variables and reference are made.

`OWN` holds the pipeline's own settings. `SETTINGS` and `BY_NAME` add those of the installed
engines, which are looked up when either is first read. Nothing here imports Beam or an engine, so
that `vividly --help` answers at once.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from pipeline.settings import (
    care_settings,
    drain_settings,
    limit_settings,
    location_settings,
    report_settings,
    stage_settings,
    stream_settings,
)
from pipeline.settings.engine_settings import add_engine_options
from pipeline.settings.parsers import (
    FRAME_SIZES,
    frame_size,
    port_number,
    positive_int,
    seconds,
    topic_name,
    whole_number,
)
from pipeline.settings.resource_names import subscription_path, topic_path
from pipeline.settings.setting import ENVIRONMENT_PREFIX, Setting

__all__ = [
    "BY_NAME",
    "DRAIN",
    "ENVIRONMENT_PREFIX",
    "FRAME_SIZES",
    "LOGGING",
    "OWN",
    "SETTINGS",
    "STREAM",
    "Setting",
    "find_setting",
    "frame_size",
    "port_number",
    "positive_int",
    "seconds",
    "settings_of",
    "subscription_path",
    "topic_name",
    "topic_path",
    "whole_number",
]

DRAIN = drain_settings.GROUP
STREAM = stream_settings.GROUP

OWN: tuple[Setting, ...] = (
    *location_settings.SETTINGS,
    *stream_settings.SETTINGS,
    *stage_settings.SETTINGS,
    *limit_settings.SETTINGS,
    *care_settings.SETTINGS,
    *drain_settings.SETTINGS,
    *report_settings.SETTINGS,
)
"""The pipeline's own settings, without the options of engines."""

SETTINGS: tuple[Setting, ...]
"""All settings, those of the installed engines included."""

BY_NAME: dict[str, Setting]
"""All settings by name."""

LOGGING = ("log-level", "log-format")
"""Settings that every command has."""

_OWN_BY_NAME = {setting.name: setting for setting in OWN}


def __getattr__(name: str) -> Any:
    if name not in ("SETTINGS", "BY_NAME"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    complete = tuple(add_engine_options(OWN))
    globals().update(SETTINGS=complete, BY_NAME={setting.name: setting for setting in complete})
    return globals()[name]


def find_setting(name: str) -> Setting | None:
    """Return the setting of that name; engines are looked up for names that are not in `OWN`."""
    from pipeline import settings

    return _OWN_BY_NAME.get(name) or settings.BY_NAME.get(name)


def settings_of(names: Iterable[str]) -> Sequence[Setting]:
    """Return settings by name; the name of an engine setting also selects the engines' options.

    Raises:
        KeyError: there is no such setting.
        ValueError: an engine declares an option that exists already.
    """
    from pipeline import settings

    given = {name: _OWN_BY_NAME.get(name) or settings.BY_NAME[name] for name in names}
    return list(add_engine_options(given.values()))
