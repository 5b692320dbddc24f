"""The labels and coders of the graph, as recorded in `golden.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import apache_beam as beam

from pipeline.graph import build
from pipeline.options import VividlyOptions
from transforms.artifacts import ArtifactStore
from transforms.ledger import Ledger
from transforms.model import Message

FILE = Path(__file__).with_name("golden.json")


class _None(beam.DoFn):
    def process(self, _: bytes):
        return ()


def current() -> dict[str, Any]:
    """Every step's label, and the coder of every PCollection by the label that makes it."""
    pipeline = beam.Pipeline()
    source = (
        pipeline
        | "Start" >> beam.Impulse()
        | "Messages" >> beam.ParDo(_None()).with_output_types(Message)
    )
    ledger = Ledger("postgresql://nobody@localhost/nothing")
    build(source, VividlyOptions([]), ledger, ArtifactStore("/nowhere"))
    labels: list[str] = []
    coders: dict[str, str] = {}

    class Visitor(beam.pipeline.PipelineVisitor):
        def visit_transform(self, node):
            labels.append(node.full_label)
            for tag, output in node.outputs.items():
                coder = beam.coders.registry.get_coder(output.element_type)
                coders[f"{node.full_label}[{tag}]"] = repr(coder)

    pipeline.visit(Visitor())
    return {"labels": sorted(labels), "coders": dict(sorted(coders.items()))}


def main() -> None:
    """Record what there is."""
    FILE.write_text(json.dumps(current(), indent=1) + "\n")


if __name__ == "__main__":
    main()
