"""Compare the renderer with MoviePy and with the encoder alone, in one run.

    python -m benchmarks.render [--runs 3] [--excerpt 4] [--json FILE]

All render the same lesson (a minute, six scenes, `benchmarks.lesson`) in turn, so that noise of
the machine affects all. The ratios are the result; their medians are printed.

* *ours*: the whole product, from script and sound to the finished files, with two workers, in a
  process of its own as in production; the start of the process is included.
* *MoviePy*: the lesson as in its documentation (`benchmarks.moviepy_lesson`). It renders every
  frame and takes minutes, so `--excerpt` seconds around a change of scenes are written, and the
  time is scaled to the whole lesson; loading MoviePy is not included.
* *animated*: a lesson of a minute in which pictures move for a third of the time
  (`benchmarks.animated_lesson`); MoviePy composes the same pictures as clips.
* *floor*: libx264 with the settings of the product and every frame already drawn; drawing is not
  included.
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
from benchmarks.animated_lesson import animated_script
from benchmarks.lesson import narrate, narrate_lesson
from benchmarks.quality import ssim
from benchmarks.rendering import render_in_child
from transforms.model import Narration, Script
from transforms.process import child
from transforms.video.encode import encoder
from transforms.video.encode.planes import Plane
from transforms.video.engines.video_engine import VideoSettings
from transforms.video.plan.storyboard import Storyboard, plan
from transforms.video.plan.timeline import FPS
from transforms.video.slides.composer import pictures

SIZES = ((1280, 720), (1920, 1080))
LONGER = (1, 5, 21)
"""Repetitions of the scenes, to measure lessons of up to a quarter of an hour."""
TIMEOUT = 3600.0

Size = tuple[int, int]


def render_lesson(
    script: Script, narration: Narration, audio: Path, settings: VideoSettings, out: Path
) -> dict[str, float]:
    """Render a lesson; return wall and CPU seconds, memory and file size."""
    out.mkdir()
    started = time.perf_counter()
    done = child.call_in_child(
        render_in_child, script, narration, audio, settings, out, timeout=TIMEOUT
    )
    return {
        "wall": time.perf_counter() - started,
        "cpu": done.cpu_seconds,
        "rss_mb": done.value[0],
        "shared_mb": done.value[1],
        "bytes": (out / "video.mp4").stat().st_size,
    }


def floor(frames: Iterator[Plane], size: Size) -> float:
    """Return the CPU seconds to encode frames, excluding the time to draw them."""
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


def drawn_pictures(board: Storyboard, size: Size) -> Iterator[tuple[int, Plane]]:
    """Yield every picture of a lesson with its frame number."""
    for shot in board.shots:
        for frame, plane in pictures(shot, board.sections, *size, clears=shot.clears):
            yield shot.start + frame, plane


def every_frame(board: Storyboard, size: Size) -> Iterator[Plane]:
    """Yield each frame of a lesson, 30 per second."""
    at = 0
    current: Plane | None = None
    for frame, plane in drawn_pictures(board, size):
        while current is not None and at < frame:
            yield current
            at += 1
        current = plane.copy()
    while current is not None and at < board.frames:
        yield current
        at += 1


def similarity(board: Storyboard, size: Size, video: Path) -> float:
    """Return the mean SSIM of every picture in a video against the drawn one."""
    found = []
    with av.open(str(video)) as source:
        seen = source.decode(video=0)
        for frame, plane in drawn_pictures(board, size):
            picture = next(p for p in seen if round(float(p.time) * FPS) == frame)
            found.append(ssim(picture.to_ndarray(), plane, size[1]))
    return sum(found) / len(found)


def measure(size: Size, runs: int, excerpt: float, folder: Path) -> Mapping[str, Any]:
    """Measure one size; return medians over `runs` runs."""
    script, narration = narrate_lesson(folder)
    audio = folder / "narration.m4a"
    seconds = narration.duration
    board = plan(script, narration, seconds)
    change = board.shots[len(board.shots) // 2].start / FPS
    found: dict[str, list[float]] = {}
    for run in range(runs):
        out = folder / f"{size[0]}-{run}"
        row = render_lesson(script, narration, audio, VideoSettings(*size, workers=2), out)
        moviepy = (
            child.call_in_child(
                moviepy_lesson.write, board, audio, size, change - excerpt / 2, excerpt,
                out / "moviepy.mp4", timeout=TIMEOUT,
            ).value * seconds
        )  # fmt: skip
        floor_cpu = floor(every_frame(board, size), size)
        row |= {"moviepy_wall": moviepy, "floor_cpu": floor_cpu}
        row["moviepy_wall_over_ours"] = moviepy / row["wall"]
        row["ours_cpu_over_floor_cpu"] = row["cpu"] / floor_cpu
        for name, value in row.items():
            found.setdefault(name, []).append(value)
    constant = VideoSettings(*size, workers=2, constant_frame_rate=True)
    medians = {name: median(values) for name, values in found.items()}
    constant_cpu = [
        render_lesson(script, narration, audio, constant, folder / f"{size[0]}-c{run}")["cpu"]
        for run in range(runs)
    ]
    return {
        "lesson_seconds": round(seconds, 1),
        "moviepy_wall_over_ours": round(medians["moviepy_wall_over_ours"], 1),
        "ours_cpu_over_floor_cpu": round(medians["ours_cpu_over_floor_cpu"], 3),
        "ssim": round(similarity(board, size, folder / f"{size[0]}-0" / "video.mp4"), 5),
        "peak_rss_mb": round(medians["rss_mb"], 1),
        "of_which_shared_mb": round(medians["shared_mb"], 1),
        "constant_rate_cpu_over_ours": round(median(constant_cpu) / medians["cpu"], 3),
        "ours_wall_seconds": round(medians["wall"], 2),
        "moviepy_wall_seconds": round(medians["moviepy_wall"], 1),
        "ours_cpu_seconds": round(medians["cpu"], 2),
        "floor_cpu_seconds": round(medians["floor_cpu"], 2),
        "megabytes": round(medians["bytes"] / 1e6, 2),
    }


def measure_lengths(folder: Path) -> Mapping[str, Any]:
    """Measure the cost of longer lessons at the smaller size."""
    found = {}
    for times in LONGER:
        place = folder / str(times)
        place.mkdir()
        script, narration = narrate_lesson(place, times)
        settings = VideoSettings(*SIZES[0], workers=2)
        row = render_lesson(script, narration, place / "narration.m4a", settings, place / "out")
        minutes = narration.duration / 60
        found[f"{minutes:.1f} minutes"] = {
            "cpu_seconds_per_minute": round(row["cpu"] / minutes, 2),
            "peak_rss_mb": round(row["rss_mb"], 1),
        }
    return found


def measure_animated(runs: int, excerpt: float, folder: Path) -> Mapping[str, Any]:
    """Measure a lesson whose pictures move, at the smaller size.

    MoviePy composes the same scenes; its excerpt is the middle of the moving frames, where one
    frame costs as much as any other.
    """
    folder.mkdir()
    script, narration = narrate(animated_script(), folder)
    audio, seconds, size = folder / "narration.m4a", narration.duration, SIZES[0]
    board = plan(script, narration, seconds)
    moving = sum(frames for shot in board.shots for _, frames in shot.beats) / FPS
    change = max(board.shots, key=lambda shot: len(shot.beats)).start / FPS + excerpt
    rows, ratios = [], []
    for run in range(runs):
        settings = VideoSettings(*size, workers=2)
        rows.append(render_lesson(script, narration, audio, settings, folder / str(run)))
        moviepy = child.call_in_child(
            moviepy_lesson.write, board, audio, size, change, excerpt, folder / "moviepy.mp4",
            timeout=TIMEOUT,
        ).value * seconds  # fmt: skip
        ratios.append(moviepy / rows[-1]["wall"])
    videos = {
        (folder / str(workers) / "video.mp4").read_bytes()
        for workers in _other_workers(script, narration, folder)
    }
    return {
        "lesson_seconds": round(seconds, 1),
        "moving_seconds_per_minute": round(60 * moving / seconds, 1),
        "moviepy_wall_over_ours": round(median(ratios), 1),
        "ours_wall_seconds": round(median(row["wall"] for row in rows), 2),
        "cpu_seconds_per_minute": round(60 * median(row["cpu"] for row in rows) / seconds, 2),
        "peak_rss_mb": round(median(row["rss_mb"] for row in rows), 1),
        "megabytes": round(rows[-1]["bytes"] / 1e6, 2),
        "same_bytes_for_1_2_3_workers": len(videos) == 1,
    }


def _other_workers(script: Script, narration: Narration, folder: Path) -> Iterator[str]:
    """Render with one, two and three workers; yield the name of each folder."""
    for workers in (1, 2, 3):
        name = f"workers-{workers}"
        settings = VideoSettings(*SIZES[0], workers=workers)
        render_lesson(script, narration, folder / "narration.m4a", settings, folder / name)
        yield name


def main() -> None:
    """Print tables; write JSON if requested."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--runs", type=int, default=3, help="number of runs; medians are printed [default 3]"
    )
    parser.add_argument(
        "--excerpt",
        type=float,
        default=4.0,
        help="seconds of the lesson that MoviePy writes [default 4]",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results to FILE")
    chosen = parser.parse_args()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        for size in SIZES:
            title = "x".join(map(str, size))
            found[title] = measure(size, chosen.runs, chosen.excerpt, Path(name))
            _print(title, found[title])
        found["animated"] = measure_animated(chosen.runs, chosen.excerpt, Path(name) / "animated")
        _print("animated", found["animated"])
        found["lengths"] = measure_lengths(Path(name))
        for title, row in found["lengths"].items():
            _print(title, row)
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n")


def _print(title: str, row: Mapping[str, Any]) -> None:
    print(title, *(f"{name:28} {value:>10}" for name, value in row.items()), sep="\n  ", flush=True)


if __name__ == "__main__":
    main()
