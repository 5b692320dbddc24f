"""Settings: what the work is done with."""

from __future__ import annotations

from pipeline.settings.parsers import (
    existing_path,
    frame_size,
    positive_int,
    video_engine,
    whole_number,
)
from pipeline.settings.setting import Setting

GROUP = "What the work is done with"

SETTINGS = (
    Setting(
        "script-engine", "what writes scripts", GROUP,
        default="offline", choices=("offline", "gemini"), graph=True,
    ),
    Setting(
        "gemini-model", "Gemini model", GROUP, default="gemini-3.5-flash-lite", graph=True,
    ),
    Setting(
        "gemini-location", "Vertex AI location that serves the model", GROUP,
        default="global", aliases=("GOOGLE_CLOUD_LOCATION",), graph=True,
    ),
    Setting(
        "voice-engine", "what speaks", GROUP,
        default="offline", choices=("offline", "google"), graph=True,
    ),
    Setting(
        "google-voice", "Google Text-to-Speech voice for requests in its language", GROUP,
        default="en-US-Chirp3-HD-Kore", graph=True,
    ),
    Setting(
        "video-engine", "what renders", GROUP, type=video_engine, default="slides",
        choices=("slides", "moviepy"), graph=True,
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
        "video-intro", "words of an opening card, such as the name of a school; no such card "
        "when not given", GROUP, graph=True,
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
        "render-workers", "scenes of one video rendered side by side", GROUP, type=positive_int,
        default=2, graph=True,
    ),
    Setting(
        "constant-frame-rate", "write a frame for every tick of the clock, for players that want "
        "one; otherwise a picture that stands is one long frame", GROUP, type=bool, default=False,
        graph=True,
    ),
    Setting(
        "segment-cache", "folder of rendered scenes, kept for reuse; one of the user's own in the "
        "temporary directory when not given", GROUP, graph=True,
    ),
    Setting(
        "segment-cache-size", "how much is kept there, the latest used; 0 for nothing", GROUP,
        type=whole_number, default=64, unit="MB", graph=True,
    ),
    Setting(
        "force", "do all stages again even where a valid result lies there", GROUP, type=bool,
        default=False, graph=True,
    ),
)  # fmt: skip
