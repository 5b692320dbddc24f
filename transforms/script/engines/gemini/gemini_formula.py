"""Check that a formula is in the subset of LaTeX that Matplotlib's mathtext can typeset."""

from __future__ import annotations

import re

_SYMBOL = re.compile(
    r"\\(?:cdot|times|div|pm|leq|geq|neq|approx|propto|infty|sum|int|partial|nabla|degree"
    r"|rightarrow|leftrightarrow|rightleftharpoons|sin|cos|tan|log|ln|exp|circ"
    r"|alpha|beta|gamma|delta|epsilon|eta|theta|kappa|lambda|mu|nu|pi|rho|sigma|tau|phi|chi|psi"
    r"|omega|Gamma|Delta|Theta|Lambda|Pi|Sigma|Phi|Psi|Omega)(?![A-Za-z])"
)
_SPACE = re.compile(r"\\(?:quad(?![A-Za-z])|[,;])")
_SIGN = r"A-Za-z0-9+\-=/*().,:!'|<>"
_GROUP = rf"\{{ *[{_SIGN}][{_SIGN} ]*\}}"  # not only spaces, which mathtext cannot typeset
_REDUCIBLE = re.compile(
    rf"\\frac{_GROUP}{_GROUP}|\\sqrt{_GROUP}|\\mathrm\{{ *[A-Za-z0-9][A-Za-z0-9 ]*\}}"
)
_SCRIPTS = re.compile(
    rf"(?<=[A-Za-z0-9)])(?<![_^].)(?:_(?:[A-Za-z0-9]|{_GROUP})(?:\^(?:[A-Za-z0-9]|{_GROUP}))?"
    rf"|\^(?:[A-Za-z0-9]|{_GROUP}))(?![_^])"
)
_REDUCED = re.compile(rf"[{_SIGN} ]+")


def is_supported_formula(formula: str) -> bool:
    """Return True if mathtext can typeset `formula` (LaTeX without dollar signs).

    Innermost constructs are replaced by a letter until only plain characters are left. A formula
    that does not reduce, or has more than 120 characters, is refused.
    """
    if not formula.isascii() or len(formula) > 120:
        return False
    reduced = _SYMBOL.sub("a", _SPACE.sub(" ", formula))
    while (shorter := _SCRIPTS.sub("", _REDUCIBLE.sub("a", reduced))) != reduced:
        reduced = shorter
    return bool(reduced.strip() and _REDUCED.fullmatch(reduced))
