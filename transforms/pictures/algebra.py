"""Template `algebra`: lines of an equation, each computed from the one before or checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import AfterValidator, Field, StringConstraints

from transforms.maths.polynomials import Polynomial, Solution, polynomial, solve, unknowns
from transforms.pictures.equation_lines import (
    Operation,
    Sides,
    cancelling,
    merged,
    moved,
    read_operation,
    read_sides,
    rooted,
    terms_of,
    write_side,
    written,
    zero,
)
from transforms.pictures.quantities import Number, same
from transforms.pictures.template import Name, Part, Template


def _is_line(text: str) -> str:
    read_sides(text)
    return text


def _is_operation(text: str) -> str:
    read_operation(text)
    return text


Formula = Annotated[str, StringConstraints(min_length=1, max_length=80), AfterValidator(_is_line)]
Done = Annotated[str, StringConstraints(min_length=1, max_length=20), AfterValidator(_is_operation)]


class Line(Part):
    """A line: its text, which is checked, or what is done to both sides of the line before.

    Attributes:
        text: ``2x + 5 = 17``.
        do: ``− 5``, ``+ 2x``, ``÷ 2``, ``× 3`` or ``√``.
        gives: the result of `do` that the writer states; it must equal the computed one.
    """

    STATED: ClassVar[frozenset[str]] = frozenset({"gives"})

    id: Name
    text: Formula | None = None
    do: Done | None = None
    gives: Formula | None = None


class Step(NamedTuple):
    """A change of one line: what shows it, and the terms before and after."""

    name: str
    verb: str
    line: int
    before: Sides
    after: Sides


class Algebra(Template):
    """Lines of an equation, and its two sides as lengths (or ``areas``) that stay equal.

    ``move b`` carries the term that the line removes to the other side, ``cancel b`` strikes
    terms that add up to zero, ``merge b`` adds like terms.

    Attributes:
        positive: the unknown is a length or an amount, so that only its positive values count.
        areas: terms are drawn as squares of their area.
        solutions: all values of the unknown that the writer states.
    """

    STATED: ClassVar[frozenset[str]] = frozenset({"solutions"})
    VERBS: ClassVar[dict[str, float]] = {"move": 2.0, "cancel": 1.0, "merge": 1.4}

    template: Literal["algebra"]
    lines: Annotated[tuple[Line, ...], Field(min_length=1, max_length=6)]
    positive: bool = False
    areas: bool = False
    solutions: Annotated[tuple[Number, ...], Field(max_length=2)] | None = None

    def elements(self) -> Sequence[str]:
        return [line.id for line in self.lines]

    def labels(self, language: str = "en") -> Iterator[str]:
        forms = (step.after for steps in self.steps() for step in steps)
        yield from dict.fromkeys(
            " = ".join(write_side(side, language) for side in form) for form in forms
        )

    def operations(self) -> list[str]:
        """Return what is done to reach each line; empty for a line that is given."""
        return [read_operation(line.do).label if line.do else "" for line in self.lines]

    def unknown(self) -> str:
        """Return the letter of the unknown; empty if all lines are numbers."""
        return _unknown(self.lines)

    def length(self) -> float:
        """Return the value of the unknown for which lengths are drawn, its greatest."""
        solutions = _solutions(self.lines[0].text or "0", self.positive)
        return max(map(float, solutions)) if solutions else 1.0

    def steps(self) -> tuple[tuple[Step, ...], ...]:
        """Return the changes of each line, in order."""
        verbs = ((name, self.verb(name)) for name in self.states)
        changes = tuple((verb, ids[0], name) for name, (verb, ids) in verbs if len(ids) == 1)
        return _steps(self.lines, changes, self.positive)

    def problems(self) -> Iterator[str]:
        problem = next(self._line_problems(), "") or next(self._state_problems(), "")
        if problem:
            yield problem
            return
        if self.solutions is not None:
            computed = _solutions(self.lines[0].text or "", self.positive)
            stated = sorted(self.solutions)
            if len(stated) != len(computed) or not all(
                map(same, stated, sorted(map(float, computed)))
            ):
                yield "the stated solutions differ from the computed ones"

    def _line_problems(self) -> Iterator[str]:
        for at, line in enumerate(self.lines):
            if (line.text is None) == (line.do is None) or (at == 0 and line.text is None):
                yield f"lines.{at}: must have `text` or, after the first line, `do`"
            if line.gives and not line.do:
                yield f"lines.{at}.gives: needs `do`"
        texts = [read_sides(line.text) for line in self.lines if line.text]
        letters = set().union(*(unknowns(side) for sides in texts for side in sides))
        if len(letters) > 1:
            yield "all lines must have the same unknown"
        elif len({len(sides) for sides in texts}) > 1:
            yield "lines are either all equations or all without an equals sign"
        elif len(texts[0]) == 1 and (letters or any(line.do for line in self.lines)):
            yield "lines without an equals sign hold numbers only"
        yield from self._result_problems(letters)

    def _result_problems(self, letters: set[str]) -> Iterator[str]:
        first = self.lines[0].text or ""
        try:
            whole = _solutions(first, self.positive)
            if letters and not whole:
                yield "lines.0.text: needs one or two solutions"
            for at, (line, steps) in enumerate(zip(self.lines, self.steps(), strict=True)):
                if line.text and not self._follows(line.text, first):
                    yield f"lines.{at}.text: does not follow from the line before"
                stated = terms_of("", read_sides(line.gives)) if line.gives else None
                if stated and not _same(stated, steps[-1].after):
                    yield f"lines.{at}.gives: differs from the computed line"
        except ValueError as error:
            yield str(error)

    def _follows(self, text: str, first: str) -> bool:
        """Return whether a line has the same solutions as the first, or the same value."""
        sides, before = read_sides(text), read_sides(first)
        if len(sides) == 1:
            return polynomial(sides[0]) == polynomial(before[0])
        if not self.unknown():
            return polynomial(sides[0]) == polynomial(sides[1])
        return _solutions(text, self.positive) == _solutions(first, self.positive)

    def _state_problems(self) -> Iterator[str]:
        ids = {line.id for line in self.lines}
        for name in self.states:
            verb, arguments = self.verb(name)
            if len(arguments) != 1 or arguments[0] not in ids:
                yield f"{verb} names one line"
        for steps in self.steps():
            for step in steps:
                if step.verb == "cancel" and not any(map(cancelling, step.before)):
                    yield "cancel names a line in which terms add up to zero"
                if step.verb == "merge" and _texts(step.before) == _texts(step.after):
                    yield "merge names a line with like terms or an operation"


def _same(stated: Sides, computed: Sides) -> bool:
    """Return whether two lines have the same sides, however their terms are written."""
    both = [
        (sum((term.value for term in side), Polynomial()), any("±" in term.text for term in side))
        for sides in (stated, computed)
        for side in sides
    ]
    return both[: len(computed)] == both[len(computed) :]


def _texts(sides: Sides) -> list[list[tuple[str, int]]]:
    return [[(term.text, term.sign) for term in side] for side in sides]


@lru_cache(maxsize=64)  # frames of a motion ask again and again
def _unknown(lines: tuple[Line, ...]) -> str:
    found: set[str] = set()
    for line in lines:
        for side in read_sides(line.text) if line.text else ():
            found |= unknowns(side)
    return min(found, default="")


@lru_cache(maxsize=64)
def _solutions(text: str, positive: bool) -> frozenset[Solution]:
    sides = read_sides(text)
    if len(sides) == 1:
        return frozenset()
    found = solve(zero(sides)) or frozenset()
    return frozenset(each for each in found if not positive or float(each) > 0)


@lru_cache(maxsize=64)
def _steps(
    lines: tuple[Line, ...], changes: tuple[tuple[str, str, str], ...], positive: bool
) -> tuple[tuple[Step, ...], ...]:
    """Return the changes of each line: it appears, and then it is moved, cancelled and merged."""
    unknown, names = _unknown(lines), {(verb, of): name for verb, of, name in changes}
    found: list[tuple[Step, ...]] = []
    before: Sides = ()
    for at, line in enumerate(lines):
        after, result = _forms(line, before, unknown, positive, moving=("move", line.id) in names)
        merging, cancel = ("merge", line.id) in names, ("cancel", line.id) in names
        moving = ("move", line.id) in names
        stays = merging or cancel or moving or line.do is None
        start = before if moving else after if stays else result
        steps = [Step(line.id, "appear", at, start, start)]
        if moving:
            steps.append(Step(names["move", line.id], "move", at, start, after))
        if cancel:
            steps.append(Step(names["cancel", line.id], "cancel", at, after, after))
        if merging:
            steps.append(Step(names["merge", line.id], "merge", at, after, result))
        found.append(tuple(steps))
        before = result if merging or line.do else after
    return tuple(found)


def _forms(
    line: Line, before: Sides, unknown: str, positive: bool, *, moving: bool
) -> tuple[Sides, Sides]:
    """Return a line before and after its operation is carried out and like terms are merged."""
    if line.do is None:
        after = terms_of(line.id, read_sides(line.text or "0"))
        return after, merged(after, None, unknown)
    done: Operation = read_operation(line.do)
    after = moved(line.id, before, done) if moving else written(line.id, before, done)
    if done.kind == "√":
        return after, rooted(before, unknown, positive=positive)
    return after, merged(after, done, unknown)
