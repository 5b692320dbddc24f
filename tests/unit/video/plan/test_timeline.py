"""Tests of `timeline`: when elements appear."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.model import Sentence
from transforms.video.plan.timeline import EXIT, FADE, change_points, reveal_frames, spoken_times


def sentences(*texts: str) -> list[Sentence]:
    return [Sentence(text, 4.0 * i, 4.0 * i + 3.5, 0) for i, text in enumerate(texts)]


NEWTON = sentences(
    "A force is a push or a pull.",
    "When a net force acts, the object accelerates in the direction of the force.",
    "Double the force and the acceleration doubles too.",
    "Double the mass, and the same force gives half the acceleration.",
)


@pytest.mark.parametrize(
    ("texts", "places"),
    [
        (["A push or a pull", "Doubling the mass halves it"], [0, 3]),
        (
            [
                "Force and acceleration point the same way",
                "Double the force and the acceleration doubles",
                "Double the mass and the acceleration halves",
            ],
            [1, 2, 3],
        ),
        (["Something", "else", "entirely", "here"], [0, 1, 2, 3]),
        (["", ""], [0, 2]),
    ],
)
def test_text_appears_with_the_matching_sentence(texts: list[str], places: list[int]) -> None:
    assert spoken_times(texts, NEWTON) == [4.0 * place for place in places]


def test_texts_of_one_sentence_appear_in_order() -> None:
    spoken = sentences("Force is measured in newtons, mass in kilograms.")
    first, second = spoken_times(["Force: newtons", "Mass: kilograms"], spoken)
    assert first == 0.0
    assert 1.0 < second < 3.5


@given(st.lists(st.text(max_size=30), max_size=8), st.lists(st.text(max_size=40), min_size=1))
def test_spoken_times_ascend_within_the_narration(texts: list[str], spoken: list[str]) -> None:
    times = spoken_times(texts, sentences(*spoken))
    assert len(times) == len(texts)
    assert times == sorted(times)
    assert all(0 <= time <= 4.0 * len(spoken) for time in times)


@given(
    st.lists(st.floats(0, 100), max_size=8).map(sorted),
    st.integers(1, 2000),
)
def test_elements_appear_before_the_slide_clears(times: list[float], length: int) -> None:
    frames = reveal_frames(times, length)
    assert list(frames) == sorted(frames)
    assert len(frames) == len(times)
    assert all(frame == 0 or frame + FADE <= length - EXIT for frame in frames)


def test_early_element_is_visible_from_the_beginning() -> None:
    assert reveal_frames([0.3, 5.0], 300) == (0, 146)
    changes = change_points([0, 40], 200, [(0, 0.0)], clears=False)
    assert changes[0][1].shown == (FADE, 0)


def test_change_points_list_only_changed_frames() -> None:
    changes = change_points([20], 300, [(0, 0.0), (100, 0.5)], clears=True)
    frames = [frame for frame, _ in changes]
    assert frames == [0, *range(20, 20 + FADE), 100, *range(300 - EXIT, 300)]
    shown = [state.shown[0] for _, state in changes]
    assert shown == [0, *range(1, FADE + 1), *[FADE] * (1 + EXIT)]
    assert [state.cleared for _, state in changes[-EXIT:]] == list(range(1, EXIT + 1))
    assert [state.progress for _, state in changes if state.progress] == [0.5] * (1 + EXIT)


@given(
    st.lists(st.integers(0, 400), max_size=6).map(sorted),
    st.integers(1, 400),
    st.lists(st.tuples(st.integers(0, 500), st.floats(0, 1)), max_size=6).map(sorted),
    st.booleans(),
)
def test_change_points_start_at_zero_without_repeats(
    reveals: list[int], length: int, progress: list[tuple[int, float]], clears: bool
) -> None:
    changes = change_points(reveals, length, progress, clears=clears)
    frames = [frame for frame, _ in changes]
    assert frames[0] == 0
    assert frames == sorted(set(frames))
    assert frames[-1] < length
    assert all(a[1] != b[1] for a, b in pairwise(changes))
