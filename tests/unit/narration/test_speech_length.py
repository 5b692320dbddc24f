"""Estimates of how long a text is spoken."""

from __future__ import annotations

import pytest

from transforms.narration.speech_length import is_speakable, plausible_seconds


@pytest.mark.parametrize(
    ("text", "speakable"),
    [("Hi.", True), ("42", True), ("光", True), ("ज़", True), ("🎉🎉", False), ("... — !", False)],
)
def test_letters_and_digits_are_speakable(text: str, speakable: bool) -> None:
    assert is_speakable(text) is speakable


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Plants make sugar out of light, water and air, in their leaves, every day.", 4.3),
        ("The answer is 5.0 m/s², or 18 kilometres per hour.", 4.5),
        ("Photosynthese ist die Erzeugung von Zucker aus Wasser und Kohlendioxid.", 4.9),
        ("植物は光と水と空気から自分の栄養を作ります。", 4.6),
        ("प्रकाश संश्लेषण पौधों में होता है।", 2.6),
        ("1" * 60, 20.0),
        ("<speak><break time='1000s'/>Hi</speak>", 0.4),
        ("x" * 400, 3.0),
        ("Yes.", 0.4),
    ],
    ids=["en", "numbers", "de", "ja", "hi", "digits", "markup", "no word", "short"],
)
def test_usual_speech_is_plausible(text: str, seconds: float) -> None:
    least, most = plausible_seconds(text)
    assert least <= seconds <= most


@pytest.mark.parametrize("share", [0.3, 4.5])
def test_far_too_short_or_long_is_implausible(share: float) -> None:
    least, most = plausible_seconds("Plants make sugar out of light, water and air. " * 3)
    assert not least <= share * 3 * 2.8 <= most


def test_slow_speech_may_take_longer() -> None:
    usual, slow = plausible_seconds("Plants make sugar.", 1.0), plausible_seconds("Plants.", 0.5)
    assert slow[0] < usual[1]
    assert plausible_seconds("Plants make sugar.", 0.5)[0] == pytest.approx(2 * usual[0])
