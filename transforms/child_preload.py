"""Modules that the fork server of `transforms.process.child` imports once for all children.

Nothing here may start a thread: forked children would not have it.
"""

from __future__ import annotations

import gc
from contextlib import suppress
from importlib.util import find_spec

import transforms.narration.recording
import transforms.video.engines.slides.slide_renderer  # noqa: F401
from transforms.maths.parser import parse
from transforms.model import Visual
from transforms.video.plan.pages import Page
from transforms.video.slides.draw_slide import draw_slide


def _warm_up() -> None:
    """Load the fonts, matplotlib and the grammars by drawing a text and a formula."""
    parse(r"\ce{H2O}")
    formula = Visual("formula", r"\frac{x}{2}")
    draw_slide(Page("scene", "", "en-US", "x", "x", ("x",), formula), 64, 36)


if find_spec("hibari"):  # the offline voice is an extra
    from transforms.narration.engines.offline.offline_voice import load_voice
    from transforms.process.singletons import process_singleton

    process_singleton(load_voice)

with suppress(Exception):  # a missing font or package fails in the lesson that needs it
    _warm_up()

# Garbage collection in a child would copy every memory page of these objects.
gc.freeze()
