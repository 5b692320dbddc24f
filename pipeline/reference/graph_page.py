"""Reference page of the graph: a diagram made from the Beam graph."""

from __future__ import annotations

from typing import Any

import apache_beam as beam

from pipeline.jobs.streaming import build_stream
from pipeline.settings.beam_options import VividlyOptions
from transforms.artifacts import ArtifactStore
from transforms.deduplicate import DeduplicateRequests
from transforms.ledger import Ledger
from transforms.shuffle import Shuffle

INTRODUCTION = """\
The steps of the streaming job as Beam sees them, with the names of their outputs. Hexagons are
shuffles: "Deduplicate" by request id, the others by shard. Steps between two shuffles are one fused
stage, so texts are published in the stage that claims them. Drain and batch run the same steps
from "Parse" to "All outcomes" without the shuffles; they read messages in a loop of their own. The
labels must not change: Dataflow finds the steps of a running job by them when it is updated.
"""


def stream() -> beam.Pipeline:
    """Return the graph of the streaming job, built without network access and never run."""
    options = VividlyOptions([], streaming=True)
    pipeline = beam.Pipeline(options=options)
    ledger = Ledger("postgresql://reader@localhost/ledger")
    subscription = "projects/nowhere/subscriptions/nothing"
    build_stream(pipeline, subscription, "id", options, ledger, ArtifactStore("/nowhere"))
    return pipeline


def page() -> str:
    """Return the graph's steps as a Mermaid flowchart, in Markdown."""
    made: dict[Any, str] = {}
    labels: list[str] = []
    shuffles: set[str] = set()
    edges: dict[tuple[str, str], list[str]] = {}

    class Visitor(beam.pipeline.PipelineVisitor):
        def enter_composite_transform(self, node: Any) -> None:
            self.visit_transform(node)

        def visit_transform(self, node: Any) -> None:
            label = node.full_label
            if isinstance(node.transform, (Shuffle, DeduplicateRequests)):
                shuffles.add(label)
            if label and "/" not in label:
                labels.append(label)
                for taken in (each for each in node.inputs if each in made):
                    edges.setdefault((made[taken], label), []).append(taken.tag or "")
            for output in node.outputs.values():
                made[output] = label.partition("/")[0]

    stream().visit(Visitor())
    names = {label: f"s{number}" for number, label in enumerate(labels)}
    lines = [
        f'    {name}{{{{"{label}"}}}}' if label in shuffles else f'    {name}["{label}"]'
        for label, name in names.items()
    ]
    for (source, target), tags in edges.items():
        words = ", ".join(sorted({tag for tag in tags if tag and tag != "None"}))
        arrow = f'-- "{words}" -->' if words else "-->"
        lines.append(f"    {names[source]} {arrow} {names[target]}")
    return "\n".join([INTRODUCTION, "```mermaid", "flowchart TB", *lines, "```", ""])
