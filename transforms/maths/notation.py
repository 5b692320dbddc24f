"""Converter of free-text tokens to the LaTeX subset that the formula parser reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from transforms.maths.prose_tokens import ProseToken

# A space ends the denominator: "n/2 (a + b)".
_QUOTIENT: Final = re.compile(r"(?<![\w})])([A-Za-z]|\d+)/([A-Za-z]|\d+)\s+(?=\()")


def notation(run: Sequence[ProseToken]) -> str:
    """Return a run of free-text tokens as LaTeX for the formula parser."""
    latex = any(token.kind == "latex" for token in run)
    parts = []
    for index, token in enumerate(run):
        before = run[index - 1] if index else None
        match token.kind:
            case "scientific":
                mantissa, _, power = token.text.lower().partition("e")
                sign = "-" if power[0] in "-−" else ""
                parts.append(rf"{mantissa} \times 10^{{{sign}{power.lstrip('+-−')}}}")
            case "unit":
                parts.append(rf"\unit{{{token.text}}}")
            case "name" | "word":
                parts.append(rf"\text{{{token.text}}}")
            case "product":
                parts.append(" ".join(token.text))
            case "script":
                parts.append(_script(token.text))
            case "number" if before is not None and before.kind in ("letter", "product"):
                parts.append(f"_{{{token.text}}}")
            case "arc":
                parts.append(_arc(token.text))
            case "substance":
                parts.append(rf"\ce{{{token.text}}}")
            case "open" | "close" if token.text in "{}" and not latex:
                parts.append(f"\\{token.text}")
            case "fraction":
                parts.append("".join(token.text.split()))
            case _:
                parts.append(token.text)
    return _QUOTIENT.sub(r"\\frac{\1}{\2} ", "".join(parts))


def _script(text: str) -> str:
    mark, body = text[0], text[1:].strip()
    if mark == "_" and re.fullmatch(r"\{?[A-Za-z_]{2,}\}?", body):
        return rf"_{{\text{{{body.strip('{}').replace('_', ' ')}}}}}"
    if body.startswith("{") or body.endswith("(") or not body:
        return mark + body
    if mark == "^" and re.fullmatch(r"[A-Za-z]{3,}", body):
        return rf"^{{\text{{{body}}}}}"
    exponent = re.match(r"[−-]?(?:\d+(?:\.\d+)?|\w)", body)
    end = exponent.end() if exponent else 0
    return f"{mark}{{{body[:end]}}}{body[end:]}"


def _arc(text: str) -> str:
    numbers = re.findall(r"\d+(?:\.\d+)?", text)
    marks = ("°", "′", "′′")
    return " ".join(number + mark for number, mark in zip(numbers, marks, strict=False))
