"""Recorder of the graph's update compatibility in `golden.json`.

It records what Dataflow compares when it updates a running job: steps, coders, state, timers and
windowing of the translated graph. `tests.graph.models` adds the schema of every model and encoded
examples of each release.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from apache_beam.coders import Coder
from apache_beam.portability import python_urns
from apache_beam.portability.api import beam_runner_api_pb2 as beam_proto
from google.protobuf import json_format  # type: ignore[import-untyped]

from pipeline.reference.graph_page import stream
from tests.graph import models

FILE = Path(__file__).with_name("golden.json")

STATE_KINDS = {
    "read_modify_write_spec": "coder_id",
    "bag_spec": "element_coder_id",
    "ordered_list_spec": "element_coder_id",
    "set_spec": "element_coder_id",
    "combining_spec": "accumulator_coder_id",
}
"""Field of the coder id in a state spec, by kind of state."""


def current() -> dict[str, Any]:
    """Describe the streaming graph and the models."""
    return {**describe(stream().to_runner_api()), "models": models.schemas()}


def describe(pipeline: beam_proto.Pipeline) -> dict[str, Any]:
    """Describe the parts of a translated graph that an update in place compares.

    Ids that Beam numbers, pickled functions and environments are left out.
    """
    components = pipeline.components
    steps = {
        step.unique_name: step
        for step in components.transforms.values()
        if step.spec.urn and not step.subtransforms
    }
    used = {id_ for step in steps.values() for id_ in step.inputs.values()}
    outputs = {
        f"{label}[{tag}]": components.pcollections[id_]
        for label, step in steps.items()
        for tag, id_ in step.outputs.items()
        if id_ in used
    }
    return {
        "steps": {label: steps[label].spec.urn for label in sorted(steps)},
        "coders": {name: coder(components, outputs[name].coder_id) for name in sorted(outputs)},
        "windowing": [
            {
                "strategy": _windowing(strategy, components),
                "outputs": sorted(n for n, o in outputs.items() if o.windowing_strategy_id == id_),
            }
            for id_, strategy in sorted(components.windowing_strategies.items())
        ],
        **_state_and_timers(steps, components),
    }


def coder(components: beam_proto.Components, id_: str) -> str:
    """Spell a coder with its payload and components: ``urn(payload)[component, …]``."""
    found = components.coders[id_]
    payload = found.spec.payload
    if found.spec.urn == python_urns.PICKLED_CODER:  # its bytes differ between Python versions
        payload = type(Coder.from_runner_api(found, None)).__name__.encode()
    inside = ", ".join(coder(components, each) for each in found.component_coder_ids)
    spelled = f"({payload.decode('utf-8', 'backslashreplace')})" if payload else ""
    return found.spec.urn + spelled + (f"[{inside}]" if inside else "")


def _windowing(strategy: Any, components: beam_proto.Components) -> dict[str, Any]:
    described = json_format.MessageToDict(strategy, preserving_proto_field_name=True)
    del described["environment_id"]
    described["window_coder"] = coder(components, described.pop("window_coder_id"))
    return described


def _state_and_timers(steps: dict[str, Any], components: beam_proto.Components) -> dict[str, Any]:
    states: dict[str, Any] = {}
    timers: dict[str, Any] = {}
    for label, step in sorted(steps.items()):
        if step.spec.urn != "beam:transform:pardo:v1":
            continue
        payload = beam_proto.ParDoPayload.FromString(step.spec.payload)
        for name, state in sorted(payload.state_specs.items()):
            kind = state.WhichOneof("spec")
            states.setdefault(label, {})[name] = {
                "kind": kind,
                "protocol": state.protocol.urn,
                # An unknown kind raises KeyError, so that its coder is not missed.
                "coder": coder(components, getattr(getattr(state, kind), STATE_KINDS[kind])),
            }
        for name, timer in sorted(payload.timer_family_specs.items()):
            timers.setdefault(label, {})[name] = {
                "time_domain": beam_proto.TimeDomain.Enum.Name(timer.time_domain),
                "coder": coder(components, timer.timer_family_coder_id),
            }
    return {"states": states, "timers": timers}


def main() -> None:
    """Record the graph and the models, unless a model's change needs a new version."""
    if FILE.exists():
        recorded = json.loads(FILE.read_text())
        models.check(recorded["models"], models.schemas())
    FILE.write_text(json.dumps(current(), indent=1) + "\n")
    models.record()


if __name__ == "__main__":
    main()
