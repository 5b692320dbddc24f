"""Drawing of the template `particles`."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.pictures.particles import Particles
from transforms.video.templates.atoms import draw_atoms
from transforms.video.templates.molecules import draw_reactions
from transforms.video.templates.particle_boxes import draw_boxes, draw_membrane
from transforms.video.templates.shapes import Shape, Shown, View


def draw_particles(picture: Particles, view: View, shown: Shown) -> Iterator[Shape]:
    """Yield the shapes of what the picture holds: boxes, kinds, reactions or atoms."""
    if picture.boxes:
        yield from draw_boxes(picture, view, shown)
    elif picture.kinds:
        yield from draw_membrane(picture, view, shown)
    elif picture.reactions:
        yield from draw_reactions(picture, view, shown)
    else:
        yield from draw_atoms(picture, view, shown)
