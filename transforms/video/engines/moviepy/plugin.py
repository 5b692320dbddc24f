"""Declaration of the MoviePy renderer, and the check of the MoviePy that is installed.

MoviePy 2.2.1 works with the Pillow that Beam needs but declares that it does not, so no resolver
can install both: it is installed by itself, without its dependencies, and checked here.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from transforms.engine_plugin import EnginePlugin

NEEDED = "2.2.1"
"""The only release of MoviePy that is known to work."""


class MoviePyPlugin(EnginePlugin):
    """Declaration that checks the release of MoviePy as well as its modules."""

    def check_installed(self) -> None:
        """Verify that the release of MoviePy that this engine was written for is installed.

        Raises:
            ValueError: it is not; `installation` returns the remedy.
        """
        try:
            found = version("moviepy")
        except PackageNotFoundError:
            raise ValueError("MoviePy is not installed") from None
        if found != NEEDED:
            raise ValueError(f"MoviePy {NEEDED} is needed, {found} is installed")
        missing = [name for name in self.modules if find_spec(name) is None]
        if missing:
            raise ValueError(f"MoviePy lacks {', '.join(missing)}")

    def installation(self) -> str:
        """Return the commands that install MoviePy and what it imports."""
        from transforms.installation import install

        alone = install("--no-deps", f"moviepy=={NEEDED}")
        return f"{super().installation()} && {alone} (docs/video.md)"


PLUGIN = MoviePyPlugin(
    package=__package__,
    engine=".moviepy_engine:MoviePyRenderer",
    modules=("proglog", "decorator", "dotenv", "imageio", "imageio_ffmpeg"),
    extra="moviepy",
)
