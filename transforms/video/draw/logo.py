"""Loading of the logo that is drawn on every slide."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from PIL import Image

from transforms.errors import PermanentError

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
"""Formats that are read; Pillow's others include ones that start programs, such as Ghostscript."""

MAX_PIXELS = 16_000_000
"""Larger pictures are rejected: they would take too much memory."""


@lru_cache(maxsize=4)
def load_logo(path: str) -> Image.Image:
    """Load a picture as RGBA, with transparent margins removed.

    Raises:
        PermanentError: the file is not a picture, is too large or entirely transparent.
    """
    try:
        with Image.open(path, formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise PermanentError(
                    f"{path}: the logo has {picture.width}x{picture.height} pixels; "
                    f"use a picture of at most {MAX_PIXELS:,} pixels"
                )
            loaded = picture.convert("RGBA")
    except PermanentError:
        raise
    except MemoryError as error:
        raise PermanentError(f"{path} takes too much memory as a picture") from error
    except Exception as error:  # Pillow raises many kinds for damaged files
        raise PermanentError(
            f"{path} cannot be read as a picture ({', '.join(FORMATS)}): {error}"
        ) from error
    inked = loaded.getchannel("A").getbbox()
    if inked is None:
        raise PermanentError(f"{path} is empty: every pixel of it is transparent")
    return loaded.crop(inked)


def logo_digest(path: str) -> str:
    """Return the SHA-256 (hex) of a valid logo file.

    Raises:
        PermanentError: `load_logo` rejects it.
    """
    load_logo(path)
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
