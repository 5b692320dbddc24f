"""Prices of used resources, from dated tables: `prices.toml` here and in every engine's package.

An operator's file can replace prices and add some (`transforms.price_file`).
"""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from transforms.engine_registry import find_engine, registered_engines
from transforms.model import Usage

log = logging.getLogger(__name__)

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
    table = parse_prices(tomllib.loads((files("transforms") / "prices.toml").read_text("utf-8")))
    for engines in registered_engines().values():
        for name, plugin in engines.items():
            for sku, entry in parse_prices(plugin.read_prices()).items():
                if table.setdefault(sku, entry) != entry:
                    raise ValueError(f"the engine {name} gives {sku!r} a second price")
    return table


def parse_prices(content: Mapping[str, Any]) -> dict[str, Price]:
    """Return the prices in the content of a valid price file, by SKU."""
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


class Unpriced(ValueError):
    """A SKU has no price."""

    def __init__(self, sku: str) -> None:
        super().__init__(
            f"no price is known for {sku!r}: give it in a file (--prices FILE), or count it as "
            "nothing (--allow-unpriced)"
        )


@dataclass(frozen=True)
class Prices:
    """The price table of a job.

    Attributes:
        changes: Prices that replace or extend the included ones, by SKU.
        allow_unpriced: Count usage without a price as nothing, instead of raising `Unpriced`.
    """

    changes: tuple[tuple[str, Price], ...] = ()
    allow_unpriced: bool = False

    def price(self, usage: Iterable[Usage]) -> float:
        """Return the cost of `usage` in US dollars.

        Raises:
            Unpriced: A SKU has no price.
        """
        table = self.table()
        return sum((used.quantity * self._unit_price(used, table) for used in usage), 0.0)

    def unpriced(self, usage: Iterable[Usage]) -> list[str]:
        """Return the SKUs in `usage` that have no price of their own."""
        table = self.table()
        return [used.sku for used in usage if not _price_of(used.sku, table)]

    def table(self) -> Mapping[str, Price]:
        """Return all prices by SKU."""
        return {**prices(), **dict(self.changes)} if self.changes else prices()

    def _unit_price(self, used: Usage, table: Mapping[str, Price]) -> float:
        entry = _price_of(used.sku, table)
        if entry is None:
            entry = _price_of(used.priced_as, table)
            if entry is None and not self.allow_unpriced:
                raise Unpriced(used.sku)
            _warn_once(used.sku, used.priced_as if entry else "0 US dollars")
        return entry.usd / entry.per if entry else 0.0


INCLUDED = Prices()
"""The price table without an operator's changes."""


def _price_of(sku: str, table: Mapping[str, Price]) -> Price | None:
    """Return the price of a SKU; cached input without a price costs as much as other input."""
    return table.get(sku) or table.get(sku.replace("/cached-", "/"))


@cache
def _warn_once(sku: str, instead: str) -> None:
    log.warning("%s has no price and counts as %s; give one with --prices", sku, instead)


def price(usage: Iterable[Usage]) -> float:
    """Return the cost of `usage` in US dollars, at the included prices.

    Raises:
        Unpriced: A SKU has no price.
    """
    return INCLUDED.price(usage)


def total(usage: Iterable[Usage]) -> tuple[Usage, ...]:
    """Sum usage by SKU, in the order of their first occurrence."""
    sums: dict[str, Usage] = {}
    for used in usage:
        before = sums.get(used.sku, replace(used, quantity=0.0))
        sums[used.sku] = replace(before, quantity=before.quantity + used.quantity)
    return tuple(sums.values())


def costs_more_than_machine(usage: Iterable[Usage]) -> bool:
    """Return whether `usage` has other SKUs than time of this machine."""
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


def saved_by_skipping(stage: str, engine: str, table: Prices = INCLUDED) -> float:
    """Return the US dollars a request saves by skipping a stage: the cost of `typical`.

    Args:
        stage: As for `typical`.
        engine: As for `typical`.
        table: Price table of the job.

    Raises:
        ValueError: As for `typical`.
    """
    return table.price(typical(stage, engine))
