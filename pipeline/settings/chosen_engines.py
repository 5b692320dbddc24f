"""Create the chosen engines with typed settings from the options of a command."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pipeline.usage_error import UsageError
from transforms.engine_plugin import ChosenEngine, EnginePlugin, Role, choose
from transforms.engine_registry import find_engine
from transforms.narration.sound_settings import INTRO_SECONDS, SoundSettings
from transforms.price_file import read_price_file
from transforms.prices import Prices, typical
from transforms.video.engines.video_engine import VideoSettings
from transforms.video.plan.pages import Look

OFFLINE = "offline"
"""The script engine that needs no service, and may be the last fallback."""


@dataclass(frozen=True)
class EngineChoice:
    """One engine that was chosen by an option.

    Attributes:
        stage: the engine's stage.
        flag: the option.
        name: its value.
        plugin: the engine's declaration.
        settings: the engine's own settings, by field.
    """

    stage: str
    flag: str
    name: str
    plugin: EnginePlugin
    settings: dict[str, Any]

    def chosen(self) -> ChosenEngine:
        """Return the engine with typed settings.

        Raises:
            UsageError: the engine refuses its settings.
        """
        try:
            return choose(self.name, self.plugin, self.settings)
        except ValueError as error:
            raise UsageError(f"{self.flag} {self.name}: {error}") from error

    def check(self, prices: Prices) -> None:
        """Verify that the engine is installed, takes its settings and has prices.

        Args:
            prices: the price table of the job.

        Raises:
            UsageError: it is not installed, refuses its settings, or lacks a price.
        """
        try:
            self.plugin.check_installed()
        except ValueError as error:
            raise UsageError(
                f"{self.flag} {self.name}: {error}; choose another {self.flag}, or "
                f"{self.plugin.installation()}"
            ) from error
        self.chosen()
        try:
            self.typical_usd(prices)
        except ValueError as error:
            raise UsageError(f"{self.flag} {self.name}: {error}") from error

    def typical_usd(self, prices: Prices) -> float:
        """Return the cost of a typical lesson in US dollars.

        Raises:
            ValueError: the engine declares no typical usage, or a SKU has no price.
        """
        return prices.price(typical(self.stage, self.name, self.settings))


def script_engine(options: Any) -> EngineChoice:
    """Return the script engine that the options choose.

    Args:
        options: has an attribute for every setting of the graph.
    """
    return _choice("script", "--script-engine", options.script_engine, options)


def script_fallbacks(options: Any) -> tuple[EngineChoice, ...]:
    """Return the fallbacks of the script engine, in their order; `options` as for `script_engine`.

    Raises:
        UsageError: `--script-fallback` names something that cannot be a fallback.
    """
    flag, first = "--script-fallback", script_engine(options)
    return tuple(_fallback(flag, name, first, options) for name in options.script_fallback or ())


def _fallback(flag: str, name: str, first: EngineChoice, options: Any) -> EngineChoice:
    if "model" not in first.settings:
        raise UsageError(f"{flag}: the script engine {first.name} needs no fallback; remove it")
    if name == OFFLINE:
        if options.script_fallback[-1] != OFFLINE:
            raise UsageError(f"{flag}: {OFFLINE} must be the last one")
        return _choice("script", flag, OFFLINE, options)
    if name == first.settings["model"]:
        raise UsageError(f"{flag}: {name} is the model that is asked first")
    return replace(first, flag=flag, settings={**first.settings, "model": name})


def claim_checker(options: Any) -> EngineChoice | None:
    """Return the claim checker (`--verify`), or None; `options` as for `script_engine`."""
    if not options.verify:
        return None
    return second_model("--verify", options.verify, "claim_checker", options)


def second_model(flag: str, model: str, role: Role, options: Any) -> EngineChoice:
    """Return the engine that judges scripts: the script engine's other model, else Gemini.

    Args:
        flag: the option that names the model.
        model: the model.
        role: what it is for.
        options: as for `script_engine`.
    """
    first = script_engine(options)
    plugin = first.plugin.in_role(role)
    if not plugin:
        first = _choice("script", flag, "gemini", options)
        plugin = first.plugin.in_role(role)
        assert plugin
    return replace(first, flag=flag, plugin=plugin, settings={**first.settings, "model": model})


def expected_usd(options: Any, table: Prices) -> dict[str, float]:
    """Return the cost of a typical lesson by stage; `options` as for `script_engine`."""
    expected = {each.stage: each.typical_usd(table) for each in engine_choices(options)}
    checker = claim_checker(options)
    if checker:
        expected[checker.stage] += checker.typical_usd(table)
    return expected


def prices(options: Any) -> Prices:
    """Return the price table of a job; `options` as for `script_engine`.

    Raises:
        UsageError: the file of `--prices` cannot be read or is not valid.
    """
    try:
        changes = read_price_file(options.prices) if options.prices else ()
    except ValueError as error:
        raise UsageError(f"--prices: {error}") from error
    return Prices(changes, options.allow_unpriced)


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
    return EngineChoice(stage, flag, name, plugin, settings)
