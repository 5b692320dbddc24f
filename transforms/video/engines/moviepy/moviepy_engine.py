"""The MoviePy renderer, which turns slides into MoviePy clips, so that effects can be added.

It is slower than the slide renderer and looks the same until it is extended: subclass
`MoviePyRenderer` and override `scene`. Encoding, sound, captions and chapters are shared.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from transforms.video.encode.planes import Plane, empty_planes, to_planes
from transforms.video.engines.moviepy.plugin import NEEDED, PLUGIN
from transforms.video.engines.slides.slide_renderer import SlideRenderer, Take
from transforms.video.engines.video_engine import VideoSettings
from transforms.video.plan.timeline import EXIT, FADE, FPS, change_points
from transforms.video.slides.composer import DRAW_LOCK
from transforms.video.slides.draw_slide import caption_box, draw_caption, draw_progress, draw_slide
from transforms.video.slides.moving_picture import MovingPicture, moving_picture

if TYPE_CHECKING:
    from moviepy import VideoClip


@dataclass(frozen=True)
class SceneClip:
    """A shot as a MoviePy clip.

    Attributes:
        clip: as large as the video and as long as the shot.
        changes: frames that may differ from the one before, ascending from 0; only these are
            composed. With an effect that never rests that is every frame of the shot.
    """

    clip: VideoClip
    changes: Iterable[int]


class MoviePyRenderer(SlideRenderer):
    """Renders lessons as slides that MoviePy composes.

    Args:
        settings: size, look and captions.

    Raises:
        ValueError: MoviePy is not there, or a size that H.264 cannot have.
    """

    name = "moviepy"

    def __init__(self, settings: VideoSettings) -> None:
        PLUGIN.check_installed()
        super().__init__(settings)
        # A subclass is another engine: its scenes are not to be taken for those of this one.
        code = inspect.getsource(type(self)).encode()
        self._drawing = {
            **self._drawing,
            "engine": self.name,
            "moviepy": NEEDED,
            "code": sha256(code).hexdigest(),
        }

    def scene(self, take: Take) -> SceneClip:
        """Return the clip of a shot. Override it to add effects:

        ```python
        class Zooming(MoviePyRenderer):
            def scene(self, take):
                clip = super().scene(take).clip
                zoomed = clip.with_effects([vfx.Resize(lambda t: 1 + 0.01 * t)])
                framed = CompositeVideoClip([zoomed.with_position("center")], clip.size)
                return SceneClip(framed, range(take.shot.length))
        ```
        """
        from moviepy import CompositeVideoClip, ImageClip, vfx

        shot, height = take.shot, take.height
        seconds = shot.length / FPS
        with DRAW_LOCK:
            slide = draw_slide(shot.page, take.width, height)

        def still(picture: Image.Image, at: tuple[int, int], frame: int, until: int) -> VideoClip:
            clip = ImageClip(np.asarray(picture), duration=(until - frame) / FPS)
            return clip.with_position(at).with_start(frame / FPS)

        def fading(picture: Image.Image, at: tuple[int, int], frame: int, frames: int) -> VideoClip:
            # A frame earlier, so that its first frame already shows some of it.
            clip = still(picture, at, frame - 1, shot.length)
            return clip.with_effects([vfx.CrossFadeIn(frames / FPS)])

        shown = list(zip(slide.boxes, shot.reveals, strict=True))
        start = slide.base.copy()
        for box, reveal in shown:
            if not reveal:
                start.paste(slide.full.crop(box), box[:2])
        clips = [ImageClip(np.asarray(start), duration=seconds)]
        clips += [
            fading(slide.full.crop(box), box[:2], reveal, FADE) for box, reveal in shown if reveal
        ]
        picture = moving_picture(shot, take.width, height)
        if picture is not None:
            clips.append(picture_clip(picture, shot.length))
        changes = change_points(
            shot.reveals,
            shot.length,
            shot.progress,
            clears=shot.clears,
            captions=[frame for frame, _ in shot.captions],
            beats=shot.beats,
        )
        # Every share of the section that is done, with the frame from which it is.
        done = sorted({state.progress: frame for frame, state in reversed(changes)}.items())
        ends = [frame for _, frame in done[1:]] + [shot.length]
        for (share, frame), end in zip(done, ends, strict=True):
            with DRAW_LOCK:
                bar = draw_progress(
                    shot.page, slide.strip, height, shot.section, take.sections, share
                )
            clips.append(still(bar, (0, 0), frame, end))
        below = caption_box(take.width, height)
        for (frame, words), (end, _) in zip(
            shot.captions, [*shot.captions[1:], (shot.length, "")], strict=False
        ):
            with DRAW_LOCK:
                foot = draw_caption(shot.page, slide.base.crop(below), height, words)
            clips.append(still(foot, below[:2], frame, end))
        clearing = [frame for frame, state in changes if state.cleared]
        if clearing:
            clips.append(fading(slide.blank.crop(slide.body), slide.body[:2], clearing[0], EXIT))
        clip = CompositeVideoClip(clips, (take.width, height), use_bgclip=True)
        return SceneClip(clip.with_duration(seconds), [frame for frame, _ in changes])

    def pictures(self, take: Take) -> Iterator[tuple[int, Plane]]:
        scene = self.scene(take)
        buffer, picture = empty_planes(take.width, take.height)
        before: Plane | None = None
        for frame in scene.changes:
            # Not quite at the edge of a frame, where rounding would decide what is seen.
            shown = scene.clip.get_frame((frame + 1e-3) / FPS).astype(np.uint8)
            if before is None or not np.array_equal(shown, before):
                picture.put(to_planes(Image.fromarray(shown)))
                yield frame, buffer
            before = shown


def picture_clip(picture: MovingPicture, frames: int) -> VideoClip:
    """Return the picture of a slide as a clip, at its place."""
    from moviepy import VideoClip

    def at(seconds: float) -> NDArray[np.uint8]:
        return np.asarray(picture.at(int(seconds * FPS)))

    return VideoClip(at, duration=frames / FPS).with_position(picture.box[:2])
