"""The subscription filter language, compiled to a predicate on a message's attributes.

Syntax: https://cloud.google.com/pubsub/docs/subscription-message-filter#filtering_syntax::

    expression = term { "AND" term } | term { "OR" term }
    term       = { "NOT" | "-" } ( "(" expression ")" | condition )
    condition  = "attributes" ":" key
               | "attributes" "." key ( "=" | "!=" ) string
               | "hasPrefix" "(" "attributes" "." key "," string ")"
    key        = letters, digits, "_" and "-", or a string

``AND`` and ``OR`` side by side need parentheses. ``!=`` also matches messages without the key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NoReturn

from pipeline.embedded.pubsub.refusal import invalid

Predicate = Callable[[Mapping[str, str]], bool]

_MAX_BYTES = 256
_TOKEN = re.compile(r'\s*(?:"(?:[^"\\]|\\.)*"|[A-Za-z0-9_-]+|!=|[=:.,()])')
_MINUS = re.compile(r"\s*-")
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|(.))", re.DOTALL
)
_SIMPLE_ESCAPES = dict(zip("abfnrtv\\\"'?", "\a\b\f\n\r\t\v\\\"'?", strict=True))


def compile_filter(text: str) -> Predicate:
    """The predicate that `text` stands for; an empty text matches every message.

    Raises:
        Refused: INVALID_ARGUMENT, naming the place that cannot be read.
    """
    if not text.strip():
        return lambda _: True
    if len(text.encode()) > _MAX_BYTES:
        raise invalid(f"The filter is too long: the maximum is {_MAX_BYTES} bytes.")
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0

    def parse(self) -> Predicate:
        predicate = self._expression()
        if self._text[self._place :].strip():
            self._fail("expected AND, OR or the end")
        return predicate

    def _expression(self) -> Predicate:
        terms = [self._term()]
        operator = None
        while (found := self._peek()) in {"AND", "OR"}:
            if operator not in {None, found}:
                self._fail("AND and OR side by side need parentheses")
            operator = found
            self._next()
            terms.append(self._term())
        if operator is None:
            return terms[0]
        combine = all if operator == "AND" else any
        return lambda attributes: combine(term(attributes) for term in terms)

    def _term(self) -> Predicate:
        negated = False
        while True:
            # A minus binds to what follows it, so it cannot be left to the word's own pattern.
            if minus := _MINUS.match(self._text, self._place):
                self._place = minus.end()
            elif self._peek() == "NOT":
                self._next()
            else:
                break
            negated = not negated
        if self._peek() == "(":
            self._next()
            predicate = self._expression()
            self._expect(")")
        else:
            predicate = self._condition()
        return (lambda attributes: not predicate(attributes)) if negated else predicate

    def _condition(self) -> Predicate:
        if self._peek() == "hasPrefix":
            self._next()
            self._expect("(")
            self._expect("attributes")
            self._expect(".")
            key = self._key()
            self._expect(",")
            prefix = self._string()
            self._expect(")")
            return lambda attributes: key in attributes and attributes[key].startswith(prefix)
        self._expect("attributes")
        separator = self._next()
        if separator == ":":
            key = self._key()
            return lambda attributes: key in attributes
        if separator != ".":
            self._fail("expected ':' or '.' after attributes")
        key = self._key()
        comparison = self._next()
        if comparison not in {"=", "!="}:
            self._fail("expected '=' or '!=' after the key")
        value = self._string()
        if comparison == "=":
            return lambda attributes: attributes.get(key) == value
        return lambda attributes: attributes.get(key) != value

    def _key(self) -> str:
        token = self._next()
        if token.startswith('"'):
            return self._unquote(token)
        if not re.fullmatch(r"[A-Za-z0-9_-]+", token):
            self._fail("expected a key")
        return token

    def _string(self) -> str:
        token = self._next()
        if not token.startswith('"'):
            self._fail("expected a value in double quotes")
        return self._unquote(token)

    def _unquote(self, token: str) -> str:
        def character(match: re.Match[str]) -> str:
            if digits := match[1] or match[2] or match[3]:
                code = int(digits, 16)
            elif match[4]:
                code = int(match[4], 8)
            elif match[5] in _SIMPLE_ESCAPES:
                return _SIMPLE_ESCAPES[match[5]]
            else:
                self._fail(f"unknown escape \\{match[5]}")
            if code > 0x10FFFF:
                self._fail("an escape beyond Unicode")
            return chr(code)

        return _ESCAPE.sub(character, token[1:-1])

    def _peek(self) -> str:
        match = _TOKEN.match(self._text, self._place)
        return match[0].strip() if match else ""

    def _next(self) -> str:
        match = _TOKEN.match(self._text, self._place)
        if match is None:
            self._fail("unexpected end or character")
        self._place = match.end()
        return match[0].strip()

    def _expect(self, token: str) -> None:
        if self._peek() != token:
            self._fail(f"expected {token!r}")
        self._next()

    def _fail(self, why: str) -> NoReturn:
        raise invalid(f"Invalid filter: {why} at character {self._place}: {self._text!r}.")
