"""The graph stays compatible with a running streaming job.

After an intended change, record it with `python -m tests.graph.golden`, and write the mapping of
old labels into `docs/dataflow.md`.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from apache_beam.coders import StrUtf8Coder
from apache_beam.portability import python_urns
from apache_beam.runners.pipeline_context import PipelineContext

import transforms.model
from tests.graph import golden, models
from transforms.coder import ModelCoder
from transforms.model import MODELS, Model, encode

ROOT = Path(__file__).parents[2]

PICKLED = {"Read requests/Map(_from_proto_str)[None]": "FastPrimitivesCoder"}
"""Outputs with a pickled coder, and its class. The one is in Beam's own source, which is fused with
the step that makes `Message`s, so no element is stored there."""


@pytest.fixture(scope="module")
def current():
    return golden.current()


@pytest.fixture(scope="module")
def recorded():
    return json.loads(golden.FILE.read_text())


@pytest.mark.parametrize("part", ["steps", "coders", "windowing", "states", "timers", "models"])
def test_graph_is_as_recorded(part, current, recorded):
    assert current[part] == recorded[part]


def test_every_part_is_compared(recorded):
    assert set(recorded) == {"steps", "coders", "windowing", "states", "timers", "models"}
    assert recorded["states"]
    assert recorded["timers"]


def test_no_stored_element_has_pickled_coder(current):
    """Pickled coders hold module paths, so a moved class would change them."""
    pickled = {k: v for k, v in current["coders"].items() if python_urns.PICKLED_CODER in v}
    assert pickled == {k: f"{python_urns.PICKLED_CODER}({v})" for k, v in PICKLED.items()}
    held = json.dumps([current["states"], current["timers"], current["windowing"]])
    assert "pickled" not in held


def test_every_model_is_registered():
    found = {
        value
        for value in vars(transforms.model).values()
        if dataclasses.is_dataclass(value) and value is not Model
    }
    assert found == {model.cls for model in MODELS.values()}


@pytest.mark.parametrize(
    ("release", "name", "version", "encoded"),
    [pytest.param(*each, id=f"{each[0]}-{each[1]}-{each[2]}") for each in models.released()],
)
def test_released_example_still_decodes(release, name, version, encoded):
    coder = ModelCoder(MODELS[name])
    if version != MODELS[name].version:
        with pytest.raises(ValueError, match="drain"):
            coder.decode(encoded)
        return
    value = coder.decode(encoded)
    assert _holds(json.loads(encode(value)), json.loads(encoded[1:]))


def _holds(now: object, then: object) -> bool:
    """Return True if all values of `then` are in `now`, which may have new fields."""
    if isinstance(now, dict) and isinstance(then, dict):
        return all(key in now and _holds(now[key], value) for key, value in then.items())
    if isinstance(now, list) and isinstance(then, list):
        return len(now) == len(then) and all(map(_holds, now, then))
    return now == then


def test_every_version_has_an_example():
    examples = {(name, version) for _, name, version, _ in models.released()}
    assert {(model.name, model.version) for model in MODELS.values()} <= examples


SCHEMAS: models.Schemas = {
    "Part": {"version": 1, "fields": {"a": "str, required", "b": "Literal['x'], default"}},
    "Whole": {"version": 1, "fields": {"parts": "tuple[Part, ...], required"}},
    "Other": {"version": 1, "fields": {"partner": "str, required"}},
}


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({}, []),
        ({"c": "int, default"}, []),
        ({"b": "Literal['x', 'y'], default"}, []),
        ({"a": "None | str, default"}, []),
        ({"c": "int, required"}, ["Part: c is new and required", "Whole: holds Part"]),
        ({"a": None}, ["Part: a is gone", "Whole: holds Part"]),
        (
            {"a": "int, required"},
            ["Part: a was str, required, is int, required", "Whole: holds Part"],
        ),
        (
            {"b": "Literal['y'], default"},
            ["Part: b was Literal['x'], default, is Literal['y'], default", "Whole: holds Part"],
        ),
        (
            {"b": "Literal['x'], required"},
            ["Part: b was Literal['x'], default, is Literal['x'], required", "Whole: holds Part"],
        ),
    ],
)
def test_unreadable_change_needs_new_versions(changes, refused):
    fields = {**SCHEMAS["Part"]["fields"], **changes}
    changed = {name: spelled for name, spelled in fields.items() if spelled}
    present = {**SCHEMAS, "Part": {"version": 1, "fields": changed}}
    assert models.incompatible(SCHEMAS, present) == refused
    raised = {name: {**schema, "version": 2} for name, schema in present.items()}
    assert models.incompatible(SCHEMAS, raised) == []
    assert models.incompatible(SCHEMAS, {}) == [f"{name}: is gone" for name in sorted(SCHEMAS)]


@pytest.fixture
def moved() -> Iterator[type]:
    """`Message` from a module of another name."""
    name = "moved_elsewhere"
    module = sys.modules[name] = ModuleType(name)
    source = (ROOT / "transforms/model/request.py").read_text(encoding="utf-8")
    exec(compile(source, name, "exec"), module.__dict__)
    yield module.__dict__["Message"]
    del sys.modules[name]


def test_moved_class_keeps_its_bytes(moved):
    before = MODELS["Message"]
    after = Model(before.name, before.version, moved)
    assert moved is not before.cls
    [old, new] = (ModelCoder(model).to_runner_api(PipelineContext()) for model in (before, after))
    assert old.SerializeToString() == new.SerializeToString()
    assert ModelCoder(before).__reduce__() == ModelCoder(after).__reduce__()
    [was, is_] = (ModelCoder(model).encode(models.example(model.cls)) for model in (before, after))
    assert was == is_


def test_translated_coder_equals_the_original():
    context = PipelineContext()
    for coder in (*map(ModelCoder, MODELS.values()), StrUtf8Coder()):
        assert type(coder).from_runner_api(coder.to_runner_api(context), context) == coder
