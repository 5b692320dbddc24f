"""Fields of all templates as text, made from the models, for the prompt of a script engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args

from transforms.pictures.examples import EXAMPLES
from transforms.pictures.picture import Picture
from transforms.pictures.template import COMPUTED, Part, Template


def field_list() -> str:
    """Return the fields of each template with an example; without backslashes."""
    return "\n".join(line for template in get_args(Picture) for line in _lines(template))


def _lines(template: type[Template]) -> Iterator[str]:
    name = template.model_fields["template"].annotation
    (tag,) = get_args(name)
    does = " ".join((template.__doc__ or "").split("\n\n")[0].split()).replace("``", "`")
    yield f"- {tag}: {does}"
    schema = template.model_json_schema()
    hidden = {"template", *COMPUTED, *template.STATED, "states"}
    fields = _fields(schema, schema["$defs"], hidden, _stated(template))
    verbs = " | ".join((*template.VERBS, "beside"))
    yield f"  {fields}, states? {{name: text that begins with {verbs}}}"
    if template.known_names():
        yield f"  {template.known_names()}"
    yield f"  example: {json.dumps(EXAMPLES[tag], ensure_ascii=False)}"


def _stated(template: type[Template]) -> dict[str, frozenset[str]]:
    """Return the stated results of each part by its name in the schema; engines leave them out."""
    return {part.__name__: part.STATED for part in _parts(template)}


def _parts(of: Any) -> Iterator[type[Part]]:
    """Yield the parts that a type holds, and itself if it is one."""
    if isinstance(of, type) and issubclass(of, Part):
        yield of
        for field in of.model_fields.values():
            yield from _parts(field.annotation)
    for inner in get_args(of):
        yield from _parts(inner)


def _fields(
    schema: dict[str, Any],
    parts: dict[str, Any],
    hidden: set[str] | frozenset[str],
    stated: dict[str, frozenset[str]],
) -> str:
    required = set(schema.get("required", ()))
    return ", ".join(
        f"{key}{'' if key in required else '?'} {_type(value, parts, stated)}".rstrip()
        for key, value in schema["properties"].items()
        if key not in hidden
    )


def _type(value: dict[str, Any], parts: dict[str, Any], stated: dict[str, frozenset[str]]) -> str:
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        part = parts[name]
        if "properties" in part:
            return f"{{{_fields(part, parts, stated.get(name, frozenset()), stated)}}}"
        return _type(part, parts, stated)
    if "prefixItems" in value:
        kinds = [_type(each, parts, stated) for each in value["prefixItems"]]
        return '[number, "unit"]' if kinds == ["number", "text"] else f"[{', '.join(kinds)}]"
    if "anyOf" in value:
        shown = [
            each for each in value["anyOf"] if each.get("type") != "null" and "const" not in each
        ]
        return " | ".join(_type(each, parts, stated) for each in shown)
    if "enum" in value:
        return " | ".join(map(str, value["enum"]))
    if value.get("type") == "array":
        least, most = value.get("minItems", 0), value.get("maxItems", "many")
        return f"{least}-{most} of {_type(value['items'], parts, stated)}"
    kinds_by_type = {"string": "text", "boolean": "true | false", "integer": "whole number"}
    return kinds_by_type.get(value.get("type", ""), value.get("type", ""))
