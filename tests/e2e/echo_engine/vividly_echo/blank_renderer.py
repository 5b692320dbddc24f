"""Video engine that writes text files instead of pictures."""

from pathlib import Path

from transforms.model import Narration, Script, Video
from transforms.video.engines.video_engine import ARTIFACTS, VideoSettings


class BlankRenderer:
    """Writes files that hold their own names (the `VideoEngine` port)."""

    name = "blank"

    def __init__(self, settings: VideoSettings) -> None:
        self._settings = settings

    @property
    def identity(self) -> dict[str, str | int | float | None]:
        """Return everything that shapes the picture."""
        return {"version": 1, "width": self._settings.width}

    def check(self) -> str:
        """Return the width of the picture."""
        return f"{self._settings.width} pixels of nothing"

    def render(self, script: Script, narration: Narration, audio: Path, out: Path) -> Video:
        """Write every artifact."""
        for name in ARTIFACTS:
            (out / name).write_text(f"{name}: {script.title}, {self._settings.width}")
        return Video(narration.duration, self._settings.width, self._settings.height, 1, "blank")
