"""The renderer against MoviePy, and against the encoder's own floor, in one run.

    python -m benchmarks.render [--runs 3] [--excerpt 4] [--json FILE]

All see the same lesson (a minute, six scenes, `benchmarks.lesson`) in turn, so that the noise of
the machine hits all; what counts are the ratios, of which medians are printed.

* *ours*: the whole product, from script and sound to the finished files, with two workers, in a
  process of its own as in production; its start counts.
* *MoviePy*: the lesson as its documentation shows (`benchmarks.moviepy_lesson`). It works frame by
  frame and takes minutes for a minute, so part of the lesson around a change of scenes is written,
  `--excerpt` seconds, and the time is scaled to the whole; loading MoviePy does not count.
* *floor*: libx264 with the settings of the product, given every frame already drawn; drawing them
  does not count.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import av

from benchmarks import moviepy_lesson
from benchmarks.lesson import narrated
from benchmarks.quality import ssim
from benchmarks.rendering import ours
from transforms.model import Narration, Script
from transforms.process import child
from transforms.video.draw.composer import pictures
from transforms.video.encode import encoder
from transforms.video.encode.planes import Plane
from transforms.video.engines.video_engine import VideoSettings
from transforms.video.plan.storyboard import Storyboard, plan
from transforms.video.plan.timeline import FPS

SIZES = ((1280, 720), (1920, 1080))
LONGER = (1, 5, 21)
"""How often the scenes are told, to see what a lesson of up to a quarter of an hour costs."""
TIMEOUT = 3600.0

Size = tuple[int, int]


def rendered(
    script: Script, narration: Narration, audio: Path, settings: VideoSettings, out: Path
) -> dict[str, float]:
    """Wall and CPU seconds and memory of a rendering."""
    out.mkdir()
    started = time.perf_counter()
    done = child.call_in_child(ours, script, narration, audio, settings, out, timeout=TIMEOUT)
    return {
        "wall": time.perf_counter() - started,
        "cpu": done.cpu_seconds,
        "rss_mb": done.value[0],
        "shared_mb": done.value[1],
        "bytes": (out / "video.mp4").stat().st_size,
    }


def floor(frames: Iterator[Plane], size: Size) -> float:
    """CPU seconds to encode frames, not counting what it takes to draw them."""
    context = av.CodecContext.create("libx264", "w")
    encoder.configure(context, *size)
    used = 0.0
    for number, plane in enumerate(frames):
        picture = av.VideoFrame.from_numpy_buffer(plane, "yuv420p")
        picture.pts, picture.time_base = number, Fraction(1, FPS)
        started = time.process_time()
        context.encode(picture)
        used += time.process_time() - started
    started = time.process_time()
    context.encode(None)
    return used + time.process_time() - started


def drawn(board: Storyboard, size: Size) -> Iterator[tuple[int, Plane]]:
    """Every picture of a lesson as it is drawn, with its frame."""
    for shot in board.shots:
        for frame, plane in pictures(shot, board.sections, *size, clears=shot.clears):
            yield shot.start + frame, plane


def every_frame(board: Storyboard, size: Size) -> Iterator[Plane]:
    """Each frame of a lesson, 30 for a second."""
    at = 0
    standing: Plane | None = None
    for frame, plane in drawn(board, size):
        while standing is not None and at < frame:
            yield standing
            at += 1
        standing = plane.copy()
    while standing is not None and at < board.frames:
        yield standing
        at += 1


def similarity(board: Storyboard, size: Size, video: Path) -> float:
    """Mean SSIM of every picture in a video against the drawing that it was made from."""
    found = []
    with av.open(str(video)) as source:
        seen = source.decode(video=0)
        for frame, plane in drawn(board, size):
            picture = next(p for p in seen if round(float(p.time) * FPS) == frame)
            found.append(ssim(picture.to_ndarray(), plane, size[1]))
    return sum(found) / len(found)


def measure(size: Size, runs: int, excerpt: float, folder: Path) -> Mapping[str, Any]:
    """One size: medians of so many runs."""
    script, narration = narrated(folder)
    audio = folder / "narration.m4a"
    seconds = narration.duration
    board = plan(script, narration, seconds)
    change = board.shots[len(board.shots) // 2].start / FPS
    found: dict[str, list[float]] = {}
    for run in range(runs):
        out = folder / f"{size[0]}-{run}"
        row = rendered(script, narration, audio, VideoSettings(*size, workers=2), out)
        moviepy = (
            child.call_in_child(
                moviepy_lesson.write, board, audio, size, change - excerpt / 2, excerpt,
                out / "moviepy.mp4", timeout=TIMEOUT,
            ).value * seconds
        )  # fmt: skip
        least = floor(every_frame(board, size), size)
        row |= {"moviepy_wall": moviepy, "floor_cpu": least}
        row["moviepy_wall_over_ours"] = moviepy / row["wall"]
        row["ours_cpu_over_floor_cpu"] = row["cpu"] / least
        for name, value in row.items():
            found.setdefault(name, []).append(value)
    constant = VideoSettings(*size, workers=2, constant_frame_rate=True)
    settled = {name: median(values) for name, values in found.items()}
    strict = [
        rendered(script, narration, audio, constant, folder / f"{size[0]}-c{run}")["cpu"]
        for run in range(runs)
    ]
    return {
        "lesson_seconds": round(seconds, 1),
        "moviepy_wall_over_ours": round(settled["moviepy_wall_over_ours"], 1),
        "ours_cpu_over_floor_cpu": round(settled["ours_cpu_over_floor_cpu"], 3),
        "ssim": round(similarity(board, size, folder / f"{size[0]}-0" / "video.mp4"), 5),
        "peak_rss_mb": round(settled["rss_mb"], 1),
        "of_which_shared_mb": round(settled["shared_mb"], 1),
        "constant_rate_cpu_over_ours": round(median(strict) / settled["cpu"], 3),
        "ours_wall_seconds": round(settled["wall"], 2),
        "moviepy_wall_seconds": round(settled["moviepy_wall"], 1),
        "ours_cpu_seconds": round(settled["cpu"], 2),
        "floor_cpu_seconds": round(settled["floor_cpu"], 2),
        "megabytes": round(settled["bytes"] / 1e6, 2),
    }


def lengths(folder: Path) -> Mapping[str, Any]:
    """What longer lessons cost, at the smaller size."""
    found = {}
    for times in LONGER:
        place = folder / str(times)
        place.mkdir()
        script, narration = narrated(place, times)
        settings = VideoSettings(*SIZES[0], workers=2)
        row = rendered(script, narration, place / "narration.m4a", settings, place / "out")
        minutes = narration.duration / 60
        found[f"{minutes:.1f} minutes"] = {
            "cpu_seconds_per_minute": round(row["cpu"] / minutes, 2),
            "peak_rss_mb": round(row["rss_mb"], 1),
        }
    return found


def main() -> None:
    """Print tables; write JSON where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3, help="medians of so many [default 3]")
    parser.add_argument(
        "--excerpt", type=float, default=4.0, help="seconds that MoviePy writes [default 4]"
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        for size in SIZES:
            title = "x".join(map(str, size))
            found[title] = measure(size, chosen.runs, chosen.excerpt, Path(name))
            _print(title, found[title])
        found["lengths"] = lengths(Path(name))
        for title, row in found["lengths"].items():
            _print(title, row)
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n")


def _print(title: str, row: Mapping[str, Any]) -> None:
    print(title, *(f"{name:28} {value:>10}" for name, value in row.items()), sep="\n  ", flush=True)


if __name__ == "__main__":
    main()
