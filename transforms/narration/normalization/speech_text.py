"""Text normalization for speech: English text becomes words and plain punctuation.

Numbers, units, formulas, symbols and abbreviations are replaced with words; markup, emoji and
letters of other scripts are removed. A voice would misread or skip them.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

import regex  # type: ignore[import-untyped]

from transforms.maths import number_words
from transforms.maths.free_text import find_formulas
from transforms.maths.markup import replace_marked
from transforms.maths.number_words import LETTER_A
from transforms.maths.number_words import spell as spell_letters
from transforms.maths.speech import speech
from transforms.maths.speech_rules import SIGNS
from transforms.maths.tokens import SUBSCRIPTS, SUPERSCRIPTS
from transforms.maths.tree import Node
from transforms.maths.unit_words import EXPRESSION as UNIT
from transforms.maths.unit_words import unit_name, units
from transforms.narration.normalization import quantity_words

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_TAG = re.compile(
    r"<!--.*?-->|</?[A-Za-z][\w:-]*(?:\s+[\w:-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]+))?)*\s*/?>",
    re.DOTALL,
)
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3}|_{1,3}|~~)(?=\S)(.+?)(?<=\S)\1(?![\w*])")
_LINE_MARK = re.compile(r"^\s*(?:#{1,6}\s+|>\s+|[-*•‣▪]\s+)", re.MULTILINE)

_SUPERSCRIPT_RUN = re.compile(f"[{''.join(SUPERSCRIPTS)}]+")
_SUBSCRIPT_RUN = re.compile(f"[{''.join(SUBSCRIPTS)}]+")
_RAISED: Final = str.maketrans(SUPERSCRIPTS | {"⁻": "-"})
_LOWERED: Final = str.maketrans(SUBSCRIPTS)
_POWER = re.compile(r"\^\s?\{?([^{}^\s]*)\}?")
_SUBSCRIPT = re.compile(r"_\{([^{}]*)\}")
_VULGAR = re.compile(r"(\d?)\s?([¼-¾⅐-⅞↉])")
_FOLDED = re.compile(r"[^¼-¾⅐-⅞↉ℂℕℚℝℤℏ∬∭∯]+")
_REPLACED: Final = str.maketrans(
    {
        "’": "'", "‘": "'", "‛": "'", "′": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
        "‐": "-", "‑": "-", "‒": "–", "―": "—", "℃": "°C", "℉": "°F", "º": "°", "˚": "°",
        "™": None, "®": None, "©": None, "⋅": "·", "∙": "·", "＝": "=", "⟶": "→",
        "➔": "→", "➜": "→", "➡": "→", "⟹": "⇒", "№": "No. ", "∆": "Δ",
    }
)  # fmt: skip
_DIGRAPHS: Final = (
    ("+/-", "±"), ("<=>", "⇔"), ("<->", "↔"), ("->", "→"), ("=>", "⇒"), ("<=", "≤"), (">=", "≥"),
    ("!=", "≠"), ("~=", "≈"), ("...", "…"), ("--", "—"),
)  # fmt: skip

_EMAIL = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+\b")
_URL = re.compile(
    r"(?:https?://|ftp://|www\.)[^\s<>\"]+[^\s<>\".,;:!?)']"
    r"|\b(?:[\w-]{1,63}\.)+(?:com|org|net|edu|gov|io|ai)\b(?:/[^\s<>\"]*[^\s<>\".,;:!?)'])?"
)

_ABBREVIATIONS: Final = {
    "e.g.": "for example", "eg.": "for example", "i.e.": "that is", "ie.": "that is",
    "vs.": "versus", "vs": "versus", "etc.": "et cetera", "cf.": "compare", "et al.": "et al",
    "approx.": "approximately", "p.a.": "per annum",
    "Jr.": "Junior", "Sr.": "Senior", "Inc.": "Incorporated",
    "Ltd.": "Limited", "Corp.": "Corporation", "Dept.": "Department", "w/": "with",
    "w/o": "without", "avg.": "average", "WWI": "World War One", "WWII": "World War Two",
}  # fmt: skip
_KEEPS_STOP: Final = frozenset({"etc.", "Jr.", "Sr.", "Inc.", "Ltd.", "Corp.", "et al.", "avg."})
_TITLES: Final = {
    "Dr": "Doctor", "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "St": "Saint", "Mt": "Mount",
    "Prof": "Professor", "Gen": "General", "Capt": "Captain", "Gov": "Governor", "Sen": "Senator",
    "Pres": "President", "Rev": "Reverend", "Lt": "Lieutenant", "Sgt": "Sergeant",
}  # fmt: skip
_NUMBERED: Final = {
    "No": "number", "no": "number", "Nos": "numbers", "Fig": "Figure", "fig": "figure",
    "Figs": "Figures", "Eq": "Equation", "Ch": "Chapter", "ch": "chapter", "Sec": "Section",
    "Vol": "Volume", "vol": "volume", "p": "page", "pp": "pages", "ca": "about", "c": "about",
    "Jan": "January", "Feb": "February", "Mar": "March", "Apr": "April", "Aug": "August",
    "Sept": "September", "Oct": "October", "Nov": "November", "Dec": "December",
}  # fmt: skip


def _any(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_ABBREVIATION = re.compile(rf"(?<![\w.])(?:{_any(_ABBREVIATIONS)})(?![\w/])")
_TITLE = re.compile(rf"(?<![\w.])({_any(_TITLES)})\.?(?=\s[A-Z])")
_BEFORE_NUMBER = re.compile(rf"(?<![\w.])({_any(_NUMBERED)})\.\s?(?=\d)")
_INITIALS = re.compile(r"(?<![\w.])(?:[A-Za-z]\.){2,}(?!\w)")
_INITIAL = re.compile(r"(?<![\w.'])([B-Z])\.(?=\s+[A-Z](?:[a-z]|\.))")
_JOINED_LETTERS = re.compile(r"\b([A-Z]{1,3})&([A-Z]{1,3})\b")
_MISREAD_ACRONYMS = re.compile(r"(?<![\w-])(LED|EM|AB)(s?)(?![\w-])")

_ROMAN: Final = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_ROMAN_NUMERAL = (
    r"(?=[IVXLC]{1,8}\b)(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?<=[IVXLC])\b(?!\.\w|'(?!s\b))"
)
_ROMAN_COUNT = re.compile(
    r"\b((?i:war|part|chapter|phase|type|class|act|stage|volume|book|section|article|apollo|level"
    r"|unit|prophase|meiosis|photosystem|episode|title|table|figure|season|group|complex|scene"
    rf"|canto|dynasty|annex|appendix|bowl)) ({_ROMAN_NUMERAL})"
)
# Rulers; after most names "I" may be the pronoun.
_ROMAN_REGNAL = re.compile(
    r"\b(Elizabeth|Napoleon|Charles|Pius|Frederick|Nicholas|Darius|Ramses|Francis|Otto|Henry|Louis"
    r"|(?:Edward|George|William|James|Richard|Leo|Philip|Peter|Catherine|Ivan|Alexander|Benedict"
    r"|John|Paul|Gregory|Innocent|Urban|Clement|Boniface|Julius|Sixtus|Alfonso|Alphonse|Ferdinand"
    r"|Carlos|Felipe|Albert|Leopold|Rudolf|Maximilian|Joseph|Franz|Wilhelm|Christian|Gustav|Haakon"
    r"|Harald|Olaf|Mary|Margaret|Isabella|Baldwin|Robert|David|Malcolm|Edmund|Stephen|Henri|Pedro"
    r"|Amenhotep|Thutmose|Ptolemy|Cleopatra|Xerxes|Artaxerxes|Antiochus|Seti|Rameses|Constantine"
    rf"|Theodosius|Justinian|Basil|Michael|Mehmed|Murad|Selim|Victor|Vittorio)(?! I\b))"
    rf" ({_ROMAN_NUMERAL})"
)

_GREEK_WORD = re.compile(r"[Ͱ-Ͽἀ-῿]{3,}")
_GREEK_LETTER = re.compile(r"(?<![Ͱ-Ͽἀ-῿])[Α-Ωα-ωϕϵϑ]{1,2}(?![Ͱ-Ͽἀ-῿])")
_SLASH = re.compile(r"(?<=[A-Za-z])\s?/\s?(?=[A-Za-z])")
_VARIABLE_A = re.compile(
    r"(?<![\w'-])[Aa](?=\s+(?:squared|cubed|equals|times|over|divided by|to the power|yields)\b"
    r"(?!\s+tables?\b)|\s+(?:plus|minus)\s+[a-z])"
    r"|(?<![\w'-])[Aa](?=\s+is\b|\s*(?:[.,;:?!)]|$))"
    r"|(?<=[a-z] )A(?![\w'])"
)
_SIGN = re.compile(f"[^\\S\\n]?[{re.escape(''.join(SIGNS))}][^\\S\\n]?")
_CROSS = re.compile(r"(?<=\d)(?<!\b0)[^\S\n]?[xX][^\S\n]?(?=\d)")
_LIMIT = re.compile(r"\blim\s+([a-z])\s?→\s?([−+-]?(?:\w+|∞)[+−-]?)\s")
_ORBITALS = re.compile(r"(?<!\w)[1-7][spdf]\^\{\d+\}(?:\s?[1-7][spdf]\^\{\d+\})+")
_LETTER_A = re.compile(rf"\b{LETTER_A}\b")
# Signs as they are typed in code and by hand.
_TYPED: Final = (
    (re.compile(r"(?<=[\w)])\s?\*\*\s?(?=[\w(−-])"), "^"),
    (re.compile(r"\bsqrt\s?(?=\()"), "√"),
    (re.compile(r"\bmc2\b"), "mc^{2}"),
    (re.compile(r"(?<=\w) && (?=[\w!(])"), " ∧ "),
    (re.compile(r"(?<=\w) \|\| (?=[\w!(])"), " ∨ "),
    (re.compile(r"(?<![\w)!?])[!~](?=[a-zA-Z]\b|\()"), "¬"),
    (re.compile(r"(?<=[A-Z]) \\ (?=[A-Z]\b)"), " ∖ "),
    (re.compile(r"_\{(\d+)\}\^\{(\d+)\}(?=[A-Z])"), r"^{\2}_{\1}"),
    (re.compile(r"\b([35])'-([35])'(?!\w)"), r"\1' to \2'"),
    (re.compile(r"(?<=[A-Z]{2})/(?=[A-Z]{2})"), " "),
)
_SIMILAR = re.compile(r"(?<=[\w)]) ~ (?=[A-Za-z△∠])")
_MODULO = re.compile(r"(?<=[A-Za-z)]) ?% ?(?=\d|[A-Za-z]\b)|(?<=\d) % (?=\d)")
_BETWEEN_IONS = re.compile(r"(?<=[+-]\})\s?/\s?(?=[A-Z][a-z]?\^)")
_PER = re.compile(rf"(\d\s?{UNIT})\s?/\s?(?=[a-z]{{3,}}\b)")
_PRICE = re.compile(
    r"\b(dollars?|cents?|euros?|pounds?|pence|yen|rupees?)\s?/\s?(?:1 )?([A-Za-z]+)\b"
)
_STRAND = re.compile(r"(?<!\w)([35])'-?([ACGTUacgtu]{2,})-?([35])'(?!\w)")
_DIRECTION = re.compile(
    r"(?<!\w)(?<![\d.])([35])'(?=-|\s(?:to|end|and|cap|carbon|strand|phosphate)\b)"
    r"|(?<=to )([35])'(?!\d)"
)
# A question has its verb before the relation: "Is 5 > 3?"
_ASKING = re.compile(r"(?:^|[.,;:?!] )(?:is|are|was|were)\b[^.,;:?!]*$", re.IGNORECASE)
_UNSPOKEN = re.compile(r"[^A-Za-zÀ-ÖØ-öø-ÿ'.,;:?!—… -]+")
_UNSPOKEN_IN_ANY = regex.compile(r"[^\p{L}\p{M}'.,;:?!—…。、！？，：；؟،।\u200c\u200d -]+")


def _strip_markup(text: str) -> str:
    """Remove markup and normalise variant characters."""
    text = _CONTROL.sub("", html.unescape(text.replace("\r", "\n").replace("\t", " ")))
    text = _TAG.sub(" ", text)
    text = _LINK.sub(r"\1", text)
    text = _LINE_MARK.sub("", text)
    text = _EMPHASIS.sub(r"\2", text).replace("`", " ")
    text = _SUPERSCRIPT_RUN.sub(lambda m: f"^{{{m[0].translate(_RAISED)}}}", text)
    text = _SUBSCRIPT_RUN.sub(lambda m: f"_{{{m[0].translate(_LOWERED)}}}", text)
    # NFKC unifies ligatures, full-width forms and the ohm sign; "…" must not become three dots,
    # and "½" no quotient.
    text = text.translate(_REPLACED).replace("…", "\0")
    text = _FOLDED.sub(lambda m: unicodedata.normalize("NFKC", m[0]), text)
    text = text.replace("\0", "…").replace("µ", "μ")
    text = re.sub(r"\d", lambda m: str(unicodedata.decimal(m[0])), text)
    for digraph, symbol in _DIGRAPHS:
        text = text.replace(digraph, symbol)
    return re.sub(r"\s+", " ", text).strip()


def _vulgar(found: re.Match[str]) -> str:
    value = unicodedata.normalize("NFKC", found[2])
    numerator, _, denominator = value.partition("⁄")
    words = number_words.fraction(int(numerator), int(denominator))
    return f"{found[1]} and {words} " if found[1] else f" {words} "


def _address(found: re.Match[str]) -> str:
    """Return the host of a web or e-mail address as spoken; drop the path."""
    host = re.sub(r"^(?:\w+://)?(?:www\.)?", "", found[0]).split("/")[0].split("?")[0]
    return f" {host.replace('@', ' at ').replace('.', ' dot ')} "


def _abbreviation(found: re.Match[str]) -> str:
    short = found[0]
    last = found.end() == len(found.string)
    return _ABBREVIATIONS[short] + ("." if last and short in _KEEPS_STOP else "")


def _initials(found: re.Match[str]) -> str:
    stop = "." if found.end() == len(found.string) else ""
    return spell_letters(found[0].replace(".", "").upper()) + stop


def _roman(numeral: str) -> int:
    values = [_ROMAN[letter] for letter in numeral]
    following = [*values[1:], 0]
    return sum(
        -value if value < after else value for value, after in zip(values, following, strict=True)
    )


def _numbered(found: re.Match[str]) -> str:
    head, numeral = found.groups()
    # "At this stage I think": after a lower-case word "I" is the pronoun.
    if numeral == "I" and head.islower():
        return found[0]
    return f"{head} {number_words.cardinal(_roman(numeral))}"


def _expand_abbreviations(text: str) -> str:
    text = _EMAIL.sub(_address, text)
    text = _URL.sub(_address, text)
    text = _ABBREVIATION.sub(_abbreviation, text)
    text = re.sub(r"(?<=[a-z])\.(?= [a-z])", "", text)
    text = re.sub(r"(?<=[a-z]) v\. (?=[A-Z])", " versus ", text)
    text = _TITLE.sub(lambda m: _TITLES[m[1]], text)
    text = _BEFORE_NUMBER.sub(lambda m: f"{_NUMBERED[m[1]]} ", text)
    text = re.sub(r"(?<=\b[A-G])#(?!\w)", " sharp", re.sub(r"#(?=\d)", "number ", text))
    text = _JOINED_LETTERS.sub(lambda m: f"{spell_letters(m[1])} and {spell_letters(m[2])}", text)
    text = _INITIALS.sub(_initials, text)
    text = _INITIAL.sub(r"\1", text)
    text = _ROMAN_COUNT.sub(_numbered, text)
    return _ROMAN_REGNAL.sub(lambda m: f"{m[1]} the {number_words.ordinal(_roman(m[2]))}", text)


def _greek(found: re.Match[str]) -> str:
    names = (
        unicodedata.name(each).removesuffix(" SYMBOL").split()[-1].lower() for each in found[0]
    )
    return f" {' '.join('lambda' if name == 'lamda' else name for name in names)} "


def _expand_symbols(text: str, any_script: bool) -> str:
    """Replace Greek letters, slashes, signs and misread acronyms with spoken words."""
    text = text if any_script else _GREEK_WORD.sub(" ", text)
    text = _GREEK_LETTER.sub(_greek, text)
    text = re.sub(r"\band\s?/\s?or\b", "and or", text)
    text = _SLASH.sub(" or ", text)
    text = re.sub(r"\s?&\s?", " and ", text)
    text = re.sub(r"(?<=\w)@(?=\w)|\s@\s", " at ", text)
    text = text.replace("§", " section ").replace("°", " degrees ")
    return _MISREAD_ACRONYMS.sub(lambda m: spell_letters(m[1]) + ("'s" if m[2] else ""), text)


def _keep_speakable(text: str, any_script: bool) -> str:
    """Remove every character that a voice cannot speak, and tidy punctuation."""
    text = re.sub(r"\s?[()\[\]|•]\s?", ", ", text)
    text = re.sub(r"\s[-–]\s|–", " — ", text)
    if any_script:
        text = _UNSPOKEN_IN_ANY.sub(" ", text)
    else:
        text = _UNSPOKEN.sub(" ", re.sub(r"[Ā-ɏḀ-ỿ]", _base_letter, text))
    text = re.sub(r"(?<![A-Za-zÀ-ÿ])'|'(?![A-Za-zÀ-ÿ])", "", text)
    text = re.sub(r"(?<![A-Za-zÀ-ÿ])-+|-+(?![A-Za-zÀ-ÿ])", " ", text)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r" (?=[.,;:?!…])", "", text)
    text = re.sub(r"[,;:—][,;:— ]*(?=[.?!])|^[.,;:?!—… ]+", "", text)
    text = re.sub(r"([,;:])[,;:]+", r"\1", text)
    text = re.sub(r"([.?!])[.,;:]+", r"\1", text)
    text = re.sub(r"(?<=[,;:?!…])(?=[^\W\d_])", " ", text)
    text = _VARIABLE_A.sub(LETTER_A, text.strip())
    return text.rstrip(" ,;:—-") if re.search(r"[^\W\d_]", text) else ""


def _base_letter(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFKD", found[0])[0]


def to_speech(text: str, *, letter_a: str = LETTER_A, any_script: bool = False) -> str:
    """Convert an English text to the words that a voice speaks.

    Args:
        text: a sentence as written; formulas may be marked as LaTeX.
        letter_a: spelling of the letter A, as a voice reads it apart from the article.
        any_script: keep letters of every script, which the offline voice cannot speak.

    Returns:
        Latin letters, spaces and ``' - . , ; : ? ! — …`` only; empty if nothing can be spoken.
    """
    text = _strip_markup(replace_marked(text, _pronounce))
    text = quantity_words.dates(quantity_words.money(_expand_abbreviations(text)))
    for pattern, replacement in _TYPED:
        text = pattern.sub(replacement, text)
    text = _BETWEEN_IONS.sub(" ", _MODULO.sub(" mod ", _SIMILAR.sub(" ∼ ", text)))
    text = _PER.sub(r"\1 per ", text)
    text = _PRICE.sub(lambda m: f"{m[1]} per {unit_name(m[2], one=True) or m[2]}", text)
    text = _speak_formulas(_CROSS.sub(" × ", text))
    text = _speak_signs(units(quantity_words.ranges(text)))
    text = quantity_words.numbers(_VULGAR.sub(_vulgar, text))
    spoken = _keep_speakable(_expand_symbols(text, any_script), any_script)
    return spoken if letter_a == LETTER_A else _LETTER_A.sub(letter_a, spoken)


def _pronounce(node: Node) -> str:
    return f" {speech(node)} "


def _speak_formulas(text: str) -> str:
    """Replace formulas in a text with English words."""
    text = _STRAND.sub(lambda m: f"{m[1]} prime {spell_letters(m[2].upper())} {m[3]} prime", text)
    text = _DIRECTION.sub(lambda m: f"{m[1] or m[2]} prime ", text)
    text = _LIMIT.sub(r"lim_{\1→\2} ", text)
    text = _ORBITALS.sub(_orbitals, text)
    spoken: list[str] = []
    at = 0
    for found in find_formulas(text):
        words = speech(found.node)
        before = text[: found.start]
        if re.search(r"\b(?:points?|coordinates) $", before):
            words = words.removeprefix("the point with ").removeprefix("coordinates ")
        if _ASKING.search(before):
            words = re.sub(r"\b(?:is|are) (?=less|greater|not|approx|prop)", "", words, count=1)
        spoken += [text[at : found.start], f" {words} "]
        at = found.end
    return "".join([*spoken, text[at:]])


def _orbitals(found: re.Match[str]) -> str:
    """Return an electron configuration in words: ``1s² 2s²`` is "one s two, two s two"."""
    shells = re.findall(r"(\d)([spdf])\^\{(\d+)\}", found[0])
    return ", ".join(
        f"{number_words.cardinal(int(n))} {shell} {number_words.cardinal(int(electrons))}"
        for n, shell, electrons in shells
    )


def _speak_signs(text: str) -> str:
    """Replace mathematical signs outside formulas with words."""
    text = _POWER.sub(lambda m: f" to the power of {m[1]} " if m[1] else " ", text)
    text = _SUBSCRIPT.sub(r" \1 ", text)
    return _SIGN.sub(lambda m: f" {SIGNS[m[0].strip()]} ", text)
