"""Design tokens: colours by subject, sizes of type, spacing.

Lengths are design pixels: a slide is 720 of them high at every resolution.
"""

from __future__ import annotations

from dataclasses import dataclass

from transforms.video.draw.fonts import Style

Colour = tuple[int, int, int]

HEIGHT = 720
MARGIN = 88
CONTENT_TOP = 244
CONTENT_BOTTOM = 608
"""Players draw captions below this line."""
PICTURE_TOP, PICTURE_HEIGHT = 228, 376
"""Room of a picture, which takes the whole width of the content."""
GUTTER = 56
FORMULA_SHARE, DEFINITION_SHARE = 0.46, 0.56
"""Share of the content's height for a formula or a definition with bullets below it."""
PROGRESS_TOP, PROGRESS_HEIGHT, PROGRESS_BOTTOM = 36, 5, 56
PANEL = 368
"""Width of the ornamented panel beside bullets without a visual."""
TITLE_WIDTH, TITLE_HEIGHT, TITLE_LINES = 712, 290, 4
"""Maximum size of a lesson's title; the ornament takes the rest."""
RADIUS = 18
CAPTION_TOP, CAPTION_HEIGHT, CAPTION_WIDTH = 612, 92, 680
"""Area of burned-in captions, centred below the content."""
CAPTION_SIZES = (28, 26, 24, 22, 20, 18)
CAPTION_GROUND, CAPTION_INK = (14, 16, 22), (255, 255, 255)
LOGO_WIDTH, LOGO_HEIGHT, LOGO_BOTTOM = 200, 44, 692
"""Maximum size of a logo, and its lower edge, in the corner below the content."""

TITLE_SIZES = (76, 70, 64, 58, 52, 46, 42, 38)
HEADING_SIZES = (50, 46, 42, 38, 34, 30)
BODY_SIZES = (36, 34, 32, 30, 28, 26, 24, 22)
LEAD_SIZES = (30, 28, 26, 24)
SMALL_SIZES = (28, 26, 24, 22, 20)
FORMULA_SIZES = (60, 54, 48, 42, 36, 30, 26, 22)
LABEL_SIZES = (22, 20)

HEADING = Style(700, display=True)
BODY = Style(430)
STRONG = Style(600)
TITLE_LEADING, LEADING_TIGHT, LEADING = 1.1, 1.16, 1.36


@dataclass(frozen=True)
class Palette:
    """Colours of one slide; every text has a contrast of at least 4.5:1 (WCAG 2.2, AA).

    Attributes:
        background: of the slide.
        surface: cards.
        tint: emphasised cards.
        ink: text.
        muted: secondary text.
        accent: labels, markers, the progress bar.
        on_accent: text on `accent`.
        line: borders and the empty part of the progress bar.
    """

    background: Colour
    surface: Colour
    tint: Colour
    ink: Colour
    muted: Colour
    accent: Colour
    on_accent: Colour
    line: Colour


@dataclass(frozen=True)
class Theme:
    """The two palettes of a subject."""

    name: str
    dark: Palette
    light: Palette


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Return the first colour mixed with `share` (0-1) of the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of two colours, 1-21 (WCAG 2.2, definition of contrast ratio)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Colour) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
              for c in (part / 255 for part in colour)]  # fmt: skip
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def theme(subject: str) -> Theme:
    """Return the theme of a school subject, or the default theme."""
    return THEMES.get(
        subject.strip().lower().replace(" ", "-").replace("_", "-"), THEMES["default"]
    )


def _theme(name: str, night: str, glow: str, paper: str, accent: str) -> Theme:
    """Build a theme from four colours: dark background and accent, light background and accent."""
    dark, bright, light, deep = (_rgb(code) for code in (night, glow, paper, accent))
    white = (255, 255, 255)
    ink = mix(white, bright, 0.05)
    return Theme(
        name,
        Palette(
            background=dark,
            surface=mix(dark, white, 0.08),
            tint=mix(dark, bright, 0.16),
            ink=ink,
            muted=mix(ink, dark, 0.26),
            accent=bright,
            on_accent=dark,
            line=mix(dark, white, 0.2),
        ),
        Palette(
            background=light,
            surface=white,
            tint=mix(light, deep, 0.09),
            ink=dark,
            muted=mix(dark, light, 0.3),
            accent=deep,
            on_accent=white,
            line=mix(light, dark, 0.12),
        ),
    )


def _rgb(code: str) -> Colour:
    return int(code[0:2], 16), int(code[2:4], 16), int(code[4:6], 16)


THEMES = {
    each.name: each
    for each in (
        _theme("physics", "0b1638", "7ea9ff", "f5f7fc", "2b57d9"),
        _theme("chemistry", "05282c", "4fd8c4", "f1f8f7", "0a7068"),
        _theme("biology", "0c2a1a", "8fdc8f", "f3f8f1", "2a7334"),
        _theme("maths", "1d1440", "bda6ff", "f7f5fd", "673cd0"),
        _theme("economics", "142437", "ffc966", "fbf8f1", "8f5600"),
        _theme("earth-science", "2b1710", "ffab7a", "fbf6f2", "a94116"),
        _theme("computing", "0a2029", "62d5f4", "f1f7fa", "0a668a"),
        _theme("history", "331019", "ff9fb0", "fbf4f4", "a3273f"),
        _theme("default", "1a2030", "a4bdf0", "f6f7f9", "3f5b96"),
    )
}
"""Themes by subject."""
