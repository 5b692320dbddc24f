"""Template `drawing`: a base drawing with labels, flows between its anchors, and a close-up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field, StringConstraints

from transforms.pictures.base_drawings import BaseDrawing, DrawingName, base_drawing
from transforms.pictures.template import Label, Name, Part, Template

Anchor = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)?$")]
"""An anchor of the drawing, or ``close-up.anchor``."""
ALL = "all"
"""What `highlight` names to end the dimming."""
Substance = Literal[
    "light", "heat", "water", "oxygen", "carbon-dioxide", "food", "blood", "spent-blood", "signal",
    "rock", "matter", "motion",
]  # fmt: skip
"""What flows; it decides the colour."""


class Note(Part):
    """A label of an anchor."""

    id: Name
    at: Anchor
    text: Label


class Flow(Part):
    """Something that flows along a row of anchors, as an arrow."""

    id: Name
    way: Annotated[tuple[Anchor, ...], Field(min_length=2, max_length=8)]
    of: Substance = "matter"
    label: Label = ""


class CloseUp(Part):
    """A second base drawing, shown as an enlargement of one anchor."""

    id: Name
    at: Anchor
    base: DrawingName
    label: Label = ""


class Drawing(Template):
    """A base drawing; ``highlight`` dims all but some parts, ``travel`` sends a dot along flows.

    ``highlight all`` ends the dimming.
    """

    VERBS: ClassVar[dict[str, float]] = {"highlight": 0.8, "travel": 4.0}

    template: Literal["drawing"]
    base: DrawingName
    notes: Annotated[tuple[Note, ...], Field(max_length=8)] = ()
    flows: Annotated[tuple[Flow, ...], Field(max_length=6)] = ()
    zoom: CloseUp | None = None

    @classmethod
    def known_names(cls) -> str:
        """Return parts and further anchors of each base drawing; without mere joints of ways."""
        found = []
        for name in get_args(DrawingName):
            drawing = base_drawing(name)
            parts = drawing.parts()
            others = [
                at
                for at in drawing.anchors
                if at not in parts and len(at) > 2 and at[-2:].isalpha()
            ]
            found.append(f"{name}: {' '.join(parts)} + {' '.join(others)}")
        return f"anchors, of which those before + are parts: {'; '.join(found)}"

    def elements(self) -> Sequence[str]:
        zoom = [self.zoom.id] if self.zoom else []
        return [*zoom, *(flow.id for flow in self.flows), *(note.id for note in self.notes)]

    def labels(self, language: str = "en") -> Iterator[str]:
        if self.zoom and self.zoom.label:
            yield self.zoom.label
        for flow in self.flows:
            if flow.label:
                yield f"{flow.label} →"
        for note in self.notes:
            yield note.text

    def drawing_of(self, anchor: str) -> BaseDrawing:
        """Return the drawing in which an anchor lies."""
        of = anchor.rpartition(".")[0]
        return base_drawing(self.zoom.base if self.zoom and of == self.zoom.id else self.base)

    def problems(self) -> Iterator[str]:
        for path, anchor in self._anchors():
            of, _, name = anchor.rpartition(".")
            if of and not (self.zoom and of == self.zoom.id):
                yield f"`{path}` names no close-up of the drawing"
            known = self.drawing_of(anchor).anchors
            if name not in known:
                yield f"`{path}` is no anchor; anchors: {', '.join(known)}"
        flows = {flow.id for flow in self.flows}
        for flow in self.flows:
            if len({anchor.rpartition(".")[0] for anchor in flow.way}) > 1:
                yield "a flow lies in the drawing or in its close-up"
        for name in self.states:
            verb, ids = self.verb(name)
            if verb == "travel" and not (ids and set(ids) <= flows):
                yield "travel names flows"
            if verb == "highlight":
                parts = base_drawing(self.base).parts()
                if not (ids and set(ids) <= set(parts)) and ids != [ALL]:
                    yield f"highlight names parts or all; parts: {', '.join(parts)}"

    def _anchors(self) -> Iterator[tuple[str, str]]:
        for at, note in enumerate(self.notes):
            yield f"notes.{at}.at", note.at
        for at, flow in enumerate(self.flows):
            for step, anchor in enumerate(flow.way):
                yield f"flows.{at}.way.{step}", anchor
        if self.zoom:
            yield "zoom.at", self.zoom.at
