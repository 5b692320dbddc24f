"""Template `particles`: states of matter, membranes, reactions and atoms, all of them counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field

from transforms.maths.atom_count import count_atoms, is_balanced, read_reaction
from transforms.maths.parser import parse
from transforms.maths.plain import plain
from transforms.pictures.particle_parts import (
    CHANGES,
    NUCLEONS,
    Atom,
    Change,
    Container,
    Halves,
    Kind,
    Matter,
    shells,
)
from transforms.pictures.template import Label, Part, Template

_Named = Container | Kind | Change | Atom
_DIGITS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class Names(Part):
    """Words for the parts of an atom."""

    protons: Label = "protons"
    neutrons: Label = "neutrons"
    electrons: Label = "electrons"


class Given(NamedTuple):
    """Electrons that one atom gives to another while a state is shown."""

    state: str
    giver: str
    taker: str
    number: int


class Particles(Template):
    """Boxes of a substance, kinds beside a membrane, reactions, or atoms: one of these.

    ``melt``, ``boil``, ``condense``, ``freeze`` and ``sublime`` change the state of a box, and
    ``move`` lets its particles move; ``flow`` lets a kind reach equilibrium and ``swap`` keeps it
    there; ``react`` regroups the atoms of a reaction and ``count`` counts them, or the parts of an
    atom (``count sodium protons``); ``give a b`` moves the outer electrons of one atom to another.

    Attributes:
        number: particles in each box.
        membrane: kinds are on both sides of a membrane; without one, they share a box.
        names: words for the parts of an atom.
    """

    VERBS: ClassVar[dict[str, float]] = {
        **dict.fromkeys(CHANGES, 2.4),
        "move": 4.0,
        "flow": 3.6,
        "swap": 3.6,
        "react": 2.8,
        "count": 1.2,
        "give": 2.4,
    }

    template: Literal["particles"]
    boxes: Annotated[tuple[Container, ...], Field(max_length=3)] = ()
    number: Annotated[int, Field(ge=8, le=40, strict=True)] = 28
    kinds: Annotated[tuple[Kind, ...], Field(max_length=3)] = ()
    membrane: bool = True
    reactions: Annotated[tuple[Change, ...], Field(max_length=3)] = ()
    atoms: Annotated[tuple[Atom, ...], Field(max_length=3)] = ()
    names: Names = Names()

    def elements(self) -> Sequence[str]:
        parts: tuple[_Named, ...] = (*self.boxes, *self.kinds, *self.reactions, *self.atoms)
        return [part.id for part in parts]

    def labels(self, language: str = "en") -> Iterator[str]:
        for box in self.boxes:
            yield from filter(None, (box.name(matter) for _, matter in self.matters(box)))
        for kind in self.kinds:
            before, after = Halves(kind.left, kind.right), self.equilibrium(kind)
            yield f"{kind.label}: {before.left} | {before.right}"
            if self._states("flow", kind.id):
                yield f"{kind.label}: {after.left:g} | {after.right:g}"
        for reaction in self.reactions:
            yield plain(parse(f"\\ce{{{reaction.text}}}"))
            yield from reaction.names
            for symbol, left, right in self.counted(reaction):
                yield f"{symbol}: {left} {'=' if left == right else '≠'} {right}"
        for atom in self.atoms:
            yield from filter(None, [atom.label])
            counts = (f"{atom.number(of)} {getattr(self.names, of)}" for of in NUCLEONS)
            yield f"{symbol_of(atom.element, atom.charge)}: {', '.join(counts)}"
        charges = self.charges()
        for atom in self.atoms:
            if charges[atom.id] != atom.charge:
                yield symbol_of(atom.element, charges[atom.id])

    def matters(self, box: Container) -> list[tuple[str, Matter]]:
        """Return the states of matter of a box, each with the state that leads to it."""
        found: list[tuple[str, Matter]] = [("", box.state)]
        for name in self.states:
            verb, ids = self.verb(name)
            if verb in CHANGES and ids == [box.id]:
                found.append((name, CHANGES[verb][1]))
        return found

    def equilibrium(self, kind: Kind) -> Halves:
        """Return the numbers of a kind on both sides once as many pass each way.

        A dissolved kind spreads evenly. The solvent ends with the same concentration of all that
        cannot pass on both sides.
        """
        total = kind.left + kind.right
        held = [each for each in self.kinds if not each.passes] if self.membrane else []
        left, right = sum(each.left for each in held), sum(each.right for each in held)
        if kind in held:
            return Halves(kind.left, kind.right)
        if not (kind.solvent and held):
            left = right = 1
        share = round(total * left / (left + right))
        return Halves(share, total - share)

    def counted(self, reaction: Change) -> list[tuple[str, int, int]]:
        """Return each element of a reaction with its atoms on the left and on the right."""
        left, right = (count_atoms(side) for side in read_reaction(reaction.text))
        return [(symbol, left[symbol], right[symbol]) for symbol in {**left, **right}]

    def given(self) -> list[Given]:
        """Return which electrons each state moves: those of the giver's outer shell."""
        electrons = {atom.id: atom.number("electrons") for atom in self.atoms}
        found = []
        for name in self.states:
            verb, ids = self.verb(name)
            if verb == "give":
                giver, taker = ids
                room = 8 - (shells(electrons[taker]) or [0])[-1]
                number = min((shells(electrons[giver]) or [0])[-1], room)
                electrons[giver] -= number
                electrons[taker] += number
                found.append(Given(name, giver, taker, number))
        return found

    def charges(self) -> dict[str, int]:
        """Return the charge of each atom after all electrons have moved."""
        charges = {atom.id: atom.charge for atom in self.atoms}
        for each in self.given():
            charges[each.giver] += each.number
            charges[each.taker] -= each.number
        return charges

    def _states(self, verb: str, of: str) -> list[str]:
        return [name for name in self.states if self.verb(name) == (verb, [of])]

    def problems(self) -> Iterator[str]:
        if sum(map(bool, (self.boxes, self.kinds, self.reactions, self.atoms))) != 1:
            yield "shows boxes, kinds, reactions or atoms: one of these"
            return
        yield from self._kind_problems()
        for at, reaction in enumerate(self.reactions):
            if len(reaction.names) not in (0, sum(map(len, read_reaction(reaction.text)))):
                yield f"reactions.{at}.names: must be one for each substance"
            if is_balanced(read_reaction(reaction.text)) == reaction.unbalanced:
                wrong = "balance" if reaction.unbalanced else "do not balance"
                yield f"reactions.{at}.text: its atoms or charges {wrong}"
        for at, atom in enumerate(self.atoms):
            if atom.number("neutrons") < 0 or atom.number("electrons") < 0:
                yield f"atoms.{at}: has fewer than no neutrons or electrons"
            elif atom.neutrons not in (None, atom.number("neutrons")):
                yield f"atoms.{at}.neutrons: differs from the mass number less the protons"
        yield from self._state_problems()

    def _kind_problems(self) -> Iterator[str]:
        if len([kind for kind in self.kinds if kind.solvent]) > 1:
            yield "one kind is the solvent"
        for at, kind in enumerate(self.kinds):
            if kind.solvent and not kind.passes:
                yield f"kinds.{at}: the solvent passes the membrane"
            if kind.after is not None and kind.after != tuple(self.equilibrium(kind)):
                yield f"kinds.{at}.after: differs from the computed equilibrium"

    def _state_problems(self) -> Iterator[str]:
        owners: dict[str, Sequence[_Named]] = {
            "move": self.boxes, "flow": self.kinds, "swap": self.kinds, "react": self.reactions,
            "count": (*self.reactions, *self.atoms), "give": self.atoms,
            **dict.fromkeys(CHANGES, self.boxes),
        }  # fmt: skip
        now: dict[str, Matter] = {box.id: box.state for box in self.boxes}
        for name in self.states:
            verb, arguments = self.verb(name)
            ids = {part.id for part in owners[verb]}
            if not arguments or arguments[0] not in ids:
                yield f"{verb} names one of the parts that it is for"
                return
            if verb in CHANGES:
                before, after = CHANGES[verb]
                if now[arguments[0]] != before:
                    yield f"{verb} needs a {before}"
                now[arguments[0]] = after
            yield from self._argument_problems(verb, arguments)
            if verb == "give" and len(arguments) != 2:
                return
        if any(each.number < 1 for each in self.given()):
            yield "give needs an outer electron, and room for it"

    def _argument_problems(self, verb: str, arguments: list[str]) -> Iterator[str]:
        first, rest = arguments[0], arguments[1:]
        if verb == "give":
            others = {atom.id for atom in self.atoms} - {first}
            if len(rest) != 1 or rest[0] not in others:
                yield "give names the atom that gives, and the one that takes"
                return
        elif verb == "count" and self.atoms:
            if len(rest) != 1 or rest[0] not in NUCLEONS:
                yield "count names an atom, and protons, neutrons or electrons"
        elif rest:
            yield f"{verb} names one part"
        elif verb in ("flow", "swap") and not all(
            kind.passes or not self.membrane for kind in self.kinds if kind.id == first
        ):
            yield f"{verb} names a kind that passes the membrane"
        elif verb == "react" and any(r.unbalanced for r in self.reactions if r.id == first):
            yield "react needs a balanced reaction"


@lru_cache(maxsize=64)
def symbol_of(element: str, charge: int) -> str:
    """Return the symbol of an atom or an ion: ``Na⁺``, ``Cl⁻``, ``Mg²⁺``."""
    sign = "⁺" if charge > 0 else "⁻" if charge < 0 else ""
    digits = str(abs(charge)).translate(_DIGITS) if abs(charge) > 1 else ""
    return f"{element}{digits}{sign}"
