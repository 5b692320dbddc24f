"""Links from a report's page to artifacts."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from transforms.artifacts.cloud import SCHEME

CONSOLE = "https://storage.cloud.google.com/"
"""Google Cloud page that asks for a login; the bucket need not be public."""


@dataclass(frozen=True)
class Link:
    """A link to an artifact.

    Attributes:
        href: relative or absolute URL.
        playable: the page may embed it; False if it needs a login.
    """

    href: str
    playable: bool


def link(uri: str, folder: Path) -> Link | None:
    """Return the link from a page in `folder` to an artifact; None for unknown address types."""
    if uri.startswith(SCHEME):
        return Link(CONSOLE + quote(uri.removeprefix(SCHEME)), playable=False)
    if "://" in uri or not os.path.isabs(uri):
        return None
    try:
        relative = os.path.relpath(uri, folder)
    except ValueError:  # on another drive
        return Link(Path(uri).as_uri(), playable=True)
    return Link(quote(Path(relative).as_posix()), playable=True)


def vtt_url(vtt: str) -> str:
    """Return WebVTT as a data URL: browsers do not load captions from other local files."""
    return "data:text/vtt;base64," + base64.b64encode(vtt.encode()).decode()
