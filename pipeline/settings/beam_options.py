"""VividlyOptions: the settings that shape the graph, as Beam pipeline options."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions

from pipeline.settings import SETTINGS
from pipeline.settings.arguments import argument_type, describe
from pipeline.settings.chosen_engines import (
    claim_checker,
    engine_choices,
    prices,
    script_fallbacks,
)
from pipeline.settings.media_files import check_media_files
from transforms.coder import PLUGIN


class VividlyOptions(PipelineOptions):
    """The settings of the graph as Beam options, with underscores in their names.

    `--beam_plugins` always names the plugin that registers the coder in workers.
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


def graph_options(
    chosen: argparse.Namespace, beam_arguments: Sequence[str] = (), **beam_options: Any
) -> VividlyOptions:
    """Make the options of a graph from a parsed command line.

    Args:
        chosen: has an attribute for every graph setting.
        beam_arguments: further options, spelled as on a command line of Beam.
        beam_options: further options, by their names in Beam.

    Raises:
        UsageError: an engine lacks what it needs or refuses its settings, or the logo, the music or
            the sources cannot be used; every message would fail.
    """
    table = prices(chosen)
    for engine in (*engine_choices(chosen), *script_fallbacks(chosen)):
        engine.check(table)
    checker = claim_checker(chosen)
    if checker:
        checker.check(table)
    check_media_files(chosen)
    graph = {s.dest: getattr(chosen, s.dest) for s in SETTINGS if s.graph}
    return VividlyOptions(list(beam_arguments), **graph, **beam_options)
