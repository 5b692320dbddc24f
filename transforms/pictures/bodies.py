"""Template `bodies`: objects, the forces on them to scale, and the motion that follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from transforms.pictures.base_drawings import IconName
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


class Fluid(Part):
    """A liquid in which the bodies float or sink, and its density."""

    id: Name
    label: Label = ""
    density: Quantity


class Body(Part):
    """An object.

    Attributes:
        length: width of the body, to scale with those of the others.
        poles: poles of a magnet, the left one first.
        density: decides how deep it lies in a fluid.
        under: the percentage below the surface that the writer states.
    """

    STATED: ClassVar[frozenset[str]] = frozenset({"under"})

    id: Name
    icon: IconName | Literal["magnet"]
    label: Label = ""
    mass: Quantity | None = None
    length: Quantity | None = None
    poles: Literal["NS", "SN"] = "NS"
    density: Quantity | None = None
    under: Quantity | None = None

    def text(self, language: str) -> str:
        """Return label, length, mass and density of the object."""
        sizes = (self.length, self.mass, self.density)
        amounts = (show(size, language) for size in sizes if size)
        return " ".join(filter(None, (self.label, *amounts)))


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
    """Objects with forces; ``merge a b`` joins forces, ``move a b`` moves one body or two.

    Merged forces become their net force, and of two bodies the one with more acceleration gets
    farther. In a fluid, bodies lie as deep as their densities say.
    """

    STATED: ClassVar[frozenset[str]] = frozenset({"results"})

    VERBS: ClassVar[dict[str, float]] = {"merge": 1.5, "move": 4.0}

    template: Literal["bodies"]
    bodies: Annotated[tuple[Body, ...], Field(min_length=1, max_length=3)]
    fluid: Fluid | None = None
    forces: Annotated[tuple[Force, ...], Field(max_length=6)] = ()
    results: Annotated[tuple[Result, ...], Field(max_length=2)] = ()

    def elements(self) -> Sequence[str]:
        fluid = [self.fluid.id] if self.fluid else []
        return [*fluid, *(body.id for body in self.bodies), *(force.id for force in self.forces)]

    def labels(self, language: str = "en") -> Iterator[str]:
        if self.fluid:
            yield f"{self.fluid.label} {show(self.fluid.density, language)}".strip()
        yield from (body.text(language) for body in self.bodies)
        for force in self.forces:
            yield f"{force.label} {show(force.size, language)} {ARROWS[force.to]}".strip()
        for ids in self.merged():
            yield f"{self.net_label(self.net(ids), language)} (ΣF)"

    def under(self, body: Body) -> float:
        """Return the share of a body below the surface of the fluid, 1 if it sinks."""
        assert self.fluid is not None
        assert body.density is not None
        return min(1.0, body.density.number / self.fluid.density.number)

    def merged(self) -> Iterator[Sequence[str]]:
        """Yield the forces of each state that merges some."""
        for verb, ids in map(self.verb, self.states):
            if verb == "merge":
                yield ids

    @property
    def upright(self) -> bool:
        """Whether a force acts up or down."""
        return any(force.to in ("up", "down") for force in self.forces)

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
        sizes = [size for b in self.bodies for size in (b.length, b.mass, b.density) if size]
        if any(size.number <= 0 for size in sizes):
            yield "a length, a mass or a density must be above 0"
        if len({body.length.unit if body.length else None for body in self.bodies}) > 1:
            yield "all bodies or none have a length, in one unit"
        yield from self._fluid_problems()
        for name in self.states:
            verb, ids = self.verb(name)
            if verb == "move" and not (1 <= len(ids) <= 2 and set(ids) <= bodies):
                yield "move names one or two bodies"
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

    def _fluid_problems(self) -> Iterator[str]:
        if self.fluid is None:
            return
        densities = [body.density for body in self.bodies]
        if self.fluid.density.number <= 0 or any(
            each is None or each.unit != self.fluid.density.unit for each in densities
        ):
            yield "in a fluid, every body has a density in the unit of the fluid's"
            return
        for body in self.bodies:
            if body.under and not same(body.under.number, 100 * self.under(body)):
                yield "the stated percentage below the surface differs from the densities"
