"""The picture that says whose lessons these are."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from PIL import Image

from transforms.errors import PermanentError

MOST_PIXELS = 16_000_000
"""A larger picture is no logo, and would take too much memory to open."""


@lru_cache(maxsize=4)
def logo(path: str) -> Image.Image:
    """A picture as RGBA, its empty margins cut off.

    Raises:
        PermanentError: it is no picture, or too large.
    """
    try:
        with Image.open(path) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise PermanentError(
                    f"{path}: a logo of {picture.width}x{picture.height} is too large"
                )
            loaded = picture.convert("RGBA")
    except (OSError, Image.DecompressionBombError) as error:
        raise PermanentError(f"{path} cannot be read as a picture: {error}") from error
    inked = loaded.getchannel("A").getbbox()
    if inked is None:
        raise PermanentError(f"{path} is empty: every pixel of it is transparent")
    return loaded.crop(inked)


def digest(path: str) -> str:
    """SHA-256 (hex) of a picture that can be used.

    Raises:
        PermanentError: it cannot be.
    """
    logo(path)
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
