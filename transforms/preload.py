"""What the fork server of `transforms.child` imports, so that no child has to.

Nothing here may start a thread: forked children would not have it.
"""

from __future__ import annotations

import gc
from contextlib import suppress
from importlib.util import find_spec

import transforms.narration.narrate
import transforms.video.renderer  # noqa: F401
from transforms.model import Visual
from transforms.video.pages import Page
from transforms.video.slides import draw_slide


def _rehearse() -> None:
    """Draw what takes long the first time: letters, and a formula, for which matplotlib loads."""
    formula = Visual("formula", r"\frac{x}{2}")
    draw_slide(Page("scene", "", "en-US", "x", "x", ("x",), formula), 64, 36)


if find_spec("hibari"):  # the offline voice is an extra
    from transforms.narration.offline import load
    from transforms.once import once

    once(load)

with suppress(Exception):  # the lesson that misses something will say so
    _rehearse()

# All of this stays: a child that looked for garbage in it would copy every page it is on.
gc.freeze()
