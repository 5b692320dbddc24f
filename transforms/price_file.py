"""Read and validate an operator's price file, whose format is that of an engine's `prices.toml`."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from transforms.prices import Price, parse_prices

_SOURCE = {"name", "date"}
_SKU = {"usd", "per", "unit", "source"}


def read_price_file(path: str) -> tuple[tuple[str, Price], ...]:
    """Return the prices in a file, by SKU.

    Raises:
        ValueError: the file cannot be read or breaks the format; names every error.
    """
    try:
        content = tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # not UTF-8, or not TOML
        raise ValueError(f"{path} is not a TOML file: {error}") from error
    errors = list(_errors(content))
    if errors:
        raise ValueError(f"{path}: {'; '.join(errors)}")
    return tuple(parse_prices(content).items())


def _errors(content: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(content.keys() - {"sources", "skus"}):
        yield f"{name}: is neither `sources` nor `skus`"
    sources, skus = content.get("sources", {}), content.get("skus", {})
    if not isinstance(sources, dict) or not isinstance(skus, dict):
        yield "`sources` and `skus` must be tables"
        return
    if not skus:
        yield 'skus: give at least one price, such as [skus."gemini-x/input-tokens"]'
    for name, source in sources.items():
        yield from _table_errors(f"sources.{name}", source, _SOURCE)
        if isinstance(source, dict):
            yield from _source_errors(f"sources.{name}", source)
    for name, sku in skus.items():
        yield from _table_errors(f'skus."{name}"', sku, _SKU)
        if isinstance(sku, dict):
            yield from _sku_errors(f'skus."{name}"', sku, sources)


def _table_errors(place: str, value: object, keys: set[str]) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place}: must be a table"
        return
    for key in sorted(keys - value.keys()):
        yield f"{place}.{key}: is missing"
    for key in sorted(value.keys() - keys):
        yield f"{place}.{key}: is unknown; a table has {', '.join(sorted(keys))}"


def _source_errors(place: str, source: Mapping[str, Any]) -> Iterator[str]:
    if "name" in source and not _is_text(source["name"]):
        yield f"{place}.name: must name the page of the prices"
    day = source.get("date", date.min)
    if not isinstance(day, date) or isinstance(day, datetime):
        yield f"{place}.date: must be the day the prices were read, such as 2026-11-30"


def _sku_errors(place: str, sku: Mapping[str, Any], sources: Mapping[str, Any]) -> Iterator[str]:
    usd, per = sku.get("usd", 0), sku.get("per", 1)
    if isinstance(usd, bool) or not isinstance(usd, int | float) or not 0 <= usd < math.inf:
        yield f"{place}.usd: must be a number of US dollars from 0"
    if isinstance(per, bool) or not isinstance(per, int) or per < 1:
        yield f"{place}.per: must be a whole number of units from 1"
    if "unit" in sku and not _is_text(sku["unit"]):
        yield f'{place}.unit: must name the unit, such as "token"'
    if "source" in sku and sku["source"] not in list(sources):
        yield f"{place}.source: must be one of the file's sources: {', '.join(sources) or 'none'}"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
