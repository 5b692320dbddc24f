"""Check the logo, the music and the sources before a job starts."""

from __future__ import annotations

from typing import Any

from pipeline.usage_error import UsageError
from transforms.errors import ConfigurationFault, PermanentError


def check_media_files(options: Any) -> None:
    """Check that the logo, the music and the sources can be read, if they are given.

    Args:
        options: has an attribute for every setting of the graph.

    Raises:
        UsageError: a file cannot be used; every lesson would fail.
    """
    if options.video_logo:
        from transforms.video.draw.logo import load_logo

        _check("--video-logo", load_logo, options.video_logo)
    if options.music:
        from transforms.narration import music

        _check("--music", music.check, options.music)
    check_sources(options)


def check_sources(options: Any) -> None:
    """Check that the folder of sources can be read; `options` as for `check_media_files`.

    Raises:
        UsageError: the folder or a file in it cannot be used.
    """
    if options.sources:
        from transforms.script.sources.source_library import shared_library

        try:
            shared_library(options.sources)
        except ConfigurationFault as fault:
            raise UsageError(f"--sources: {fault.detail}") from fault


def _check(flag: str, load: Any, path: str) -> None:
    try:
        load(path)
    except PermanentError as error:
        raise UsageError(f"{flag}: {error}") from error
