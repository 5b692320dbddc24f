"""Writer of formulas as spoken English, by the rules of ClearSpeak (ETS, 2016).

Numbers, letters and brackets come out as words: no digit, sign or bracket is left to a voice.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Final

from transforms.maths import number_words
from transforms.maths.chemistry_speech import arrow, species
from transforms.maths.enclosed_speech import big, fence, named_commas
from transforms.maths.shape import (
    derivative,
    is_compound,
    is_integer,
    is_mixed_fraction,
    is_simple,
    negative_integer,
    numbers_of,
    strip_parentheses,
    walk,
)
from transforms.maths.speech_rules import (
    after_quantifier,
    colon,
    is_bound,
    is_ion,
    is_multiplied,
    is_operator,
    is_quotient,
    is_vector,
    upright_words,
)
from transforms.maths.symbols import FUNCTIONS, SYMBOLS
from transforms.maths.tree import (
    Accent,
    Apply,
    Arrow,
    Big,
    Binomial,
    Fence,
    Fraction,
    Function,
    Letter,
    Node,
    Number,
    Product,
    Root,
    Row,
    Script,
    Sign,
    Species,
    Suffix,
    Text,
    Unit,
)
from transforms.maths.unit_words import unit_name

_POWERS: Final = {"2": "squared", "3": "cubed"}
_PRIMES: Final = ("", "prime", "double prime", "triple prime")
_ACCENTS: Final = {"bar": "bar", "hat": "hat", "dot": "dot", "ddot": "double dot", "tilde": "tilde"}
_BASES: Final = ("2", "8", "16")
_SUFFIXES: Final = {"!": "factorial", "%": "percent", "‰": "per thousand"}
_LOGIC: Final = frozenset("∧∨¬⇒⇔∀∃⊻")


def speech(node: Node) -> str:
    """Return a formula as spoken English."""
    nodes = list(walk(node))
    signs = {n.char for n in nodes if isinstance(n, Sign)}
    substances = any(isinstance(n, Species) for n in nodes)
    names = any(isinstance(n, Text) and len(n.text) > 2 for n in nodes)
    logic = bool(signs & _LOGIC) or (
        "→" in signs and all(n.char in "pqrs" for n in nodes if isinstance(n, Letter))
        and not any(isinstance(n, Text | Species | Number | Big) for n in nodes)
    )  # fmt: skip
    said = _Speaker(
        logic=logic,
        reaction=(names and "+" in signs) or substances,
        vectors=any(is_vector(n) for n in nodes),
        intervals=bool(signs & set("∈∉⊂⊆∪∩")) or isinstance(node, Fence),
    )
    words = said.say(node)
    if " mod " in words:
        words = words.replace("is equivalent to", "is congruent to")
    return tidy(words)


def tidy(words: str) -> str:
    """Remove surplus spaces and commas, and each "end root" that nothing follows."""
    words = re.sub(r"\s+", " ", words)
    words = re.sub(r"(?: ?,)+", ",", words).strip(" ,")
    words = re.sub(
        r", end (?:root|absolute value|norm)(?=,? (?:and denominator|close)|$|,? (?:equals|is)\b)",
        "", words,
    )  # fmt: skip
    return words.strip(" ,")


class _Speaker:
    """Speaks the nodes of one formula.

    Args:
        logic: arrows are implications.
        reaction: arrows are those of a reaction.
        vectors: pairs of numbers are vectors.
        intervals: pairs in square brackets are intervals.
    """

    def __init__(self, *, logic: bool, reaction: bool, vectors: bool, intervals: bool) -> None:
        self._logic, self._reaction = logic, reaction
        self._vectors, self._intervals = vectors, intervals

    def say(self, node: Node) -> str:
        """Return a node in English words."""
        match node:
            case Number(text):
                return number_words.written(text)
            case Letter(char):
                return self._letter(char)
            case Sign(char):
                return self._sign(char)
            case Text(text):
                return upright_words(text)
            case Unit(text):
                return unit_name(text, one=False) or number_words.spell(text)
            case Function(name):
                return FUNCTIONS[name]
            case Row(parts):
                return self._row(parts)
            case Product(factors):
                return self._product(factors)
            case Fraction():
                return self._fraction(node)
            case Root(radicand, index):
                return self._root(radicand, index)
            case Script():
                return self._script(node)
            case Suffix():
                return self._suffix(node)
            case Fence():
                return fence(node, self.say, vectors=self._vectors, intervals=self._intervals)
            case Apply(function, argument):
                return self._apply(function, argument)
            case Big():
                return big(node, self.say)
            case Accent(kind, body):
                return self._accent(kind, body)
            case Binomial(above, below):
                return f"{self.say(above)} choose {self.say(below)}"
            case Species():
                return species(node)
            case Arrow():
                return arrow(node)

    def _letter(self, char: str) -> str:
        symbol = SYMBOLS.get(char)
        return symbol.words if symbol else number_words.spell(char)

    def _sign(self, char: str) -> str:
        if char == "→" and (self._logic or self._reaction):
            return "implies" if self._logic else "yields"
        if char in ("|", ":"):
            return "given" if char == "|" else "to"
        if char == "…":
            return "and so on"
        return SYMBOLS[char].words if char in SYMBOLS else char

    def _row(self, parts: Sequence[Node]) -> str:
        words: list[str] = []
        compared = False  # a relation with a verb has been spoken
        for at, part in enumerate(parts):
            said = self._sign_between(parts, at) if isinstance(part, Sign) else self.say(part)
            if isinstance(part, Sign) and said.startswith("is "):
                said = f", which {said}" if compared else said
                compared = True
            words.append(said)
        return " ".join(words)

    def _sign_between(self, parts: Sequence[Node], at: int) -> str:
        """Return the words of an operator in a row, chosen by its neighbours."""
        sign, before = parts[at], parts[at - 1] if at else None
        after = parts[at + 1] if at + 1 < len(parts) else None
        char = sign.char if isinstance(sign, Sign) else ""
        if isinstance(before, Species) and char in "+·":
            return ", plus" if before.charge and char == "+" else {"·": "dot"}.get(char, "plus")
        if char == "−" and (before is None or is_operator(before)):
            return "minus" if len(parts) == 1 else "negative"
        if char == "+" and before is None and len(parts) > 1:
            return "positive"
        if char in ",;":
            return ","
        if char == ":":
            return colon(before, parts[at + 1 :])
        if char == "|" and isinstance(before, Number) and isinstance(after, Number):
            return "divides"
        if char == "…" and before in (None, Sign(",")) and after is not None:
            return "and so on up to"
        if char == "→" and isinstance(before, Letter) and is_bound(after):
            return "approaches"
        if char in "·×" and is_vector(before):
            return "dot" if char == "·" else "cross"
        if char == "∼" and isinstance(after, Apply):
            return "is distributed as"
        if char == "∈" and after_quantifier(before):
            return "in"
        words = self._sign(char)
        return words.removeprefix("is ") if before is None else words

    def _product(self, factors: Sequence[Node]) -> str:
        words = [self.say(factors[0])]
        for before, factor in itertools.pairwise(factors):
            if is_mixed_fraction(before, factor):
                words.append("and")
            elif is_multiplied(before, factor):
                words.append("times")
            words.append(self._unit(before, factor) or self.say(factor))
        return " ".join(words)

    def _unit(self, before: Node, factor: Node) -> str | None:
        """Return the words of a unit after its number; None if the factor is no unit."""
        if isinstance(factor, Unit):
            return unit_name(factor.text, one=before == Number("1"))
        if isinstance(before, Suffix) and before.char == "°" and isinstance(factor, Text):
            return {"C": "Celsius", "F": "Fahrenheit"}.get(factor.text)
        number = before.base if isinstance(before, Script) else before
        if isinstance(factor, Text) and isinstance(number, Number):
            return unit_name(factor.text, one=before == Number("1"))
        return None

    def _fraction(self, node: Fraction) -> str:
        above, below = strip_parentheses(node.above), strip_parentheses(node.below)
        numbers = numbers_of(node)
        if numbers and not is_quotient(node, *numbers):
            return number_words.fraction(*numbers)
        if derived := derivative(above, below):
            kind, function, variable = derived
            of = f" of {self.say(function)}" if function else ""
            respect = f"the {kind}{of} with respect to {self.say(variable)}"
            return respect if function else f"{respect} of"
        if is_simple(above) and is_simple(below):
            return f"{self.say(above)} over {self.say(below)}"
        return f"the fraction with numerator {self.say(above)} and denominator {self.say(below)},"

    def _root(self, radicand: Node, index: Node | None) -> str:
        named = (
            "square"
            if index is None
            else {"2": "square", "3": "cube"}.get(index.text if isinstance(index, Number) else "")
        )
        if named is None and index is not None:
            named = (
                number_words.ordinal(int(index.text))
                if isinstance(index, Number) and is_integer(index)
                else f"{self.say(index)}th"
            )
        end = ", end root," if is_compound(radicand) else ""
        return f"the {named} root of {self.say(radicand)}{end}"

    def _script(self, node: Script) -> str:
        if isinstance(node.base, Function):
            return self._function(node)
        if isinstance(node.base, Number) and isinstance(node.sub, Number) and not node.sup:
            digits = node.base.text
            if node.sub.text in _BASES:
                return f"{number_words.spell(digits)} base {self.say(node.sub)}"
            return f"{self.say(node.base)} base {self.say(node.sub)}"
        if isinstance(node.base, Number | Suffix) and node.primes and not node.sup:
            return f"{self.say(node.base)} {'minutes' if node.primes == 1 else 'seconds'}"
        words = self.say(node.base)
        if (
            isinstance(node.base, Fence)
            and node.base.left == "("
            and isinstance(node.base.body, Row)
        ):
            words = f"open paren {self.say(node.base.body)} close paren"
        if node.primes:
            words += f" {_PRIMES[min(node.primes, 3)]}"
        if node.sub is not None:
            words += f" sub {self.say(node.sub)}{',' if is_compound(node.sub) else ''}"
        if node.sup is not None:
            words += f" {self._power(node.base, node.sup)}"
        return words

    def _power(self, base: Node, sup: Node) -> str:
        if isinstance(sup, Sign):
            return {"∗": "star", "∘": "degrees"}.get(sup.char, self._sign(sup.char))
        if isinstance(sup, Number) and is_integer(sup):
            return _POWERS.get(sup.text) or f"to the {number_words.ordinal(int(sup.text))} power"
        negative = negative_integer(sup)
        if negative == 1 and isinstance(base, Letter) and base.char in "fghFGH":
            return "inverse"
        if negative is not None:
            return f"to the negative {number_words.cardinal(negative)} power"
        if isinstance(base, Letter) and base.char.isupper() and sup in (Letter("T"), Letter("c")):
            return "transpose" if sup == Letter("T") else "complement"
        if sup == Letter("n"):
            return "to the nth power"
        if isinstance(sup, Letter):
            return f"to the {self.say(sup)} power"
        return f"raised to the {self.say(sup)} power"

    def _suffix(self, node: Suffix) -> str:
        words = self.say(node.operand)
        if node.char == "°":
            return f"{words} {'degree' if node.operand == Number('1') else 'degrees'}"
        return f"{words} {_SUFFIXES[node.char]}"

    def _apply(self, function: Node, argument: Node) -> str:
        name = self._function(function)
        inside = argument.body if isinstance(argument, Fence) else argument
        round_or_square = isinstance(argument, Fence) and argument.left in "(["
        if isinstance(argument, Fence) and argument.left == "[" and is_ion(inside):
            return f"{name} of the concentration of {self.say(inside)}"
        if name == "mod":
            return f"mod {self.say(inside)}"
        if isinstance(inside, Row) and Sign(",") in inside.parts and isinstance(function, Function):
            listed = [self.say(part) for part in inside.parts if part != Sign(",")]
            return f"{name} of {' and '.join(listed)}"
        if round_or_square and is_compound(inside, relations=False):
            return f"{name} of open paren {self.say(inside)} close paren"
        said = named_commas(self.say(inside))
        return f"{name} of {said}"

    def _function(self, function: Node) -> str:
        if not isinstance(function, Script) or not isinstance(function.base, Function):
            return self.say(function)
        name = self.say(function.base)
        if function.sub is not None:
            kind = "base" if function.base.name in ("log", "lg") else "sub"
            name += f" {kind} {self.say(function.sub)}"
        if function.sup is not None:
            if negative_integer(function.sup) == 1:
                return f"inverse {name}"
            name += f" {self._power(function.base, function.sup)}"
        return name

    def _accent(self, kind: str, body: Node) -> str:
        said = self.say(body)
        if kind == "vec":
            return f"vector {said}"
        if kind == "underline":
            return said
        if kind == "bar" and isinstance(body, Product):
            return f"line segment {said}"
        return f"{said} {_ACCENTS[kind]}"
