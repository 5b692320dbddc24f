"""Every setting there is, in one table: the command line, the environment, Beam's options and the
reference in the documentation are all made from it.

Nothing here imports Beam, so that `vividly --help` answers at once.
"""

from pipeline.settings import (
    drain_settings,
    limit_settings,
    location_settings,
    report_settings,
    stage_settings,
    stream_settings,
)
from pipeline.settings.parsers import (
    FRAME_SIZES,
    frame_size,
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
    "SETTINGS",
    "STREAM",
    "Setting",
    "frame_size",
    "positive_int",
    "seconds",
    "subscription_path",
    "topic_name",
    "topic_path",
    "whole_number",
]

DRAIN = drain_settings.GROUP
STREAM = stream_settings.GROUP

SETTINGS: tuple[Setting, ...] = (
    *location_settings.SETTINGS,
    *stream_settings.SETTINGS,
    *stage_settings.SETTINGS,
    *limit_settings.SETTINGS,
    *drain_settings.SETTINGS,
    *report_settings.SETTINGS,
)

LOGGING = ("log-level", "log-format")
"""Settings that every command has, whatever it does."""

BY_NAME = {setting.name: setting for setting in SETTINGS}
