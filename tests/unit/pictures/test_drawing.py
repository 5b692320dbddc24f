"""Template `drawing`: names are checked against the base drawing, and errors list what exists."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.pictures.samples import LEAF
from transforms.pictures.base_drawings import base_drawing
from transforms.pictures.picture import PictureError, build_picture


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"notes": [{"id": "pores", "at": "petal", "text": "petal"}]}, "`notes.0.at` is no anchor"),
        ({"notes": [{"id": "pores", "at": "close.petal", "text": "p"}]}, "anchors: outer-membrane"),
        ({"notes": [{"id": "pores", "at": "near.blade", "text": "p"}]}, "names no close-up"),
        ({"flows": [{"id": "f", "way": ["sun", "petal"]}], "states": {}}, "`flows.0.way.1` is no"),
        ({"flows": [{"id": "f", "way": ["sun", "close.granum"]}], "states": {}}, "a flow lies in"),
        ({"flows": [{"id": "f", "way": ["sun"]}]}, "flows.0.way"),
        ({"zoom": {"id": "close", "at": "petal", "base": "chloroplast"}}, "`zoom.at` is no anchor"),
        ({"zoom": {"id": "close", "at": "tip", "base": "engine"}}, "Input should be 'animal-cell'"),
        ({"base": "engine"}, "Input should be 'animal-cell'"),
        ({"states": {"see": "highlight petal"}}, "highlight names parts or all; parts: sun"),
        ({"states": {"see": "highlight"}}, "highlight names parts or all"),
        ({"states": {"go": "travel pores"}}, "travel names flows"),
        ({"states": {"go": "travel"}}, "travel names flows"),
    ],
)
def test_unknown_name_is_refused(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(PictureError) as caught:
        build_picture(LEAF | change)
    assert problem in str(caught.value)
    assert not {"petal", "engine"} & set(str(caught.value).replace(",", "").split())


def test_unknown_anchor_lists_the_anchors() -> None:
    with pytest.raises(PictureError) as caught:
        build_picture(LEAF | {"notes": [{"id": "pores", "at": "petal", "text": "petal"}]})
    assert str(caught.value).endswith(", ".join(base_drawing("leaf").anchors))


def test_labels_tell_notes_and_flows() -> None:
    assert list(build_picture(LEAF).labels()) == ["light →", "water →", "stomata", "thylakoid"]
