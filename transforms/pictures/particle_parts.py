"""Parts of the template `particles`: boxes, kinds on both sides of a membrane, reactions, atoms."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import AfterValidator, Field, StringConstraints

from transforms.maths.atom_count import read_reaction
from transforms.maths.chemistry import ATOMIC_NUMBERS
from transforms.pictures.template import Label, Name, Part

Matter = Literal["solid", "liquid", "gas"]
CHANGES: dict[str, tuple[Matter, Matter]] = {
    "melt": ("solid", "liquid"),
    "boil": ("liquid", "gas"),
    "condense": ("gas", "liquid"),
    "freeze": ("liquid", "solid"),
    "sublime": ("solid", "gas"),
}
"""State of matter before and after each verb."""
_SHELLS = (2, 8, 8, 2)
MOST_PROTONS = sum(_SHELLS)
NUCLEONS = ("protons", "neutrons", "electrons")


def _is_reaction(text: str) -> str:
    read_reaction(text)
    return text


def _is_element(symbol: str) -> str:
    if ATOMIC_NUMBERS.get(symbol, MOST_PROTONS + 1) > MOST_PROTONS:
        raise ValueError(f"must be one of the first {MOST_PROTONS} elements")
    return symbol


class StateNames(Part):
    """What a substance is called in each state of matter."""

    solid: Label = ""
    liquid: Label = ""
    gas: Label = ""


class Container(Part):
    """A closed box with particles of one substance.

    Attributes:
        state: state of matter at the start.
        names: what the substance is called in each state.
    """

    id: Name
    state: Matter
    names: StateNames = StateNames()

    def name(self, matter: Matter) -> str:
        """Return what the substance is called in a state of matter."""
        return {
            "solid": self.names.solid, "liquid": self.names.liquid, "gas": self.names.gas
        }[matter]  # fmt: skip


class Halves(NamedTuple):
    """Particles on the left and on the right of a membrane."""

    left: float
    right: float


class Kind(Part):
    """Particles of one kind on both sides of a membrane, or of a box without one.

    Attributes:
        passes: they can pass the membrane.
        solvent: they are the liquid in which the others are dissolved.
        after: their numbers at equilibrium that the writer states.
    """

    STATED: ClassVar[frozenset[str]] = frozenset({"after"})

    id: Name
    label: Label
    left: Annotated[int, Field(ge=0, le=60, strict=True)]
    right: Annotated[int, Field(ge=0, le=60, strict=True)]
    passes: bool = True
    solvent: bool = False
    after: tuple[int, int] | None = None


class Change(Part):
    """A reaction.

    Attributes:
        text: as in ``2 H2 + O2 -> 2 H2O``.
        names: what its substances are called, in their order.
        unbalanced: it is the start that is to be balanced, and its atoms do not balance.
    """

    id: Name
    text: Annotated[
        str, StringConstraints(min_length=4, max_length=80), AfterValidator(_is_reaction)
    ]
    names: Annotated[tuple[Label, ...], Field(max_length=8)] = ()
    unbalanced: bool = False


class Atom(Part):
    """An atom or an ion of one atom.

    Attributes:
        label: name of the element.
        mass: mass number, the sum of protons and neutrons.
        charge: of the ion.
        neutrons: the number that the writer states.
    """

    STATED: ClassVar[frozenset[str]] = frozenset({"neutrons"})

    id: Name
    element: Annotated[str, StringConstraints(max_length=2), AfterValidator(_is_element)]
    label: Label = ""
    mass: Annotated[int, Field(ge=1, le=60, strict=True)]
    charge: Annotated[int, Field(ge=-4, le=4, strict=True)] = 0
    neutrons: int | None = None

    @property
    def protons(self) -> int:
        """Return the atomic number."""
        return ATOMIC_NUMBERS[self.element]

    def number(self, of: str) -> int:
        """Return the number of protons, neutrons or electrons."""
        if of == "neutrons":
            return self.mass - self.protons
        return self.protons - (self.charge if of == "electrons" else 0)


def shells(electrons: int) -> list[int]:
    """Return the electrons of each shell, from the nucleus outward."""
    filled = []
    for room in _SHELLS:
        if electrons > 0:
            filled.append(min(room, electrons))
        electrons -= room
    return filled
