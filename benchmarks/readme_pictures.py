"""Make the README's pictures from a finished demo: ``make pictures``.

* ``lesson.webp``: four frames of a video lesson side by side, each in a slide of another kind.
* ``report.webp``: the top of the demo's report in Chromium.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import av
from PIL import Image
from playwright.sync_api import sync_playwright

TITLE = "Photosynthesis for basketball fans"
"""Title of the sample lesson that is shown."""

MOMENTS = ((0, 0.95), (3, 0.95), (5, 0.95), (-1, 0.7))
"""Chapter and fraction of it: title, explanation, worked example, answered quiz."""

STRIP_WIDTH = 1280
GAP = 8
REPORT_SIZE = (1000, 700)
MAX_BYTES = 60_000

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_CUE = re.compile(r"(\d+):(\d+):([\d.]+) --> (\d+):(\d+):([\d.]+)")


def main() -> None:
    """Make both pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("state", type=Path, help="the demo's state folder, with its artifacts")
    parser.add_argument("--output", type=Path, default=Path("docs/pictures"))
    chosen = parser.parse_args()
    chosen.output.mkdir(parents=True, exist_ok=True)
    lesson = find_lesson(chosen.state / "artifacts", TITLE)
    write_webp(make_strip(lesson_frames(lesson)), chosen.output / "lesson.webp")
    write_webp(screenshot(chosen.state / "report.html"), chosen.output / "report.webp")


def find_lesson(artifacts: Path, title: str) -> Path:
    """Return the folder of the video lesson with that title.

    Raises:
        LookupError: the demo has no such lesson.
    """
    for chapters in sorted(artifacts.glob("*/chapters.vtt")):
        if title in chapters.read_text(encoding="utf-8"):
            return chapters.parent
    raise LookupError(f"no lesson in {artifacts} is called {title!r}: run the demo again")


def lesson_frames(lesson: Path) -> list[Image.Image]:
    """Return the frames at `MOMENTS`."""
    text = (lesson / "chapters.vtt").read_text(encoding="utf-8")
    ends = [
        int(hours) * 3600 + int(minutes) * 60 + float(seconds)
        for *_, hours, minutes, seconds in _CUE.findall(text)
    ]
    chapters = list(zip([0.0, *ends], ends, strict=False))
    times = [
        start + fraction * (end - start)
        for (start, end), fraction in ((chapters[number], part) for number, part in MOMENTS)
    ]
    return [frame_at(lesson / "video.mp4", seconds) for seconds in times]


def frame_at(video: Path, seconds: float) -> Image.Image:
    """Return the frame shown at a time of a video."""
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        assert stream.time_base
        container.seek(int(seconds / stream.time_base), stream=stream)
        shown = None
        for frame in container.decode(stream):
            if shown is not None and frame.time is not None and frame.time > seconds:
                break
            shown = frame
        assert shown is not None
        return shown.to_image()


def make_strip(frames: Sequence[Image.Image]) -> Image.Image:
    """Return the frames side by side on a transparent ground."""
    width = (STRIP_WIDTH - GAP * (len(frames) - 1)) // len(frames)
    height = round(width * frames[0].height / frames[0].width)
    strip = Image.new("RGBA", (STRIP_WIDTH, height), (0, 0, 0, 0))
    for number, frame in enumerate(frames):
        small = frame.resize((width, height), Image.Resampling.LANCZOS)
        strip.paste(small, (number * (width + GAP), 0))
    return strip


def screenshot(page_file: Path) -> Image.Image:
    """Return the top of a page as Chromium shows it.

    Raises:
        FileNotFoundError: no Chromium is on the path.
    """
    path = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if path is None:
        raise FileNotFoundError("no Chromium on the path; install it: apt-get install chromium")
    width, height = REPORT_SIZE
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": width, "height": height})
        page.goto(page_file.resolve().as_uri())
        picture = page.screenshot()
        browser.close()
    return Image.open(io.BytesIO(picture))


def write_webp(picture: Image.Image, file: Path) -> None:
    """Write a picture in the best quality that stays below `MAX_BYTES`.

    Raises:
        ValueError: the picture is too large in any quality.
    """
    for quality in (90, 80, 70, 60, 50):
        written = io.BytesIO()
        picture.save(written, "WEBP", quality=quality, method=6)
        if written.tell() < MAX_BYTES:
            file.write_bytes(written.getvalue())
            print(json.dumps({"file": str(file), "bytes": written.tell(), "quality": quality}))
            return
    raise ValueError(f"{file} would have more than {MAX_BYTES} bytes")


if __name__ == "__main__":
    main()
