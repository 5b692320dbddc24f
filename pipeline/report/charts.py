"""Charts of a report, as inline SVG in the colours of the page's theme.

Matplotlib draws them. Its SVG is a file of its own: it has fixed colours, a style sheet that
applies to the whole page, and style attributes, which the page's content security policy forbids.
So each colour drawn here is replaced by one of the page's, and styles become attributes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from markupsafe import Markup, escape

from transforms.ledger.scoped import Latency, Saving, StageCost
from transforms.model import MODALITIES, STAGES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 380  # pixels of an unscaled chart; FONT_SIZE refers to it
ROW = 28
AXIS = 34
FONT_SIZE = 12.5
LABELS = 104  # pixels left of the bars
MARGIN = 22  # pixels right of them, for half a tick's label

_NAMES = (
    *("ink", "muted", "line", "card", "waiting", "script", "narration", "video", "publish"),
    *("whole", "saved", "completed", "duplicate", "dead", "flight"),
)
COLOURS = {name: f"#{number:06x}" for number, name in enumerate(_NAMES, 1)}
"""Placeholder colour of each CSS custom property of the page."""

_SVG = "http://www.w3.org/2000/svg"
_HREF = "{http://www.w3.org/1999/xlink}href"


def outcomes(parts: Sequence[tuple[str, int, str]]) -> Markup:
    """Draw a bar whose parts are the counts of messages by outcome.

    Args:
        parts: colour, number and name of each outcome.
    """
    figure, axes = _canvas(12, labels=0)
    left = 0
    for colour, number, _ in parts:
        axes.barh([0], [number], height=1, left=left, color=COLOURS[colour])
        left += number
    axes.set(xlim=(0, max(left, 1)), ylim=(-0.5, 0.5))
    axes.axis("off")
    described = ", ".join(f"{number} {name}" for _, number, name in parts)
    return _svg(figure, "Outcomes", described, stretch=True)


def latencies(rows: Sequence[Latency]) -> Markup:
    """Draw a line per step from the median to the 99th percentile, the 90th marked, log scale."""
    figure, axes = _canvas(ROW * len(rows) + AXIS, labels=LABELS)
    least = min((row.p50 for row in rows), default=1)
    floor = max(least / 2, 0.001)
    for at, row in enumerate(rows):
        colour = COLOURS[_step_colour(row.step)]
        low, middle, high = (max(value, floor) for value in (row.p50, row.p90, row.p99))
        axes.plot([low, high], [at, at], color=colour, linewidth=3, solid_capstyle="round")
        axes.plot([low], [at], "o", color=colour, markersize=9)
        axes.plot([middle], [at], "o", color=COLOURS["card"], markersize=5.5,
                  markeredgecolor=colour, markeredgewidth=2)  # fmt: skip
        axes.plot([high], [at], "|", color=colour, markersize=12, markeredgewidth=2)
    axes.set_xscale("log")
    most = max((row.p99 for row in rows), default=1)
    axes.set_xlim(floor * 0.8, max(most, floor * 10) * 1.6)
    _style_rows(axes, [row.step for row in rows])
    ticks = [(0.001, "1 ms"), (0.01, "10 ms"), (0.1, "0.1 s"), (1, "1 s"), (10, "10 s"),
             (60, "1 min"), (600, "10 min"), (3600, "1 h"), (86400, "1 day")]  # fmt: skip
    low, high = axes.get_xlim()
    shown = [(at, label) for at, label in ticks if low <= at <= high]
    axes.set_xticks([at for at, _ in shown], [label for _, label in shown])
    axes.set_xticks([], minor=True)
    described = "; ".join(
        f"{row.step}: median {row.p50:.3g} s, 90 % within {row.p90:.3g} s, "
        f"99 % within {row.p99:.3g} s"
        for row in rows
    )
    return _svg(figure, "Time by step", described)


def costs(spent: Sequence[StageCost], saved: Sequence[Saving]) -> Markup:
    """Draw the cost of each modality by stage, and the savings by stages not run."""
    from matplotlib.ticker import MaxNLocator

    seen = {cost.modality for cost in spent} | {saving.modality for saving in saved}
    modalities = [modality for modality in MODALITIES if modality in seen]
    figure, axes = _canvas(ROW * len(modalities) + AXIS, labels=LABELS)
    described = []
    widest = 0.0
    for at, modality in enumerate(modalities):
        left = 0.0
        for stage in STAGES:
            usd = sum(c.usd for c in spent if (c.modality, c.stage) == (modality, stage))
            axes.barh([at], [usd], height=0.5, left=left, color=COLOURS[stage])
            left += usd
        kept = sum(saving.usd for saving in saved if saving.modality == modality)
        axes.barh([at], [kept], height=0.5, left=left, color=COLOURS["saved"])
        described.append(f"{modality}: cost ${left:.5f}, saved ${kept:.5f}")
        widest = max(widest, left + kept)
    most = (widest or 1) * 1.02
    axes.set_xlim(0, most)
    _style_rows(axes, modalities)
    ticks = [float(tick) for tick in MaxNLocator(3).tick_values(0, most) if tick <= most]
    axes.set_xticks(ticks, [f"${tick:,.8f}".rstrip("0").rstrip(".") for tick in ticks])
    return _svg(figure, "Cost by modality and stage", "; ".join(described))


def _step_colour(step: str) -> str:
    return step if step in COLOURS else "whole"


def _canvas(height: int, labels: int) -> tuple[Figure, Axes]:
    """Create a figure in pixels, with space for row labels and, if there are any, the axis."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / 72, height / 72), frameon=False)
    bottom, right = (AXIS / height, MARGIN / WIDTH) if labels else (0, 0)
    axes = figure.add_axes((labels / WIDTH, bottom, 1 - labels / WIDTH - right, 1 - bottom))
    axes.set_facecolor("none")
    return figure, axes


def _style_rows(axes: Axes, labels: Sequence[str]) -> None:
    axes.set_ylim(max(len(labels), 1) - 0.5, -0.5)
    axes.set_yticks(range(len(labels)), labels)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="x", color=COLOURS["line"], linewidth=1)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=FONT_SIZE, pad=8)
    axes.tick_params(axis="y", labelcolor=COLOURS["ink"])
    axes.tick_params(axis="x", labelcolor=COLOURS["muted"])


def _svg(figure: Figure, title: str, description: str, stretch: bool = False) -> Markup:
    import matplotlib

    drawn = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": title}):
        figure.savefig(drawn, format="svg", transparent=True)
    root = ElementTree.fromstring(drawn.getvalue())  # noqa: S314  (trusted: Matplotlib wrote it)
    prefix = title.lower().replace(" ", "-") + "-"
    for element in root.iter():
        _inline_for_html(element, prefix)
    for child in [c for c in root if c.tag == "metadata" or _is_style(c)]:
        root.remove(child)
    root.attrib = {"viewBox": root.attrib["viewBox"], "role": "img", "class": "chart",
                   "aria-labelledby": f"{prefix}title {prefix}text"}  # fmt: skip
    if stretch:
        root.set("preserveAspectRatio", "none")
    words = Markup('<title id="{0}title">{1}</title><desc id="{0}text">{2}</desc>').format(
        prefix, title, description
    )
    inside = "".join(ElementTree.tostring(child, encoding="unicode") for child in root)
    opening = " ".join(f'{name}="{escape(value)}"' for name, value in root.attrib.items())
    return Markup(f"<svg {opening}>{words}{' '.join(inside.split())}</svg>")  # noqa: S704


def _is_style(element: ElementTree.Element) -> bool:
    return element.tag == "defs" and any(child.tag == "style" for child in element)


def _inline_for_html(element: ElementTree.Element, prefix: str) -> None:
    """Convert an element of Matplotlib's SVG for use inside an HTML page."""
    element.tag = element.tag.removeprefix(f"{{{_SVG}}}")
    attributes: dict[str, Any] = {}
    for name, value in element.attrib.items():
        if name == "style":
            attributes |= dict(_declarations(value))
        elif name == _HREF:
            attributes["href"] = f"#{prefix}{value.removeprefix('#')}"
        elif name == "id":
            if re.fullmatch(r"[mp][0-9a-f]{10}", value):  # only these are referenced
                attributes["id"] = prefix + value
        else:
            attributes[name] = value.replace("url(#", f"url(#{prefix}")
    element.attrib = attributes


def _declarations(style: str) -> Iterable[tuple[str, str]]:
    for declaration in style.split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name and name not in ("font-family", "font"):
            yield name, _CSS_VARIABLES.get(value, value)


_CSS_VARIABLES = {colour: f"var(--{name})" for name, colour in COLOURS.items()}
