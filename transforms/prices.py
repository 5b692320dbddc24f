"""Prices of resources, from the dated table `prices.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from transforms.model import Usage


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
def _table() -> dict[str, Any]:
    return tomllib.loads((files("transforms") / "prices.toml").read_text(encoding="utf-8"))


@cache
def prices() -> Mapping[str, Price]:
    """Return the price of every SKU."""
    sources = _table()["sources"]
    return {
        sku: Price(
            usd=entry["usd"],
            per=entry["per"],
            unit=entry["unit"],
            source=sources[entry["source"]]["name"],
            date=sources[entry["source"]]["date"],
        )
        for sku, entry in _table()["skus"].items()
    }


def price(usage: Iterable[Usage]) -> float:
    """Return the cost of `usage` in US dollars.

    Raises:
        ValueError: A SKU is not in the table.
    """
    total = 0.0
    for used in usage:
        try:
            entry = prices()[used.sku]
        except KeyError:
            raise ValueError(
                f"no price is known for {used.sku!r}: add it to transforms/prices.toml"
            ) from None
        total += used.quantity * entry.usd / entry.per
    return total


def typical(stage: str, engine: str, model: str | None = None) -> tuple[Usage, ...]:
    """Return the usage of a stage for a typical lesson (300 spoken words).

    Args:
        stage: ``"script"``, ``"narration"`` or ``"video"``.
        engine: Name of the engine.
        model: Model of the engine, if it has several.

    Raises:
        ValueError: The table has no typical usage for that stage and engine.
    """
    try:
        usage = _table()["typical"][stage][engine]
    except KeyError:
        raise ValueError(
            f"no typical usage is known for the {stage} stage with the {engine!r} engine: "
            f"add [typical.{stage}.{engine}] to transforms/prices.toml"
        ) from None
    prefix = f"{model}/" if model else ""
    return tuple(Usage(prefix + sku, float(quantity)) for sku, quantity in usage.items())


def saved_by_skipping(stage: str, engine: str) -> float:
    """Return the US dollars a request saves by skipping a stage: the cost of `typical`.

    Args:
        stage: As for `typical`.
        engine: As for `typical`.

    Raises:
        ValueError: As for `typical`.
    """
    return price(typical(stage, engine))
