"""Font selection per character: Inter first, then Noto Sans for the script, then fallbacks.

The fonts come from font packages on PyPI (SIL Open Font License), DejaVu Sans with Matplotlib.
System fonts are never used, so a lesson looks the same on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

import regex  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from PIL import ImageFont

from transforms.text.drawable_text import ZWJ, ZWNJ, graphemes
from transforms.text.language import primary_subtag, region_subtag, script_subtag

PACKAGES = ("fontpkg-inter", "manimgx-fonts", "manimgx-fonts-cjk", "matplotlib")
"""Distributions that contain the fonts."""

_SCRIPTS = """
    Arabic Armenian Bengali Devanagari Ethiopic Georgian Gujarati Gurmukhi Hebrew Kannada Khmer
    Lao Malayalam Myanmar Oriya Sinhala Tamil Telugu Thai
""".split()  # noqa: SIM905
_SCRIPT = regex.compile("|".join(rf"(?P<{name}>\p{{scx={name}}})" for name in _SCRIPTS))
_CJK = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Hangul}\u3000-\u303f\ufe30-\ufe4f\uff00-\uffef]"
)
_EMOJI = regex.compile(r"[\p{Emoji_Presentation}\p{Regional_Indicator}\p{Emoji_Modifier}]")
_COMMON = regex.compile(r"[\p{Z}\p{P}\p{Nd}]+\Z")
_JOINERS = frozenset({ZWJ, ZWNJ})
_CJK_FACES = {"ja": 0, "ko": 1, "zh-TW": 3, "zh-HK": 4, "zh-Hant": 3, "zh": 2}
"""Index in the Noto Sans CJK collection, by language; ideographs differ between languages."""
_BOLD_WEIGHT = 700
"""Weight from which a font without a weight axis uses its bold file."""


@dataclass(frozen=True)
class Face:
    """One font in one file.

    Attributes:
        path: the file.
        index: position in a font collection.
        bold_path: bold file of a font without a weight axis.
        with_punctuation: also draw the spaces and punctuation between its letters with it.
    """

    path: str
    index: int = 0
    bold_path: str | None = None
    with_punctuation: bool = True


@dataclass(frozen=True)
class Style:
    """Weight and cut of a font.

    Attributes:
        weight: 100-900 as in CSS.
        display: use the tighter, finer cut for headings.
    """

    weight: int = 400
    display: bool = False


def covers(face: Face, text: str) -> bool:
    """Return True if a font has a glyph for every character of a text."""
    known = _characters(face)
    return all(ord(char) in known for char in text if char not in _JOINERS)


def fallback_runs(text: str, language: str) -> list[tuple[Face, str]]:
    """Split a text into runs of one font each; characters that no font covers are removed.

    Args:
        text: cleaned text.
        language: BCP-47 tag; selects the regional forms of ideographs.
    """
    if text and _only_inter(text):
        return [(_inter(), text)]
    chosen: list[tuple[Face, str]] = []
    face: Face | None = None
    cjk_index = _cjk_index(language)
    for cluster in graphemes(text):
        if _JOINERS.issuperset(cluster):  # a joiner without letters
            continue
        if not (
            face and face.with_punctuation and _COMMON.match(cluster) and covers(face, cluster)
        ):
            found = _face_for(cluster, cjk_index)
            if found is None:
                continue
            face = found
        chosen.append((face, cluster))
    return [
        (face, "".join(cluster for _, cluster in group))
        for face, group in groupby(chosen, key=lambda pair: pair[0])
    ]


def drawable(text: str, language: str) -> str:
    """Return a cleaned text without the characters that no font covers."""
    return "".join(part for _, part in fallback_runs(text, language)).strip()


@lru_cache(maxsize=256)
def load_font(face: Face, size: float, style: Style) -> ImageFont.FreeTypeFont:
    """Load a font at a size and style.

    Args:
        size: pixels per em.
    """
    path = face.bold_path if face.bold_path and style.weight >= _BOLD_WEIGHT else face.path
    loaded = ImageFont.truetype(path, size, index=face.index, layout_engine=ImageFont.Layout.RAQM)
    axes = _axes(face)
    if axes:
        wanted = {"wght": float(style.weight), "opsz": 32.0 if style.display else 18.0}
        loaded.set_variation_by_axes([min(max(wanted[tag], low), high) for tag, low, high in axes])
    return loaded


def versions() -> Mapping[str, str]:
    """Return the versions of the packages that contain the fonts."""
    return {name: version(name) for name in PACKAGES}


def _only_inter(text: str) -> bool:
    """Return True if Inter draws the whole text; this shortcut applies to most texts."""
    known = _characters(_inter())
    return (
        known.issuperset(map(ord, text)) and _JOINERS.isdisjoint(text) and not _EMOJI.search(text)
    )


@cache
def _inter() -> Face:
    return Face(str(package_folder("fontpkg_inter") / "files" / "Inter[opsz,wght].ttf"))


def _face_for(cluster: str, cjk_index: int) -> Face | None:
    for face in _candidates(cluster[0], cjk_index):
        if covers(face, cluster):
            return face
    return None


@lru_cache(maxsize=4096)
def _candidates(char: str, cjk_index: int) -> tuple[Face, ...]:
    """Return the fonts to try for a character, best first."""
    noto, cjk = package_folder("manimgx_fonts"), package_folder("manimgx_fonts_cjk")
    faces = [
        _inter(),
        Face(str(noto / "NotoSans[wght].ttf")),
    ]
    script = _SCRIPT.match(char)
    if script:
        faces.append(Face(str(noto / f"NotoSans{script.lastgroup}[wght].ttf")))
    han = Face(str(cjk / "NotoSansCJK-VF.otf.ttc"), cjk_index)
    if _CJK.match(char):
        faces.append(han)
    emoji = Face(str(noto / "NotoEmoji[wght].ttf"), with_punctuation=False)
    if _EMOJI.match(char):
        faces.insert(0, emoji)
    dejavu = package_folder("matplotlib") / "mpl-data" / "fonts" / "ttf"
    faces += [
        Face(str(noto / "NotoSansSymbols[wght].ttf"), with_punctuation=False),
        Face(
            str(dejavu / "DejaVuSans.ttf"),
            bold_path=str(dejavu / "DejaVuSans-Bold.ttf"),
            with_punctuation=False,
        ),
        emoji,
        han,
    ]
    return tuple(faces)


@cache
def package_folder(name: str) -> Path:
    """Return the folder of an installed package without importing it.

    Raises:
        RuntimeError: the package is not installed.
    """
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"package {name!r}, which carries fonts, is not installed")
    return Path(spec.origin).parent


@cache
def _characters(face: Face) -> frozenset[int]:
    with TTFont(face.path, fontNumber=face.index, lazy=True) as table:
        return frozenset(table.getBestCmap())


@cache
def _axes(face: Face) -> tuple[tuple[str, float, float], ...]:
    with TTFont(face.path, fontNumber=face.index, lazy=True) as table:
        if "fvar" not in table:
            return ()
        return tuple((a.axisTag, a.minValue, a.maxValue) for a in table["fvar"].axes)


def _cjk_index(language: str) -> int:
    primary = primary_subtag(language)
    for key in (f"{primary}-{region_subtag(language)}", f"{primary}-{script_subtag(language)}"):
        if key in _CJK_FACES:
            return _CJK_FACES[key]
    return _CJK_FACES.get(primary, _CJK_FACES["zh"])
