"""Schemas of the models, and encoded examples of each release.

`encoded/<release>.json` holds an example of every version of every model as that release wrote it.
Examples are only added, never changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from transforms.coder import ModelCoder
from transforms.model import MODELS, Model

FOLDER = Path(__file__).with_name("encoded")

Schemas = dict[str, dict[str, Any]]


def schemas() -> Schemas:
    """Return each model's version and, for each field, its type and if it is required."""
    return {name: _schema(MODELS[name]) for name in sorted(MODELS)}


def _schema(model: Model) -> dict[str, Any]:
    hints = get_type_hints(model.cls)
    described = {
        field.name: f"{_spell(hints[field.name])}, {'required' if _required(field) else 'default'}"
        for field in fields(model.cls)
        if not _excluded(get_type_hints(model.cls, include_extras=True)[field.name])
    }
    return {"version": model.version, "fields": described}


def _excluded(hint: Any) -> bool:
    """Return True if a field is not encoded."""
    return any(getattr(each, "exclude", None) for each in getattr(hint, "__metadata__", ()))


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _spell(hint: Any) -> str:
    """Spell a type without its module."""
    if hint in _NAMES:
        return _NAMES[hint]
    if hint in (Any, Ellipsis, NoneType):
        return {Any: "Any", Ellipsis: "...", NoneType: "None"}[hint]
    if get_origin(hint) is Literal:
        return f"Literal[{', '.join(sorted(map(repr, get_args(hint))))}]"
    if get_origin(hint) in (Union, UnionType):
        return " | ".join(sorted(map(_spell, get_args(hint))))
    if get_args(hint):
        return f"{get_origin(hint).__name__}[{', '.join(map(_spell, get_args(hint)))}]"
    return str(hint.__name__)


_NAMES = {model.cls: name for name, model in MODELS.items()}


def incompatible(recorded: Schemas, present: Schemas) -> list[str]:
    """Return the changes that need a new model version and have none."""
    broken = {
        name: change
        for name in recorded
        if name in present and (change := _change(recorded[name], present[name]))
    }
    while held := {
        name: f"holds {part}"
        for name in recorded
        if name in present and name not in broken
        for part in broken
        if any(re.search(rf"\b{part}\b", spelled) for spelled in recorded[name]["fields"].values())
    }:
        broken |= held
    return [
        f"{name}: {change}"
        for name, change in sorted(broken.items())
        if present[name]["version"] <= recorded[name]["version"]
    ] + [f"{name}: is gone" for name in sorted(recorded.keys() - present.keys())]


def _change(recorded: dict[str, Any], present: dict[str, Any]) -> str | None:
    """Return the first change that makes existing values unreadable, or None."""
    before, after = recorded["fields"], present["fields"]
    for name, spelled in after.items():
        if spelled.endswith("required") and name not in before:
            return f"{name} is new and required"
    for name, spelled in before.items():
        if name not in after:
            return f"{name} is gone"
        if not _readable(spelled, after[name]):
            return f"{name} was {spelled}, is {after[name]}"
    return None


def _readable(before: str, after: str) -> bool:
    """Return True if values of the old type can be read as the new one."""
    (old, was_default), (new, is_default) = (each.rsplit(", ", 1) for each in (before, after))
    if (was_default, is_default) == ("default", "required"):
        return False
    literal = r"Literal\[(.*?)\]"
    choices = zip(re.findall(literal, old), re.findall(literal, new), strict=False)
    old, new = (re.sub(literal, "Literal", each) for each in (old, new))
    return set(old.split(" | ")) <= set(new.split(" | ")) and all(
        set(fewer.split(", ")) <= set(more.split(", ")) for fewer, more in choices
    )


def check(recorded: Schemas, present: Schemas) -> None:
    """Refuse changes that need a new version.

    Raises:
        SystemExit: There are such changes.
    """
    if found := incompatible(recorded, present):
        raise SystemExit(
            "raise versions in transforms/model/registry.py, and plan a drain:\n" + "\n".join(found)
        )


def example(cls: Any) -> Any:
    """Return the same value of a type each time, with every field set."""
    if isinstance(cls, type) and is_dataclass(cls):
        hints = get_type_hints(cls)
        return cls(**{f.name: example(hints[f.name]) for f in fields(cls)})
    arguments = get_args(cls)
    if get_origin(cls) is Literal:
        return arguments[-1]
    if get_origin(cls) in (Union, UnionType):
        return example(next(each for each in arguments if each is not NoneType))
    if get_origin(cls) is tuple:
        return tuple(example(each) for each in arguments if each is not Ellipsis)
    if cls == Mapping[str, Any]:
        return {"é": [True, None, {"b": 1.5}]}
    if get_origin(cls) is Mapping:
        return {"é": example(arguments[1])}
    return _PLAIN[cls]


_PLAIN = {
    str: 'é"中',
    int: 7,
    float: 1.25e-6,
    bool: True,
    bytes: b"\x00\xff{}",
    datetime: datetime(2026, 1, 2, 3, 4, 5, 6, UTC),
}


def record() -> None:
    """Add missing examples to the file of the current release."""
    file = FOLDER / f"{version('vividly-pipeline')}.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    for name, model in MODELS.items():
        encoded = ModelCoder(model).encode(example(model.cls)).decode()
        known.setdefault(f"{name}:{model.version}", encoded)
    text = json.dumps(dict(sorted(known.items())), indent=1, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")


def released() -> Iterator[tuple[str, str, int, bytes]]:
    """Yield every example of every release: release, model name, model version, bytes."""
    for file in sorted(FOLDER.glob("*.json")):
        for key, text in json.loads(file.read_text(encoding="utf-8")).items():
            name, _, of = key.rpartition(":")
            yield file.stem, name, int(of), text.encode()
