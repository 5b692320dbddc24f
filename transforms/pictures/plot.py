"""Template `plot`: curves, points that are computed on them, and one parameter that changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from math import inf, isfinite, nan
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from transforms.maths.arithmetic import compile_expression
from transforms.pictures.quantities import Number, same, show_number
from transforms.pictures.template import Hue, Label, Name, Part, Template

SAMPLES = 400
Point = tuple[float, float]
Expression = Annotated[str, StringConstraints(min_length=1, max_length=120)]


class Curve(Part):
    """A curve: an expression over ``x`` and the parameter, from `start` to `end` of the axis."""

    id: Name
    label: Label
    y: Expression
    start: Number | None = None
    end: Number | None = None
    hue: Hue | None = None


class Points(Part):
    """Points that are computed: roots or the turning point of a curve, or where two curves meet.

    Attributes:
        x: where the points of the kind ``at`` stand, whose y is computed.
        stated: their x that the writer states, or the y of the kind ``at``; they must equal the
            computed ones.
    """

    STATED: ClassVar[frozenset[str]] = frozenset({"stated"})

    id: Name
    kind: Literal["roots", "turn", "meet", "at"]
    of: Annotated[tuple[Name, ...], Field(min_length=1, max_length=2)]
    label: Label = ""
    x: Annotated[tuple[Number, ...], Field(max_length=6)] = ()
    stated: Annotated[tuple[Number, ...], Field(max_length=6)] | None = None


class Data(Part):
    """Measured or given points, each with its x and y."""

    id: Name
    label: Label = ""
    at: Annotated[tuple[tuple[Number, Number], ...], Field(min_length=1, max_length=16)]


class Parameter(Part):
    """The parameter: its name in the expressions, its value at the start, whether it is shown."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-wyz]$")]
    start: Number
    shown: bool = True


class Axis(Part):
    """An axis: what it shows, and its range.

    Without numbers, only the shape counts; without a label as well, the axis is not drawn.
    """

    label: Label = ""
    low: Number
    high: Number
    numbers: bool = True


class Plot(Template):
    """Curves over two axes; the state ``sweep c=4`` moves the parameter."""

    VERBS: ClassVar[dict[str, float]] = {"sweep": 1.6}

    template: Literal["plot"]
    x: Axis
    y: Axis
    curves: Annotated[tuple[Curve, ...], Field(min_length=1, max_length=3)]
    points: Annotated[tuple[Points, ...], Field(max_length=3)] = ()
    data: Annotated[tuple[Data, ...], Field(max_length=2)] = ()
    parameter: Parameter | None = None

    def elements(self) -> Sequence[str]:
        shown = [*(curve.id for curve in self.curves), *(points.id for points in self.points)]
        return [*shown, *(data.id for data in self.data)]

    def labels(self, language: str = "en") -> Iterator[str]:
        for curve in self.curves:
            yield curve.label
        value = self.value(self.at_end())
        for points in self.points:
            places = self.places(points, value) if self.read else ()
            yield " ".join(filter(None, (points.label, *(at(p, language) for p in places))))
        yield from filter(None, (*(d.label for d in self.data), self.x.label, self.y.label))

    @property
    def read(self) -> bool:
        """Whether both axes have numbers at which points are read."""
        return self.x.numbers and self.y.numbers

    def value(self, shown: dict[str, float]) -> float:
        """Return the parameter while its states are shown as far as told."""
        value = self.parameter.start if self.parameter else 0.0
        for name in self.states:
            value += (self._target(name) - value) * shown.get(name, 0.0)
        return value

    def function(self, curve: Curve) -> Callable[[float, float], float]:
        """Return y of a curve as a function of x and the parameter; NaN where it has none."""
        return _function(curve.y, self.parameter.name if self.parameter else "")

    def sample(self, curve: Curve, value: float) -> Sequence[Point]:
        """Return evenly spaced points of a curve, without those that it lacks."""
        name = self.parameter.name if self.parameter else ""
        return _sample(curve.y, name, value, *self._extent(curve))

    def places(self, points: Points, value: float) -> list[Point]:
        """Return the computed points inside the axes, from left to right."""
        curves = [curve for name in points.of for curve in self.curves if curve.id == name]
        y = self.function(curves[0])
        if points.kind == "turn":
            return self._inside(self._turns(curves[0], value))
        if points.kind == "at":
            return [(x, round(at, 6) + 0.0) for x in points.x if isfinite(at := y(x, value))]
        base = self.function(curves[1]) if points.kind == "meet" else lambda x, value: 0.0

        def gap(x: float) -> float:
            return y(x, value) - base(x, value)

        samples = [(x, at_x - base(x, value)) for x, at_x in self.sample(curves[0], value)]
        tiny = 1e-9 * max(1.0, *(abs(g) for _, g in samples))
        found = [x for x, g in samples if abs(g) <= tiny]
        found += [
            _bisect(gap, a, b)
            for (a, one), (b, other) in pairwise(samples)
            if one * other < 0 and abs(one) > tiny and abs(other) > tiny
        ]
        return self._inside([(x, y(x, value)) for x in sorted(found)])

    def _turns(self, curve: Curve, value: float) -> list[Point]:
        samples = self.sample(curve, value)
        y = self.function(curve)
        found = []
        for (a, before), (_, middle), (b, after) in zip(
            samples, samples[1:], samples[2:], strict=False
        ):
            if (middle - before) * (after - middle) <= 0 and before != after:
                sign = 1 if middle >= max(before, after) else -1
                x = _highest(lambda x, sign=sign: sign * y(x, value), a, b)  # type: ignore[misc]
                found.append((x, y(x, value)))
            elif before == after and middle != before:
                found.append(((a + b) / 2, middle))
        return found

    def _inside(self, points: Sequence[Point]) -> list[Point]:
        kept: list[Point] = []
        for x, y in points:
            near = (self.x.high - self.x.low) / SAMPLES
            if self.y.low <= y <= self.y.high and (not kept or x - kept[-1][0] > near):
                kept.append((round(x, 6) + 0.0, round(y, 6) + 0.0))
        return kept

    def problems(self) -> Iterator[str]:
        if self.x.high <= self.x.low or self.y.high <= self.y.low:
            yield "an axis must end above its start"
            return
        ids = {curve.id for curve in self.curves}
        for curve in self.curves:
            try:
                self.function(curve)
            except ValueError:
                yield "a curve must be an expression of x, numbers, + - * / ** and the parameter"
                return
        x, y = self.x, self.y
        given = [point for data in self.data for point in data.at]
        if not all(x.low <= a <= x.high and y.low <= b <= y.high for a, b in given):
            yield "a point of the data lies beyond the axes"
        for name in self.states:
            if self._target(name) == inf:
                yield "sweep names the parameter and its value, as in c=4"
                return
        if any(self._extent(curve)[0] >= self._extent(curve)[1] for curve in self.curves):
            yield "a curve must end above its start, and within the axes"
            return
        if not any(self._visible(curve) for curve in self.curves):
            yield "no curve lies within the axes"
            return
        for points in self.points:
            if not set(points.of) <= ids or len(points.of) != (2 if points.kind == "meet" else 1):
                yield "points are of one curve, or of the two that meet"
                return
            places = self.places(points, self.parameter.start if self.parameter else 0.0)
            found = sorted(y if points.kind == "at" else x for x, y in places)
            if points.stated is not None and not (
                len(places) == len(points.stated) and all(map(same, sorted(points.stated), found))
            ):
                yield "the stated points differ from the computed ones"

    def _extent(self, curve: Curve) -> tuple[float, float]:
        low = self.x.low if curve.start is None else max(self.x.low, curve.start)
        high = self.x.high if curve.end is None else min(self.x.high, curve.end)
        return low, high

    def _visible(self, curve: Curve) -> bool:
        samples = self.sample(curve, self.parameter.start if self.parameter else 0.0)
        return sum(self.y.low <= y <= self.y.high for _, y in samples) > SAMPLES / 20

    def _target(self, state: str) -> float:
        _, arguments = self.verb(state)
        name, _, number = "".join(arguments).partition("=")
        try:
            return float(number) if self.parameter and name == self.parameter.name else inf
        except ValueError:
            return inf


@lru_cache(maxsize=64)  # frames of a motion ask again and again
def _function(expression: str, parameter: str) -> Callable[[float, float], float]:
    evaluate = compile_expression(expression, {"x", parameter} - {""})

    def y(x: float, value: float) -> float:
        try:
            return evaluate({"x": x, parameter: value})
        except ValueError:
            return nan

    return y


@lru_cache(maxsize=64)
def _sample(
    expression: str, parameter: str, value: float, low: float, high: float
) -> tuple[Point, ...]:
    y, step = _function(expression, parameter), (high - low) / SAMPLES
    xs = (low + step * i for i in range(SAMPLES + 1))
    return tuple((x, at) for x in xs if isfinite(at := y(x, value)))


def at(point: Point, language: str) -> str:
    """Return a point as a label, with at most two decimals, and three digits where it has any."""
    x, y = (show_number(round(number, _decimals(number)), language) for number in point)
    return f"({x} | {y})"


def _decimals(number: float) -> int:
    return min(2, max(0, 3 - len(str(int(abs(number))))))


def _bisect(gap: Callable[[float], float], low: float, high: float) -> float:
    rising = gap(high) > 0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if (gap(middle) > 0) == rising else (middle, high)
    return (low + high) / 2


def _highest(function: Callable[[float], float], low: float, high: float) -> float:
    for _ in range(60):
        third = (high - low) / 3
        if function(low + third) < function(high - third):
            low += third
        else:
            high -= third
    return (low + high) / 2
