"""The labels and coders of the streaming graph, as recorded in `golden.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import apache_beam as beam

from pipeline.reference.graph import stream

FILE = Path(__file__).with_name("golden.json")


def current() -> dict[str, Any]:
    """Every step's label, and the coder of every PCollection that is used, by what makes it."""
    labels: list[str] = []
    coders: dict[str, str] = {}
    used: set[beam.PCollection] = set()

    class Visitor(beam.pipeline.PipelineVisitor):
        def visit_transform(self, node):
            labels.append(node.full_label)
            used.update(node.inputs)
            for tag, output in node.outputs.items():
                coder = beam.coders.registry.get_coder(output.element_type)
                coders[f"{node.full_label}[{tag}]"] = repr(coder)
                made[output] = f"{node.full_label}[{tag}]"

    made: dict[beam.PCollection, str] = {}
    stream().visit(Visitor())
    unused = {name for output, name in made.items() if output not in used}
    return {
        "labels": sorted(labels),
        "coders": {name: coders[name] for name in sorted(coders.keys() - unused)},
    }


def main() -> None:
    """Record what there is."""
    FILE.write_text(json.dumps(current(), indent=1) + "\n")


if __name__ == "__main__":
    main()
