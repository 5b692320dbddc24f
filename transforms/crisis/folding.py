"""Normaliser of text for the phrase search: undoes accents, look-alikes and obfuscation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from transforms.text.hidden import without_hidden

# Letters of other scripts that look like Latin ones, and Latin ones without a decomposition.
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһвкмтнαερτοιυκνηωøđłı", "aeopcyxijsdhbkmthaeptoiuknnwodli"
) | {ord("æ"): "ae", ord("œ"): "oe"}
_DIGITS = str.maketrans("013457@$€!|+", "oieastaseiit")
_ELLS = str.maketrans("1!|", "lll")
_APOSTROPHES = re.compile(r"(?<=\w)['’ʼ`´‘](?=\w)")
_SPELLED = re.compile(r"(?<!\w)(?:\w[^\w\n]{1,3}){2,}\w(?!\w)")
_JOINED = re.compile(r"(?<!\S)\w+(?:[-._/\\|~*+]+\w+){2,}(?!\S)")
_MIXED = re.compile(r"(?<![a-z0-9@$€|+])(?=[^\sa-z]*[a-z])[a-z0-9@$€|+]+(?:[!|]+[a-z0-9@$€|+]+)*")
_MASKED = re.compile(r"(?<!\w)\w+[*#%_]+\w+|(?<!\w)\w+[-.,/\\]+\w+")
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_STOP = re.compile(r"[.!?;:\n…。！？¿¡]+")
_OTHER = re.compile(r"[^\w.]+|_+")
_SPACES = re.compile(r"\s+")

_MASKED_WORDS = """
kill killing kills killed suicide suicidal die dying dead murder hang cut cutting harm rape raped
raping abuse abused molest molested sex nudes starve suicidio suicidarme matarme matar morir violo
violar selbstmord suizid umbringen toten sterben ritzen suicider mourir tuer viol viole violee
"""


def foldings(text: str) -> Iterator[str]:
    """Yield each plausible normalised reading of a text: lower case, no accents, no punctuation.

    Words are separated by one space and sentences by `` . ``. Further readings follow if letters
    are replaced ("k1ll"), masked ("k*ll"), spelled out ("k i l l") or stretched ("diiie").
    """
    plain = _base(text)
    readings = [plain]
    if _SPELLED.search(plain):
        readings.append(_SPELLED.sub(lambda found: re.sub(r"[^\w]", "", found[0]), plain))
    if _JOINED.search(plain):
        readings.append(_JOINED.sub(lambda found: re.sub(r"[\W_]+", " ", found[0]), plain))
    readings += [_MASKED.sub(_unmasked, each) for each in readings if _MASKED.search(each)]
    seen = set()
    for reading in readings:
        for decoded in (_MIXED.sub(_decoded, reading), _MIXED.sub(_decoded_ells, reading)):
            words = _words(decoded)
            for folded in (words, _STRETCHED.sub(r"\1\1", words), _STRETCHED.sub(r"\1", words)):
                if folded not in seen:
                    seen.add(folded)
                    yield folded


def _base(text: str) -> str:
    shown = without_hidden(unicodedata.normalize("NFKC", text)).casefold()
    bare = "".join(
        letter
        for letter in unicodedata.normalize("NFD", shown)
        if unicodedata.category(letter) not in ("Mn", "Cf")
    )
    return _APOSTROPHES.sub("", bare.translate(_LOOKALIKES))


def _words(text: str) -> str:
    parted = _OTHER.sub(" ", _STOP.sub(" . ", text))
    return _SPACES.sub(" ", parted).strip()


def _decoded(found: re.Match[str]) -> str:
    word = found[0]
    if word in ("h8", "h8te"):
        return "hate"
    return word if word.isalpha() else word.translate(_DIGITS)


def _decoded_ells(found: re.Match[str]) -> str:
    return found[0].translate(_ELLS).translate(_DIGITS)


def _unmasked(found: re.Match[str]) -> str:
    """Return the listed word that a masked one ("k*ll") stands for; the match if there is none."""
    pattern = re.compile(re.sub(r"[*#%_]", "[a-z]", re.sub(r"[-.,/\\]", "", found[0])))
    for word in _MASKED_WORDS.split():
        if pattern.fullmatch(word):
            return word
    return found[0]
