"""Classifier of free-text tokens by context: operand, operator or word of the sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from transforms.maths.prose_tokens import ProseToken

_RELATIONAL: Final = frozenset("*=≤≥≈≠<>≡∝≪≫≅×÷·+±→∈⇒⇔∧∨∪∩⊂⊆")
OPERANDS: Final = frozenset(
    {"number", "scientific", "hexadecimal", "fraction", "letter", "unit", "script", "superscript",
     "subscript", "close", "suffix", "prime", "product", "name", "arc", "dots",
     "substance"}
)  # fmt: skip
"""Kinds of tokens that are operands."""

PARTS: Final = OPERANDS | {
    "latex", "function", "operator", "big", "prefix", "hyphen", "slash", "bar", "open", "comma",
    "colon", "space",
}  # fmt: skip
"""Kinds of tokens that a formula may have."""

# Words that never are an operand beside an operator.
_NOT_OPERANDS: Final = frozenset(
    {"is", "are", "was", "were", "be", "been", "for", "of", "with", "in", "at", "by", "from", "to"}
    | {"and", "or", "if", "that", "the", "about", "than", "like", "so", "then", "thus", "when"}
    | {
        "where",
        "we",
        "you",
        "it",
        "get",
        "gets",
        "gives",
        "give",
        "means",
        "says",
        "let",
        "because",
    }
    | {"therefore", "hence", "not", "but", "as", "on", "this", "these", "those", "has", "have"}
    | {"an", "do", "does", "can", "its", "their", "your", "our", "find", "solve", "since", "while"}
)
# Short words that are words beside an operator too; others there are products of variables.
_NAMES: Final = frozenset(
    {"pi", "net", "sum", "area", "mass", "time", "work", "heat", "rate", "cost", "size", "pH"}
    | {"one", "two", "ten", "six", "five", "four", "nine", "zero", "cat", "cats", "dog", "dogs"}
    | {"base", "side", "part", "whole", "day", "days", "year", "years", "jobs", "tax", "even"}
    | {"odd", "gas", "acid", "salt", "water", "sun", "air", "ice", "iron", "rust", "fuel", "pay"}
)
_AFTER_NUMBERS: Final = frozenset({"st", "nd", "rd", "th", "am", "pm", "bn", "tn", "x"})
_NEEDS_BRACKET: Final = frozenset(
    {"max", "min", "exp", "sup", "inf", "deg", "dim", "det", "mod", "tan"}
)


def neighbour(tokens: Sequence[ProseToken], index: int, step: int) -> ProseToken | None:
    index += step
    while 0 <= index < len(tokens) and tokens[index].kind == "space":
        index += step
    return tokens[index] if 0 <= index < len(tokens) else None


def classify(tokens: Sequence[ProseToken], index: int) -> ProseToken:
    """Return a token with its kind in context: words beside operators are operands."""
    token = tokens[index]
    before, after = neighbour(tokens, index, -1), neighbour(tokens, index, 1)
    if token.kind == "function":
        return token if _is_applied(tokens, index) else replace(token, kind="other")
    if token.kind == "suffix" and token.text == "!":
        operand = tokens[index - 1] if index else token
        factorial = operand.kind in ("letter", "close") or (
            after is not None and after.kind in ("operator", "close", "slash", "hyphen")
        )
        return token if factorial else replace(token, kind="other")
    if token.kind == "prime":
        letter = index and tokens[index - 1].kind in ("letter", "script")
        follows = tokens[index + 1] if index + 1 < len(tokens) else None
        possessive = follows is not None and follows.kind in ("word", "letter")
        return token if letter and not possessive else replace(token, kind="other")
    if token.kind == "script" and token.text.startswith("_") and index:
        identifier = tokens[index - 1].kind == "word" and len(tokens[index - 1].text) > 2
        return replace(token, kind="other") if identifier else token
    if token.kind == "bar":
        spaced = (
            index
            and tokens[index - 1].kind == "space"
            and after
            and tokens[index + 1].kind == "space"
        )
        return (
            replace(token, kind="other")
            if spaced and not _inside_brackets(tokens, index)
            else token
        )
    if token.kind != "word":
        return token
    if _is_product(token.text, tokens, index, before, after):
        return replace(token, kind="product")
    if token.text.lower() in _NOT_OPERANDS or "'" in token.text:
        return token
    beside = any(
        each is not None
        and ((each.kind == "operator" and each.text in _RELATIONAL) or each.text in "/−")
        for each in (before, after)
    )
    slashes = [each for each in (before, after) if each is not None and each.kind == "slash"]
    if slashes and not (_has_relation(tokens, index) or _is_divided(tokens, index)):
        return token
    return replace(token, kind="name") if beside else token


def _has_relation(tokens: Sequence[ProseToken], index: int) -> bool:
    return any(
        token.kind == "operator" and token.text == "="
        for token in tokens[max(0, index - 30) : index + 30]
    )


def _is_divided(tokens: Sequence[ProseToken], index: int) -> bool:
    """Return True if a slash between spaces divides a word and a number: ``distance / 2``."""
    for step in (-1, 1):
        place = index + 2 * step
        around = tokens[max(0, place - 1) : place + 2]
        if [token.kind for token in around] == ["space", "slash", "space"]:
            other = index + 4 * step
            kinds = ("number", "letter", "close", "open", "fraction")
            return 0 <= other < len(tokens) and tokens[other].kind in kinds
    return False


def _inside_brackets(tokens: Sequence[ProseToken], index: int) -> bool:
    before = [token.kind for token in tokens[:index]]
    return before.count("open") > before.count("close")


def _is_applied(tokens: Sequence[ProseToken], index: int) -> bool:
    """Return True if the name of a function is followed by its argument."""
    name = tokens[index].text
    if name[-1].isdigit():
        return True
    follows = tokens[index + 1] if index + 1 < len(tokens) else None
    if follows is None:
        return False
    if follows.kind == "script" and re.match(r"_[A-Za-z]{2}", follows.text):
        return False  # an identifier: "max_connections"
    if follows.kind in ("script", "superscript", "subscript", "open", "substance"):
        return True
    if name == "mod":
        return follows.kind == "space"
    after = neighbour(tokens, index, 1)
    if after is None or follows.kind != "space" or (name in _NEEDS_BRACKET and name != "tan"):
        return follows.kind in ("number", "letter")
    if after.kind == "letter" and after.text in "aI":
        argument = neighbour(tokens, tokens.index(after, index), 1)
        return argument is None or argument.kind in (
            "operator",
            "slash",
            "hyphen",
            "close",
            "other",
        )
    return after.kind in ("number", "letter", "big", "fraction", "function")


def _is_product(
    word: str,
    tokens: Sequence[ProseToken],
    index: int,
    before: ProseToken | None,
    after: ProseToken | None,
) -> bool:
    """Return True if a short word is a product of variables: the "mc" of ``E = mc²``."""
    if not 2 <= len(word) <= 4 or not word.isascii() or not word.isalpha():
        return False
    lower = word.lower()
    if index > 0 and tokens[index - 1].kind in ("number", "fraction", "script"):
        return len(word) <= 3 and word not in _AFTER_NUMBERS
    if before is not None and before.text in ("△", "∠", "∡"):
        return word.isupper()
    if (lower in _NOT_OPERANDS and lower != "at") or lower in _NAMES:
        return False
    if _is_sole_argument(tokens, index):
        return True
    if re.fullmatch("d[A-Za-z]", word) and _is_differential(tokens, index, before, after):
        return True
    adjacent = tokens[index + 1].kind if index + 1 < len(tokens) else ""
    if adjacent in ("script", "superscript", "subscript"):
        index_of = re.fullmatch(r"_(?:\{.*\}|[A-Za-z0-9]|[a-z]+)", tokens[index + 1].text)
        return not tokens[index + 1].text.startswith("_") or (
            word.isupper() and index_of is not None
        )
    operators = ("operator", "slash", "hyphen", "big")
    follows = before is not None and (before.kind in operators or before.kind == "letter")
    precedes = after is not None and after.kind in operators
    if not (follows or precedes) or re.fullmatch(r"[A-Z][a-z]{2,3}", word):
        return False
    if before is not None and before.kind == "letter" and not before.text.islower():
        return False
    if (
        before is not None
        and before.kind == "letter"
        and index > 1
        and tokens[index - 1].kind == "space"
    ):
        return False
    ends = after is None or after.kind in ("comma", "close") or after.text in ".;:?!"
    vowelless = not re.search(r"[aeiouy]", lower)
    if vowelless or not word.islower():
        return True
    return len(word) == 2 and follows and (precedes or ends)


def _is_sole_argument(tokens: Sequence[ProseToken], index: int) -> bool:
    """Return True if a two-letter word is the whole argument of a function: ``log(ab)``."""
    around = [
        each.kind for each in (*tokens[max(0, index - 2) : index], *tokens[index + 1 : index + 2])
    ]
    return len(tokens[index].text) == 2 and around in (
        ["function", "open", "close"],
        ["letter", "open", "close"],
        ["script", "open", "close"],
    )


def _is_differential(
    tokens: Sequence[ProseToken], index: int, before: ProseToken | None, after: ProseToken | None
) -> bool:
    """Return True if a word is a differential: "dx" of an integral, or a part of "dy/dx"."""
    slash = any(each is not None and each.kind == "slash" for each in (before, after))
    return slash or any(token.text[0] in "∫∬∭∮" for token in tokens[:index])


def is_operand_word(token: ProseToken, run: Sequence[ProseToken]) -> bool:
    """Return True if a word in brackets is an operand of an equation or a probability."""
    opened = max(index for index, each in enumerate(run) if each.kind == "open")
    applied = opened > 0 and run[opened - 1].kind == "letter"
    equation = any(each.kind == "operator" and each.text in "=≈×*÷+" for each in run)
    return equation or (applied and token.text in ("and", "or", "not", "given"))
