"""Evaluator for the arithmetic of worked examples and of plots; it does not use `eval`."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Collection, Mapping

Number = int | float

_BINARY: Mapping[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_UNARY: Mapping[type[ast.unaryop], Callable[[Number], Number]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_FUNCTIONS: Mapping[str, Callable[..., Number]] = {
    "sqrt": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
    "abs": abs,
    "log10": math.log10,
    "exp": math.exp,
    "round": round,
    "floor": math.floor,
}
_CONSTANTS: Mapping[str, Number] = {"pi": math.pi}
_Evaluate = Callable[[Mapping[str, Number]], Number]
_MAX_LENGTH = 200
_MAX_EXPONENT = 1000  # 9**9**9 would exhaust memory and CPU
_PLACEHOLDER = re.compile(r"\{([^{}:]*)(?::([^{}]*))?\}")


def evaluate(expression: str, values: Mapping[str, Number]) -> Number:
    """Return the value of an arithmetic expression.

    Args:
        expression: ``+ - * / **``, parentheses, numbers, the names in `values`, ``pi``, and
            ``sqrt sin cos abs log10 exp round floor``.
        values: number for each name.

    Raises:
        ValueError: the expression has other syntax, an unknown name or no finite value.
    """
    return compile_expression(expression, values)(values)


def compile_expression(
    expression: str, names: Collection[str]
) -> Callable[[Mapping[str, Number]], Number]:
    """Compile an arithmetic expression into a function of its variables.

    Args:
        expression: as for `evaluate`.
        names: names that the values will have.

    Returns:
        A function of the values; it raises ValueError where there is no finite value.

    Raises:
        ValueError: the expression has other syntax or an unknown name.
    """
    try:
        if len(expression) > _MAX_LENGTH:
            raise ValueError(f"is longer than {_MAX_LENGTH} characters")
        run = _build(ast.parse(expression.strip(), mode="eval").body, names)
    except (RecursionError, SyntaxError, ValueError) as error:
        raise ValueError(f"cannot compute {expression[:80]!r}: {error}") from error

    def value(values: Mapping[str, Number]) -> Number:
        try:
            result = run(values)
        except (ArithmeticError, RecursionError, TypeError, ValueError) as error:
            raise ValueError(f"cannot compute {expression[:80]!r}: {error}") from error
        if not math.isfinite(result):
            raise ValueError(f"cannot compute {expression!r}: the result is not finite")
        return result

    return value


def compute(values: Mapping[str, Number], expressions: Mapping[str, str]) -> dict[str, Number]:
    """Evaluate `expressions` in order and return their results together with `values`.

    An expression may use the results of the expressions before it.

    Raises:
        ValueError: an expression cannot be computed, or a name is defined twice.
    """
    known = dict(values)
    for name, expression in expressions.items():
        if name in known:
            raise ValueError(f"{name!r} is defined twice")
        known[name] = evaluate(expression, known)
    return known


def fill(template: str, values: Mapping[str, Number]) -> str:
    """Replace every ``{name}`` or ``{name:format}`` in `template` with the formatted number.

    Raises:
        ValueError: a name is unknown, a format does not fit numbers, or a brace is unmatched.
    """

    def formatted(match: re.Match[str]) -> str:
        name, spec = match[1], match[2] or ""
        if name not in values:
            raise ValueError(f"unknown name {name!r} in {template!r}")
        return format(values[name], spec)

    filled = _PLACEHOLDER.sub(formatted, template)
    if "{" in filled or "}" in filled:
        raise ValueError(f"unmatched brace in {template!r}")
    return filled


def _build(node: ast.expr, names: Collection[str]) -> _Evaluate:
    """Compile a node of the syntax tree into a function; plots call it for hundreds of values."""
    match node:
        case ast.Constant(value=bool()):
            raise ValueError("True and False are not numbers")
        case ast.Constant(value=int() | float() as number):
            return lambda values: number
        case ast.Name(id=name) if name in names:
            return lambda values: values[name]
        case ast.Name(id=name) if name in _CONSTANTS:
            return lambda values: _CONSTANTS[name]
        case ast.Name(id=name):
            raise ValueError(f"{name!r} is unknown")
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _UNARY:
            turn, inner = _UNARY[type(sign)], _build(operand, names)
            return lambda values: turn(inner(values))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _build_binary(type(op), _build(left, names), _build(right, names))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            function, inners = _FUNCTIONS[name], [_build(each, names) for each in args]
            return lambda values: function(*(inner(values) for inner in inners))
    raise ValueError(f"{type(node).__name__} is not allowed")


def _build_binary(op: type[ast.operator], left: _Evaluate, right: _Evaluate) -> _Evaluate:
    operate = _BINARY[op]
    if op is not ast.Pow:
        return lambda values: operate(left(values), right(values))

    def power(values: Mapping[str, Number]) -> Number:
        a, b = left(values), right(values)
        if abs(b) > _MAX_EXPONENT:
            raise ValueError(f"the exponent is above {_MAX_EXPONENT}")
        result = a**b
        if isinstance(result, complex):
            raise ValueError("the result is not a real number")
        return result

    return power
