"""Digests cover all code that a process has loaded to draw a lesson."""

from __future__ import annotations

import json
import subprocess
import sys

from transforms.process.source_digests import source_digests
from transforms.video.engines.slides.slide_renderer import _DRAWING

_DRAW = """
import json, sys
from tests.unit.pictures.samples import SAMPLES
from tests.unit.video.templates.test_stage import page_of
from transforms.video.encode.encoder import encode
from transforms.video.slides.draw_slide import draw_slide
for sample in SAMPLES.values():
    draw_slide(page_of(sample), 160, 90)
names = ("transforms.pictures.", "transforms.maths.", "transforms.video.templates.")
print(json.dumps([each.__file__ for name, each in sys.modules.items() if name.startswith(names)]))
"""


def test_digests_cover_what_drawing_loads() -> None:
    done = subprocess.run([sys.executable, "-c", _DRAW], capture_output=True, text=True, check=True)
    loaded = {file[file.index("/transforms/") + 1 :] for file in json.loads(done.stdout)}
    digests = source_digests(*_DRAWING)
    assert "transforms/maths/arithmetic.py" in loaded
    assert loaded <= digests.keys()
    assert "transforms/maths/formula.lark" in digests
    assert not any("prices" in name or "ledger" in name for name in digests)
