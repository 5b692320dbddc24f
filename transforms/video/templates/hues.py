"""Colours of base drawings: those of the theme, and natural hues that suit its background."""

from __future__ import annotations

from functools import lru_cache

from transforms.video.draw.design import Colour, Palette, contrast, mix

_ON_LIGHT: dict[str, Colour] = {
    "green": (70, 150, 78),
    "blue": (52, 122, 204),
    "red": (205, 62, 66),
    "yellow": (246, 190, 50),
    "orange": (226, 116, 36),
    "brown": (146, 98, 62),
    "grey": (134, 142, 152),
    "pink": (232, 136, 152),
    "violet": (130, 92, 184),
    "white": (255, 255, 255),
}
_ON_DARK: dict[str, Colour] = {
    "green": (112, 192, 112),
    "blue": (98, 166, 240),
    "red": (238, 108, 108),
    "yellow": (255, 208, 88),
    "orange": (248, 158, 84),
    "brown": (190, 142, 104),
    "grey": (160, 168, 180),
    "pink": (246, 166, 182),
    "violet": (178, 146, 232),
    "white": (240, 242, 246),
}
_TO_ACCENT = 0.08
"""Share of the accent in a natural hue, so that all drawings of a theme belong together."""
_PALE, _SOFT, _DEEP, _DARK = 0.74, 0.42, 0.38, 0.62
_NIGHT: Colour = (14, 18, 34)
"""What shadows are mixed with, on any background."""
_LEGIBLE = 3.3
"""Contrast of the second colour to the background; labels have it too."""


@lru_cache(maxsize=1024)
def hue(name: str, palette: Palette) -> Colour:
    """Return a colour of a drawing by its name, such as ``green`` or ``pale-accent``."""
    shade, _, plain = name.rpartition("-")
    colour = _plain(plain, palette)
    if shade == "pale":
        return mix(colour, palette.background, _PALE)
    if shade == "soft":
        return mix(colour, palette.background, _SOFT)
    if shade == "dark":
        return mix(colour, _NIGHT, _DARK)
    return mix(colour, palette.ink, _DEEP) if shade == "deep" else colour


def _plain(name: str, palette: Palette) -> Colour:
    if name == "second":
        return _second(palette)
    dark = sum(palette.background) < sum(palette.ink)
    natural = (_ON_DARK if dark else _ON_LIGHT).get(name)
    if natural is None:
        colour: Colour = getattr(palette, name)
        return colour
    return natural if name == "white" else mix(natural, palette.accent, _TO_ACCENT)


def _second(palette: Palette) -> Colour:
    """Return the accent with another hue, so far from the background that it can be read."""
    red, green, blue = palette.accent
    colour = (blue, red, green)
    while contrast(colour, palette.background) < _LEGIBLE:
        colour = mix(colour, palette.ink, 0.05)
    return colour
