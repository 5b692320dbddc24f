"""The renderer against its floor: libx264 with the same settings, given every frame already drawn.

    python -m benchmarks.render [--runs 3] [--json FILE]

Both see the same lesson in the same run, in turn, on one thread, so that machine noise hits both.
What counts is the ratio; absolute times are those of this machine at this moment.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from transforms.model import ContentRequest, Narration, Script
from transforms.narration.narrate import narrate
from transforms.narration.offline import OfflineVoice
from transforms.script.offline import OfflineScriptEngine
from transforms.video import encoder
from transforms.video.composer import pictures
from transforms.video.engine import VideoSettings
from transforms.video.planes import Plane
from transforms.video.renderer import SlideRenderer
from transforms.video.storyboard import plan
from transforms.video.timeline import FPS

SIZES = ((1280, 720), (1920, 1080))
QUESTION = "Explain photosynthesis"


def lesson(folder: Path) -> tuple[Script, Narration]:
    """A real lesson, narrated into `folder`."""
    request = ContentRequest("benchmark", "nobody", QUESTION, 9, "benchmark")
    script = OfflineScriptEngine().write(request, timeout=60).script
    narration, _ = narrate(script, OfflineVoice(), folder, timeout=600)
    return script, narration


def ours(script: Script, narration: Narration, audio: Path, size: tuple[int, int]) -> None:
    """Draw, encode, mux, caption: the whole product."""
    with tempfile.TemporaryDirectory() as folder:
        renderer = SlideRenderer(VideoSettings(*size, workers=1))
        renderer.render(script, narration, audio, Path(folder))


def floor(frames: Iterator[Plane], size: tuple[int, int]) -> float:
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


def every_frame(script: Script, narration: Narration, size: tuple[int, int]) -> Iterator[Plane]:
    """Each frame of the lesson, 30 for a second, drawn only where it changes."""
    board = plan(script, narration, narration.duration)
    for index, shot in enumerate(board.shots):
        drawn = pictures(shot, board.sections, *size, clears=index + 1 < len(board.shots))
        pending = next(drawn, None)
        standing: Plane | None = None
        for frame in range(shot.length):
            if pending is not None and pending[0] == frame:
                standing = pending[1].copy()
                pending = next(drawn, None)
            assert standing is not None
            yield standing


def cpu(work: Callable[[], None]) -> tuple[float, float]:
    """Wall and CPU seconds."""
    wall, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - used


def measure(runs: int) -> dict[str, Any]:
    """Medians for each size."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script, narration = lesson(folder)
        audio = folder / "narration.m4a"
        for size in SIZES:
            walls, cpus, floors = [], [], []
            for _ in range(runs):
                wall, used = cpu(lambda size=size: ours(script, narration, audio, size))  # type: ignore[misc]
                walls.append(wall)
                cpus.append(used)
                floors.append(floor(every_frame(script, narration, size), size))
            found["x".join(map(str, size))] = {
                "lesson_seconds": round(narration.duration, 1),
                "ours_wall_seconds": round(statistics.median(walls), 2),
                "ours_cpu_seconds": round(statistics.median(cpus), 2),
                "floor_cpu_seconds": round(statistics.median(floors), 2),
                "ours_cpu_over_floor_cpu": round(
                    statistics.median(a / b for a, b in zip(cpus, floors, strict=True)), 3
                ),
            }
    return found


def main() -> None:
    """Print a table; write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=3, help="medians of so many [default 3]")
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    found = measure(chosen.runs)
    for size, row in found.items():
        print(size, *(f"{name}={value}" for name, value in row.items()), sep="  ")
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
