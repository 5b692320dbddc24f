"""Settings of engines and rendering."""

from __future__ import annotations

from pipeline.settings.engine_settings import EngineNames
from pipeline.settings.parsers import (
    engine_list,
    existing_path,
    folder_path,
    frame_size,
    positive_int,
    whole_number,
)
from pipeline.settings.setting import Setting

GROUP = "What the work is done with"

SETTINGS = (
    Setting(
        "script-engine", "engine that writes scripts", GROUP, default="offline",
        choices=EngineNames("script", "offline"), graph=True,
    ),
    Setting(
        "script-fallback", "models of the script engine, and offline, that are tried in this order "
        "when it gives no script; separated by commas, none when not given", GROUP,
        type=engine_list, graph=True,
    ),
    Setting(
        "sources", "folder of Markdown files that Gemini's lessons are written from and cite, "
        "besides the included concept cards; only the cards when not given", GROUP,
        type=existing_path, graph=True,
    ),
    Setting(
        "verify", "model that compares the claims of each script with its sources, such as "
        "gemini-2.5-flash: a second paid call, and a repair of what is contradicted; none when not "
        "given", GROUP, graph=True,
    ),
    Setting(
        "voice-engine", "engine that speaks", GROUP, default="offline",
        choices=EngineNames("narration", "offline"), graph=True,
    ),
    Setting(
        "video-engine", "engine that renders", GROUP, default="slides",
        choices=EngineNames("video", "slides"), graph=True,
    ),
    Setting(
        "video-size", "width and height of videos", GROUP, type=frame_size,
        default="1280x720", unit="pixels", graph=True,
    ),
    Setting(
        "video-theme", "colours of slides: dark, light, or auto for dark first and last slides and "
        "light ones in between", GROUP, default="auto", choices=("auto", "dark", "light"),
        graph=True,
    ),
    Setting(
        "video-logo", "picture (PNG, best with transparency) in a corner of every slide; "
        "none when not given", GROUP, type=existing_path, graph=True,
    ),
    Setting(
        "video-intro", "text of an opening card, such as the name of a school; no card when not "
        "given", GROUP, graph=True,
    ),
    Setting(
        "burn-captions", "draw captions into the picture too, for players without a caption track",
        GROUP, type=bool, default=False, graph=True,
    ),
    Setting(
        "time-words", "say in captions.vtt when each word is spoken, for players that highlight it",
        GROUP, type=bool, default=False, graph=True,
    ),
    Setting(
        "music", "music under the speech: a file, or a folder of which each lesson gets one; "
        "none when not given", GROUP, type=existing_path, graph=True,
    ),
    Setting(
        "render-workers", "scenes of one video rendered in parallel", GROUP, type=positive_int,
        default=2, graph=True,
    ),
    Setting(
        "constant-frame-rate", "write a frame for every tick of the clock, for players that need "
        "one; otherwise a still picture is one long frame", GROUP, type=bool, default=False,
        graph=True,
    ),
    Setting(
        "segment-cache", "folder of rendered scenes, kept for reuse; a folder of the user in the "
        "temporary directory when not given", GROUP, type=folder_path, graph=True,
    ),
    Setting(
        "segment-cache-size", "size limit of the segment cache; 0 for no cache", GROUP,
        type=whole_number, default=64, unit="MB", graph=True,
    ),
    Setting(
        "reuse", "results that requests on one topic share, if their grades and interests are "
        "alike: off, stage for narrations and videos of lessons from concept cards, all for "
        "scripts of paid models too", GROUP, default="off", choices=("off", "stage", "all"),
        graph=True,
    ),
    Setting(
        "force", "run all stages again even where a valid result exists", GROUP, type=bool,
        default=False, graph=True,
    ),
)  # fmt: skip
