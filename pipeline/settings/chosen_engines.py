"""The engines that were chosen, with typed settings made from options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipeline.usage_error import UsageError
from transforms.engine_plugin import ChosenEngine, EnginePlugin, choose
from transforms.engine_registry import find_engine
from transforms.narration.sound_settings import INTRO_SECONDS, SoundSettings
from transforms.video.engines.video_engine import VideoSettings
from transforms.video.plan.pages import Look


@dataclass(frozen=True)
class EngineChoice:
    """One engine that was chosen by an option.

    Attributes:
        flag: the option.
        name: its value.
        plugin: the engine's declaration.
        settings: the engine's own settings, by field.
    """

    flag: str
    name: str
    plugin: EnginePlugin
    settings: dict[str, Any]

    def chosen(self) -> ChosenEngine:
        """Return the engine with its settings.

        Raises:
            UsageError: the engine refuses its settings.
        """
        try:
            return choose(self.name, self.plugin, self.settings)
        except ValueError as error:
            raise UsageError(f"{self.flag} {self.name}: {error}") from error

    def check(self) -> None:
        """Verify that the engine is installed and takes its settings.

        Raises:
            UsageError: it is not installed, or refuses its settings.
        """
        try:
            self.plugin.check_installed()
        except ValueError as error:
            raise UsageError(
                f"{self.flag} {self.name}: {error}; choose another {self.flag}, or "
                f"{self.plugin.installation()}"
            ) from error
        self.chosen()


def script_engine(options: Any) -> EngineChoice:
    """Return the script engine that was chosen.

    Args:
        options: has an attribute for every setting of the graph.
    """
    return _choice("script", "--script-engine", options.script_engine, options)


def voice_engine(options: Any) -> EngineChoice:
    """Return the voice engine that was chosen; `options` as for `script_engine`."""
    return _choice("narration", "--voice-engine", options.voice_engine, options)


def video_engine(options: Any) -> EngineChoice:
    """Return the video engine that was chosen; `options` as for `script_engine`."""
    return _choice("video", "--video-engine", options.video_engine, options)


def engine_choices(options: Any) -> tuple[EngineChoice, EngineChoice, EngineChoice]:
    """Return the script, voice and video engine; `options` as for `script_engine`."""
    return script_engine(options), voice_engine(options), video_engine(options)


def sound_settings(options: Any) -> SoundSettings:
    """Return the settings of music and opening pause; `options` as for `script_engine`."""
    return SoundSettings(music=options.music, intro=INTRO_SECONDS if options.video_intro else 0.0)


def video_settings(options: Any) -> VideoSettings:
    """Return the settings of every video engine; `options` as for `script_engine`."""
    width, height = options.video_size
    return VideoSettings(
        width=width,
        height=height,
        workers=options.render_workers,
        constant_frame_rate=options.constant_frame_rate,
        cache=options.segment_cache,
        cache_bytes=options.segment_cache_size * 1_000_000,
        look=Look(theme=options.video_theme, logo=options.video_logo),
        intro=options.video_intro,
        burn_captions=options.burn_captions,
        time_words=options.time_words,
    )


def _choice(stage: str, flag: str, name: str, options: Any) -> EngineChoice:
    try:
        plugin = find_engine(stage, name)
    except ValueError as error:
        raise UsageError(f"{flag}: {error}") from error
    settings = {
        field: getattr(options, option.name.replace("-", "_"))
        for field, option in plugin.options().items()
    }
    return EngineChoice(flag, name, plugin, settings)
