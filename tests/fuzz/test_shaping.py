"""Any text fits its box, in any language, without an error of the drawing libraries."""

from __future__ import annotations

from hypothesis import strategies as st
from PIL import Image

from tests.fuzz.fuzz import fuzz
from tests.fuzz.texts import texts
from transforms.video.draw.typeset import Typesetter, draw_block

SIZES = (40, 30, 22)
boxes = st.tuples(
    texts,
    st.integers(30, 700),
    st.integers(60, 300),
    st.sampled_from(["en-US", "ar", "he", "ja-JP", "hi", "th", "xx"]),
    st.booleans(),
)


@fuzz(boxes, count=100)
def test_text_fits_its_box(drawn):
    text, width, height, language, balance = drawn
    block = Typesetter(language).fit(text, width, height, SIZES, balance=balance)
    assert block.height <= height or len(block.lines) == 1
    image = Image.new("RGB", (width, height))
    draw_block(image, block, (0, 0, width, height), (255, 255, 255))
    for line in block.lines:
        assert line.width <= width + 1 or len(line.text) <= 3
