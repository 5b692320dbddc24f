"""Every setting there is, in one table: the command line, the environment, Beam's options and the
reference in the documentation are all made from it.

Nothing here imports Beam, so that `vividly --help` answers at once.
"""

from pipeline.settings import drain, limits, places, report, stream, work
from pipeline.settings.names import subscription_path, topic_path
from pipeline.settings.readers import (
    FRAME_SIZES,
    frame_size,
    positive_int,
    seconds,
    topic_name,
    whole_number,
)
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

DRAIN = drain.GROUP
STREAM = stream.GROUP

SETTINGS: tuple[Setting, ...] = (
    *places.SETTINGS,
    *stream.SETTINGS,
    *work.SETTINGS,
    *limits.SETTINGS,
    *drain.SETTINGS,
    *report.SETTINGS,
)

LOGGING = ("log-level", "log-format")
"""Settings that every command has, whatever it does."""

BY_NAME = {setting.name: setting for setting in SETTINGS}
