"""Where a page's reader finds an artifact."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from transforms.artifacts.cloud import SCHEME

CONSOLE = "https://storage.cloud.google.com/"
"""Asks the reader to sign in; the bucket need not be public."""


@dataclass(frozen=True)
class Link:
    """A link to an artifact.

    Attributes:
        playable: whether a page may play it where it stands; what needs a login it may not.
    """

    href: str
    playable: bool


def link(uri: str, folder: Path) -> Link | None:
    """The link from a page in `folder`; None when the address is of neither kind of store."""
    if uri.startswith(SCHEME):
        return Link(CONSOLE + quote(uri.removeprefix(SCHEME)), playable=False)
    if "://" in uri or not os.path.isabs(uri):
        return None
    try:
        relative = os.path.relpath(uri, folder)
    except ValueError:  # on another drive
        return Link(Path(uri).as_uri(), playable=True)
    return Link(quote(Path(relative).as_posix()), playable=True)
