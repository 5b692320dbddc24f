"""Template `bodies`: objects, the forces on them to scale, and the motion that follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from transforms.pictures.quantities import Quantity, same, show
from transforms.pictures.template import Label, Name, Part, Template

Direction = Literal["left", "right", "up", "down"]
ARROWS: dict[Direction, str] = {"left": "←", "right": "→", "up": "↑", "down": "↓"}
_STEPS: dict[Direction, tuple[int, int]] = {
    "left": (-1, 0),
    "right": (1, 0),
    "up": (0, -1),
    "down": (0, 1),
}


class Body(Part):
    """An object."""

    id: Name
    icon: Literal["cart", "box", "ball", "car"]
    label: Label = ""
    mass: Quantity | None = None


class Force(Part):
    """A force on a body."""

    id: Name
    on: Name
    to: Direction
    size: Quantity
    label: Label = ""


class Result(Part):
    """A net force that the writer states; it must equal the computed one."""

    on: Name
    to: Direction
    size: Quantity


class Net(Part):
    """A computed net force: positive to the right and downward."""

    across: float
    down: float
    unit: str

    @property
    def along(self) -> tuple[Direction, float]:
        """Return the main direction and the size along it."""
        if abs(self.across) >= abs(self.down):
            return ("right" if self.across >= 0 else "left"), abs(self.across)
        return ("down" if self.down >= 0 else "up"), abs(self.down)


class Bodies(Template):
    """Objects with forces; ``merge a b`` joins forces to their net force, ``move`` moves a body."""

    STATED: ClassVar[frozenset[str]] = frozenset({"results"})

    VERBS: ClassVar[dict[str, float]] = {"merge": 1.5, "move": 4.0}

    template: Literal["bodies"]
    bodies: Annotated[tuple[Body, ...], Field(min_length=1, max_length=2)]
    forces: Annotated[tuple[Force, ...], Field(max_length=6)] = ()
    results: Annotated[tuple[Result, ...], Field(max_length=2)] = ()

    def elements(self) -> Sequence[str]:
        return [*(body.id for body in self.bodies), *(force.id for force in self.forces)]

    def labels(self, language: str = "en") -> Iterator[str]:
        for body in self.bodies:
            mass = show(body.mass, language) if body.mass else ""
            yield " ".join(filter(None, (body.label, mass)))
        for force in self.forces:
            yield f"{force.label} {show(force.size, language)} {ARROWS[force.to]}".strip()
        for name in self.states:
            verb, ids = self.verb(name)
            if verb == "merge":
                yield f"{self.net_label(self.net(ids), language)} (ΣF)"

    @property
    def upright(self) -> bool:
        """Whether a force acts up or down."""
        return any(force.to in ("up", "down") for force in self.forces)

    @property
    def rows(self) -> int:
        """Most forces of one body in one direction."""
        return max(Counter((force.on, force.to) for force in self.forces).values(), default=0)

    def acceleration(self, body: Body) -> float:
        """Return how fast a body speeds up sideways, in units of force for each unit of mass."""
        own = [force.id for force in self.forces if force.on == body.id]
        net = abs(self.net(own).across) if own else 0.0
        return net / body.mass.number if body.mass else net

    def net(self, ids: Sequence[str]) -> Net:
        """Return the sum of forces."""
        forces = [force for force in self.forces if force.id in ids]
        across = sum(_STEPS[force.to][0] * force.size.number for force in forces)
        down = sum(_STEPS[force.to][1] * force.size.number for force in forces)
        return Net(across=across, down=down, unit=forces[0].size.unit)

    def net_label(self, net: Net, language: str) -> str:
        """Return size and direction of a net force as a label."""
        to, size = net.along
        text = show(Quantity(size, net.unit), language)
        return f"{text} {ARROWS[to]}" if size else text

    def problems(self) -> Iterator[str]:
        bodies = {body.id for body in self.bodies}
        forces = {force.id: force for force in self.forces}
        on = {*(force.on for force in self.forces), *(result.on for result in self.results)}
        if not on <= bodies:
            yield "a force or a result is on no body"
            return
        if len({force.size.unit for force in self.forces}) > 1:
            yield "all forces must have the same unit"
        if any(force.size.number <= 0 for force in self.forces):
            yield "a size must be above 0; turn the direction instead"
        if any(body.mass and body.mass.number <= 0 for body in self.bodies):
            yield "a mass must be above 0"
        for name in self.states:
            verb, ids = self.verb(name)
            if verb == "move" and not (len(ids) == 1 and ids[0] in bodies):
                yield "move names one body"
            if verb == "merge":
                if not set(ids) <= set(forces) or len(ids) < 2:
                    yield "merge names two or more forces"
                    return
                if len({forces[each].on for each in ids}) > 1:
                    yield "merge names forces on one body"
                net = self.net(ids)
                if net.across and net.down:
                    yield "merge names forces along one line"
        for result in self.results:
            to, size = self.net([force.id for force in self.forces if force.on == result.on]).along
            if not same(result.size.number, size) or (size and result.to != to):
                yield "the stated net force differs from the sum of the forces"
