"""Prices of used resources, from dated tables: `prices.toml` here and in every engine's package."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from transforms.engine_registry import find_engine, registered_engines
from transforms.model import Usage

MACHINE = "cpu-seconds"
"""SKU of the machine that engines run on."""


@dataclass(frozen=True)
class Price:
    """The price of one SKU: `usd` US dollars for every `per` units.

    Attributes:
        usd: US dollars for `per` units.
        per: Number of units.
        unit: Name of the unit, such as ``"token"``.
        source: Name of the public price page.
        date: Day the price was read there.
    """

    usd: float
    per: int
    unit: str
    source: str
    date: date


@cache
def prices() -> Mapping[str, Price]:
    """Return the prices by SKU: of this machine and of all installed engines.

    Raises:
        ValueError: two engines give the same SKU different prices.
    """
    table = _parse(tomllib.loads((files("transforms") / "prices.toml").read_text("utf-8")))
    for engines in registered_engines().values():
        for name, plugin in engines.items():
            for sku, entry in _parse(plugin.read_prices()).items():
                if table.setdefault(sku, entry) != entry:
                    raise ValueError(f"the engine {name} gives {sku!r} a second price")
    return table


def _parse(content: Mapping[str, Any]) -> dict[str, Price]:
    return {
        sku: Price(
            usd=entry["usd"],
            per=entry["per"],
            unit=entry["unit"],
            source=content["sources"][entry["source"]]["name"],
            date=content["sources"][entry["source"]]["date"],
        )
        for sku, entry in content.get("skus", {}).items()
    }


def price(usage: Iterable[Usage]) -> float:
    """Return the cost of `usage` in US dollars.

    Raises:
        ValueError: A SKU has no price.
    """
    total = 0.0
    for used in usage:
        try:
            entry = prices()[used.sku]
        except KeyError:
            raise ValueError(
                f"no price is known for {used.sku!r}: add it to the engine's prices.toml"
            ) from None
        total += used.quantity * entry.usd / entry.per
    return total


def total(usage: Iterable[Usage]) -> tuple[Usage, ...]:
    """Return the usage with one sum for each SKU, in the order of their first occurrence."""
    sums: dict[str, float] = {}
    for used in usage:
        sums[used.sku] = sums.get(used.sku, 0.0) + used.quantity
    return tuple(Usage(sku, quantity) for sku, quantity in sums.items())


def costs_more_than_machine(usage: Iterable[Usage]) -> bool:
    """Return whether `usage` has more than time of the machine, which is paid in any case."""
    return any(used.sku != MACHINE for used in usage)


def typical(
    stage: str, engine: str, settings: Mapping[str, Any] | None = None
) -> tuple[Usage, ...]:
    """Return the usage of an engine for a typical lesson (300 spoken words).

    It is the table ``[typical]`` of the engine's price file: quantities by SKU, whose names may
    hold settings of the engine, such as ``{model}``.

    Args:
        stage: the engine's stage.
        engine: name of the engine.
        settings: the engine's settings; their defaults when not given.

    Raises:
        ValueError: the engine is not installed, or its price file has no such table.
    """
    plugin = find_engine(stage, engine)
    usage = plugin.read_prices().get("typical")
    if usage is None:
        raise ValueError(
            f"no typical usage is known for the {stage} stage with the {engine!r} engine: "
            f"add [typical] to {plugin.prices} of {plugin.package}"
        )
    values = plugin.defaults() if settings is None else settings
    return tuple(Usage(sku.format_map(values), float(used)) for sku, used in usage.items())


def saved_by_skipping(stage: str, engine: str) -> float:
    """Return the US dollars a request saves by skipping a stage: the cost of `typical`.

    Args:
        stage: As for `typical`.
        engine: As for `typical`.

    Raises:
        ValueError: As for `typical`.
    """
    return price(typical(stage, engine))
