"""Mean, median and mode of the bars of a picture, as lines across them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median, multimode
from typing import ClassVar, Literal

from transforms.pictures.quantities import Number, show_number
from transforms.pictures.template import Name, Part


class Measure(Part):
    """A measure of the centre of all bars.

    Attributes:
        stated: its value that the writer states; it must equal the computed one.
    """

    STATED: ClassVar[frozenset[str]] = frozenset({"stated"})

    id: Name
    kind: Literal["mean", "median", "mode"]
    label: str = ""
    stated: Number | None = None

    def of(self, values: Sequence[float]) -> float:
        """Return the measure; the first mode if there are several."""
        if self.kind == "mean":
            return fmean(values)
        return median(values) if self.kind == "median" else multimode(values)[0]

    def text(self, values: Sequence[float], language: str) -> str:
        """Return the label with the value."""
        return f"{self.label or self.kind} {show_number(round(self.of(values), 1), language)}"
