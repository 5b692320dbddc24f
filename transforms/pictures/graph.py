"""Template `graph`: nodes and edges as a ring, a cycle, a tree, levels or groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field, ValidationError

from transforms.pictures.base_drawings import IconName
from transforms.pictures.template import Label, Name, Part, Template
from transforms.pictures.timeline import When, shown_date, years

DAYS_PER_YEAR = 365.2425


class Node(Part):
    """A thing: a disc with an icon, or a dot."""

    id: Name
    label: Label = ""
    icon: IconName | None = None
    group: Name | Literal[""] = ""
    when: When | None = None


class Edge(Part):
    """A connection between two nodes; without an id it is shown with them."""

    id: Name | Literal[""] = ""
    ends: Annotated[tuple[Name, ...], Field(min_length=2, max_length=2)]
    label: Label = ""
    when: When | None = None


class Group(Part):
    """A group of nodes; ``members`` is their number that the writer states."""

    STATED: ClassVar[frozenset[str]] = frozenset({"members"})

    id: Name
    label: Label = ""
    members: int | None = None


class Link(NamedTuple):
    """An edge, given or computed: its id or an empty string, its ends, label and date."""

    id: str
    ends: tuple[str, str]
    label: str = ""
    when: str | None = None


class Graph(Template):
    """Nodes and edges; ``recolour a b`` marks them, ``travel a b c`` sends a dot along edges.

    ``until 1914-08-04`` marks nodes and edges with a date up to then.

    Attributes:
        layout: ``ring``; ``cycle``, a ring whose nodes follow each other; ``tree`` or ``levels``,
            in which a node stands after those that lead to it; or ``groups``.
        arrows: whether edges have a direction.
        counts: whether the number of nodes is shown for each level or group.
        levels: number of levels that the writer states; it must equal the computed one.
    """

    STATED: ClassVar[frozenset[str]] = frozenset({"levels"})
    VERBS: ClassVar[dict[str, float]] = {"recolour": 0.8, "until": 1.5, "travel": 4.0}

    template: Literal["graph"]
    layout: Literal["ring", "cycle", "tree", "levels", "groups"]
    nodes: Annotated[tuple[Node, ...], Field(min_length=2, max_length=24)]
    edges: Annotated[tuple[Edge, ...], Field(max_length=24)] = ()
    groups: Annotated[tuple[Group, ...], Field(max_length=4)] = ()
    arrows: bool = True
    counts: bool = False
    levels: int | None = None

    def elements(self) -> Sequence[str]:
        edges = [edge.id for edge in self.edges if edge.id]
        groups = [group.id for group in self.groups]
        return [*groups, *(node.id for node in self.nodes), *edges]

    def labels(self, language: str = "en") -> Iterator[str]:
        for group in self.groups:
            count = f": {len(self.members(group.id))}" if self.counts else ""
            if group.label or count:
                yield f"{group.label}{count}"
        yield from (node.label for node in self.nodes if node.label)
        yield from (edge.label for edge in self.edges if edge.label)
        if self.counts and self.layout in ("tree", "levels"):
            yield " → ".join(str(count) for count in self.level_counts())
        for name in self.states:
            if self.verb(name)[0] == "until":
                until = self.date_of(name)
                yield f"{shown_date(until, language)}: {self.days(until)}"

    def members(self, group: str) -> Sequence[Node]:
        """Return the nodes of a group."""
        return [node for node in self.nodes if node.group == group]

    @cached_property
    def links(self) -> Sequence[Link]:
        """All edges; a cycle has those from each node to the next, unless they are given."""
        links = [
            Link(edge.id, (edge.ends[0], edge.ends[1]), edge.label, edge.when)
            for edge in self.edges
        ]
        if self.layout == "cycle":
            given = {link.ends for link in links}
            ids = [node.id for node in self.nodes]
            pairs = pairwise([*ids, ids[0]])
            links += [Link("", pair) for pair in pairs if pair not in given]
        return links

    @cached_property
    def level_of(self) -> Mapping[str, int]:
        """Level of each node: the length of the longest way to it, from 0."""
        level = dict.fromkeys((node.id for node in self.nodes), 0)
        for _ in self.nodes:
            for start, end in (link.ends for link in self.links):
                level[end] = max(level[end], level[start] + 1)
        return level

    def level_counts(self) -> Sequence[int]:
        """Return the number of nodes of each level."""
        levels = list(self.level_of.values())
        return [levels.count(level) for level in range(max(levels) + 1)]

    def marked(self, name: str) -> frozenset[str | tuple[str, str]]:
        """Return the ids of the nodes, and ids or ends of the edges, that a state marks."""
        verb, arguments = self.verb(name)
        if verb == "recolour":
            return frozenset(arguments)
        if verb != "until":
            return frozenset()
        until = years(self.date_of(name))
        nodes = (node.id for node in self.nodes if node.when and years(node.when) <= until)
        edges = (
            link.id or link.ends
            for link in self.links
            if link.when and years(link.when) <= until
        )  # fmt: skip
        return frozenset((*nodes, *edges))

    def date_of(self, name: str) -> str:
        """Return the date of a state ``until``."""
        return "".join(self.verb(name)[1])

    def days(self, until: str) -> int:
        """Return the days from the first date of the picture to another."""
        first = min(self._dates(), key=years)
        if len(first) == len(until) == len("1914-08-04"):
            return (date.fromisoformat(until) - date.fromisoformat(first)).days
        return round((years(until) - years(first)) * DAYS_PER_YEAR)

    def _dates(self) -> list[str]:
        dates = [node.when for node in self.nodes] + [edge.when for edge in self.edges]
        return [when for when in dates if when]

    def problems(self) -> Iterator[str]:
        ids = [node.id for node in self.nodes]
        if not {end for edge in self.edges for end in edge.ends} <= set(ids):
            yield "an edge must end at nodes"
            return
        if any(edge.ends[0] == edge.ends[1] for edge in self.edges):
            yield "an edge must have two different ends"
            return
        groups = {group.id for group in self.groups}
        if self.layout == "groups" and not all(node.group in groups for node in self.nodes):
            yield "each node must be in one of the groups"
        for group in self.groups:
            if group.members not in (None, len(self.members(group.id))):
                yield "the stated number of members differs from that of the group"
        if self.layout in ("tree", "levels"):
            yield from self._level_problems()
        for name in self.states:
            yield from self._state_problems(name)

    def _level_problems(self) -> Iterator[str]:
        if any(self.level_of[a] >= self.level_of[b] for a, b in (link.ends for link in self.links)):
            yield "levels must not go round in a circle; use the layout cycle or ring"
            return
        ends = [link.ends[1] for link in self.links]
        if self.layout == "tree" and (
            len(ends) != len(set(ends)) or len(self.nodes) != len(ends) + 1
        ):
            yield "in a tree one edge leads to each node but the first; use the layout levels"
        if self.levels not in (None, len(self.level_counts())):
            yield "the stated number of levels differs from that of the edges"

    def _state_problems(self, name: str) -> Iterator[str]:
        verb, arguments = self.verb(name)
        nodes = {node.id for node in self.nodes}
        if verb == "recolour" and not (
            arguments and set(arguments) <= nodes | {edge.id for edge in self.edges if edge.id}
        ):
            yield "recolour names nodes or edges"
        if verb == "until":
            try:
                Node(id="date", when=self.date_of(name))
            except ValidationError:
                yield "until names a date, as in 1914-08-04"
            else:
                if not self._dates():
                    yield "until needs nodes or edges with `when`"
        if verb == "travel":
            known = {link.ends for link in self.links}
            if not self.arrows:
                known |= {(b, a) for a, b in known}
            if len(arguments) < 2 or not set(pairwise(arguments)) <= known:
                yield "travel names nodes that edges lead along"
