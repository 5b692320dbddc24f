"""Shell commands that install missing packages, for error messages."""

from __future__ import annotations

import json
import shutil
import sys
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path
from shlex import join
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.requirements import Requirement

DISTRIBUTION = "vividly-pipeline"
CHECKOUT = Path(__file__).parents[1]
"""Root of the source checkout, if the package runs from one."""


def install_extra(extra: str) -> str:
    """Return a shell command that installs an extra of this package.

    The package is on no index, so the command names the source it was installed from. If that is
    unknown or gone, as in a container image, the command names the extra's requirements.

    Args:
        extra: name of the extra in setup.py.
    """
    source = _source(extra)
    return install(*source) if source else install(*_requirements(extra))


def install(*arguments: str) -> str:
    """Return a shell command that installs packages into this environment.

    Args:
        arguments: as given to `pip install`.
    """
    pip = shutil.which("pip")
    if pip and Path(pip).parent == Path(sys.executable).parent:
        return join(["pip", "install", *arguments])
    if find_spec("pip"):
        return join([sys.executable, "-m", "pip", "install", *arguments])
    return join(["uv", "pip", "install", "--python", sys.executable, *arguments])


def _source(extra: str) -> list[str]:
    """Return pip arguments that install from the same source; empty if it is unknown or gone."""
    if (CHECKOUT / "setup.py").exists():
        return ["-e", f"{'.' if Path.cwd() == CHECKOUT else CHECKOUT}[{extra}]"]
    origin = json.loads(distribution(DISTRIBUTION).read_text("direct_url.json") or "{}")  # PEP 610
    url = origin.get("url", "")
    parts = urlsplit(url)
    path = Path(url2pathname(parts.path))
    if not url or (parts.scheme == "file" and not path.exists()):
        return []
    if "dir_info" in origin:
        return [f"{path}[{extra}]"]
    version_control = origin.get("vcs_info")
    if version_control:
        url = f"{version_control['vcs']}+{url}@{version_control['commit_id']}"
    if origin.get("subdirectory"):
        url += f"#subdirectory={origin['subdirectory']}"
    return [f"{DISTRIBUTION}[{extra}] @ {url}"]


def _requirements(extra: str) -> list[str]:
    declared = map(Requirement, distribution(DISTRIBUTION).requires or [])
    return [
        f"{each.name}{each.specifier}"
        for each in declared
        if each.marker
        and each.marker.evaluate({"extra": extra})
        and not each.marker.evaluate({"extra": ""})
    ]
