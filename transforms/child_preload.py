"""What the fork server of `transforms.process.child` imports, so that no child has to.

Nothing here may start a thread: forked children would not have it.
"""

from __future__ import annotations

import gc
from contextlib import suppress
from importlib.util import find_spec

import transforms.narration.recording
import transforms.video.engines.slide_renderer  # noqa: F401
from transforms.model import Visual
from transforms.video.draw.slides import draw_slide
from transforms.video.plan.pages import Page


def _rehearse() -> None:
    """Draw what takes long the first time: letters, and a formula, for which matplotlib loads."""
    formula = Visual("formula", r"\frac{x}{2}")
    draw_slide(Page("scene", "", "en-US", "x", "x", ("x",), formula), 64, 36)


if find_spec("hibari"):  # the offline voice is an extra
    from transforms.narration.engines.offline_voice import load_voice
    from transforms.process.singletons import process_singleton

    process_singleton(load_voice)

with suppress(Exception):  # the lesson that misses something will say so
    _rehearse()

# All of this stays: a child that looked for garbage in it would copy every page it is on.
gc.freeze()
