"""VividlyOptions: the settings that shape the graph, as Beam pipeline options."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions

from pipeline.settings import SETTINGS
from pipeline.settings.arguments import argument_type, describe
from pipeline.usage_error import UsageError
from transforms.coder import PLUGIN
from transforms.installation import install_extra

OFFLINE = {"script_engine": ("rapidfuzz",), "voice_engine": ("hibari", "onnxruntime")}
"""What the offline engines import that production does without."""


class VividlyOptions(PipelineOptions):
    """Made from `pipeline.settings`; names have underscores, as all of Beam's do.

    `--beam_plugins` always names the plugin that makes a worker know the coder.
    """

    def __init__(self, flags: Sequence[str] | None = None, **kwargs: Any) -> None:
        super().__init__(flags, **kwargs)
        setup = self.view_as(SetupOptions)
        given = setup.beam_plugins or []
        if PLUGIN not in given:
            setup.beam_plugins = [*given, PLUGIN]

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        for setting in SETTINGS:
            if setting.graph:
                shared: dict[str, Any] = {
                    "default": setting.resolve(os.environ),
                    "help": describe(setting),
                }
                if setting.type is bool:
                    parser.add_argument(f"--{setting.dest}", action="store_true", **shared)
                else:
                    parser.add_argument(f"--{setting.dest}", type=argument_type(setting), **shared)


def script_settings(chosen: Any) -> dict[str, Any]:
    """Keyword arguments for the settings of the script engine that was chosen."""
    if chosen.script_engine == "gemini":
        return {"model": chosen.gemini_model, "location": chosen.gemini_location}
    return {}


def voice_settings(chosen: Any) -> dict[str, Any]:
    """Keyword arguments for the settings of the voice engine that was chosen."""
    return {"voice": chosen.google_voice} if chosen.voice_engine == "google" else {}


def graph_options(
    chosen: argparse.Namespace, beam_arguments: Sequence[str] = (), **beam_options: Any
) -> VividlyOptions:
    """The options of a graph from a parsed command line.

    Args:
        chosen: has an attribute for every graph setting.
        beam_arguments: further options, as on a command line of Beam's.
        beam_options: further options, by Beam's names.

    Raises:
        UsageError: an offline engine is chosen but not installed; every message would fail.
    """
    for dest, modules in OFFLINE.items():
        if getattr(chosen, dest) == "offline" and not all(map(find_spec, modules)):
            flag = f"--{dest.replace('_', '-')}"
            raise UsageError(
                f"what {flag} offline needs is not installed: choose another {flag}, or "
                f"{install_extra('local')}"
            )
    graph = {s.dest: getattr(chosen, s.dest) for s in SETTINGS if s.graph}
    return VividlyOptions(list(beam_arguments), **graph, **beam_options)
