"""A lesson composed as in MoviePy's documentation: text clips over picture clips.

Backgrounds and diagrams are drawn beforehand, as a designer would; titles and bullets are text
clips that fade in when spoken, and scenes cross-fade. The product's progress bar, captions and
chapters are left out.
"""

from __future__ import annotations

import time
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from transforms.video.draw.fonts import package_folder
from transforms.video.engines.moviepy.moviepy_engine import picture_clip
from transforms.video.plan.pages import element_texts
from transforms.video.plan.storyboard import Shot, Storyboard
from transforms.video.plan.timeline import FADE, FPS
from transforms.video.slides.draw_slide import draw_slide
from transforms.video.slides.moving_picture import moving_picture

if TYPE_CHECKING:
    from moviepy import VideoClip

CROSSFADE = 8 / FPS
"""Seconds in which one scene fades into the next."""
_FONT = package_folder("matplotlib") / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"


def compose(board: Storyboard, audio: Path, size: tuple[int, int]) -> VideoClip:
    """Return the whole lesson as a clip with sound."""
    from moviepy import AudioFileClip, CompositeVideoClip

    scenes = [_scene(shot, size, last=shot is board.shots[-1]) for shot in board.shots]
    return CompositeVideoClip(scenes, size).with_audio(AudioFileClip(str(audio)))


def write(
    board: Storyboard, audio: Path, size: tuple[int, int], start: float, seconds: float, out: Path
) -> float:
    """Write part of a lesson with MoviePy's presets.

    Returns:
        Seconds of wall time per second of video.
    """
    began = time.perf_counter()
    part = compose(board, audio, size).subclipped(start, start + seconds)
    part.write_videofile(
        str(out),
        fps=FPS,
        codec="libx264",
        audio_codec="aac",
        temp_audiofile_path=str(out.parent),
        logger=None,
    )
    return (time.perf_counter() - began) / seconds


def _scene(shot: Shot, size: tuple[int, int], *, last: bool) -> VideoClip:
    from moviepy import CompositeVideoClip, ImageClip, TextClip, vfx

    width, height = size
    scale = height / 720
    seconds = shot.length / FPS + (0 if last else CROSSFADE)
    slide = draw_slide(shot.page, width, height)
    background = np.asarray(slide.blank)
    ink = "white" if background.mean() < 128 else "black"

    def fading(clip: VideoClip, reveal: int) -> VideoClip:
        clip = clip.with_start(reveal / FPS)
        return clip.with_effects([vfx.CrossFadeIn(FADE / FPS)]) if reveal else clip

    def text(words: str, points: float, x: float, y: float, reveal: int = 0) -> VideoClip:
        clip = TextClip(
            font=str(_FONT), text=words, font_size=round(points * scale), color=ink,
            method="caption", size=(round(width * 0.6), None), text_align="left",
            horizontal_align="left", margin=(0, round(points * scale / 3)),
            duration=seconds - reveal / FPS,
        )  # fmt: skip
        return fading(clip.with_position((round(x * scale), round(y * scale))), reveal)

    clips = [ImageClip(background, duration=seconds)]
    picture = moving_picture(shot, width, height)
    if picture is not None:
        clips.append(picture_clip(picture, ceil(seconds * FPS)))
    if shot.page.label:
        clips.append(text(shot.page.label, 22, 88, 64))
    if shot.page.heading:
        clips.append(text(shot.page.heading, 44, 88, 96))
    groups = element_texts(shot.page)
    lines = groups[0] if groups else shot.page.lines
    for row, line in enumerate(lines):
        reveal = shot.reveals[row] if groups else 0
        clips.append(text(line, 32, 128, 236 + row * 84, reveal))
    for box, reveal in list(zip(slide.boxes, shot.reveals, strict=True))[len(lines) :]:
        clip = ImageClip(np.asarray(slide.full.crop(box)), duration=seconds - reveal / FPS)
        clips.append(fading(clip.with_position(box[:2]), reveal))
    scene = CompositeVideoClip(clips, size).with_duration(seconds).with_start(shot.start / FPS)
    return scene.with_effects([vfx.CrossFadeIn(CROSSFADE)]) if shot.start else scene
