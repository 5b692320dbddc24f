"""An operator's price file replaces and adds prices; errors in it are named."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

import pytest

from transforms.model import Usage
from transforms.price_file import read_price_file
from transforms.prices import Price, Prices, Unpriced, _warn_once, price, total

SOURCE = """
[sources.mine]
name = "our contract"
date = 2026-11-30
"""
SKU = """
[skus."gemini-9/input-tokens"]
usd = 2.5
per = 1_000_000
unit = "token"
source = "mine"
"""


@pytest.fixture(autouse=True)
def _not_warned_yet() -> None:
    _warn_once.cache_clear()


@pytest.fixture
def read(tmp_path: Path):
    def read(content: str) -> Prices:
        file = tmp_path / "prices.toml"
        file.write_text(content)
        return Prices(read_price_file(str(file)))

    return read


def test_file_adds_and_replaces_prices(read):
    cheaper = SKU.replace("gemini-9", "gemini-2.5-flash").replace("2.5\n", "0.1\n")
    table = read(SOURCE + SKU + cheaper)
    assert table.table()["gemini-9/input-tokens"] == Price(
        2.5, 1_000_000, "token", "our contract", date(2026, 11, 30)
    )
    flash = Usage("gemini-2.5-flash/input-tokens", 1_000_000)
    assert table.price([flash]) == pytest.approx(0.1)
    assert price([flash]) == pytest.approx(0.3)
    assert table.price([Usage("cpu-seconds", 3600)]) == pytest.approx(0.069)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("skus = [", "is not a TOML file"),
        ("", "give at least one price"),
        (SOURCE, "give at least one price"),
        (SOURCE + SKU + "[typical]\n", "typical: is neither `sources` nor `skus`"),
        ("skus = 1", "must be tables"),
        (SKU, "source: must be one of the file's sources: none"),
        (SOURCE + SKU.replace('"mine"', '["mine"]'), "source: must be one of"),
        (SOURCE + SKU.replace("2.5", '"2.5"'), "usd: must be a number of US dollars from 0"),
        (SOURCE + SKU.replace("2.5", "-1"), "usd: must be"),
        (SOURCE + SKU.replace("2.5", "nan"), "usd: must be"),
        (SOURCE + SKU.replace("2.5", "inf"), "usd: must be"),
        (SOURCE + SKU.replace("2.5", "true"), "usd: must be"),
        (SOURCE + SKU.replace("1_000_000", "0"), "per: must be a whole number"),
        (SOURCE + SKU.replace("1_000_000", "1.5"), "per: must be a whole number"),
        (SOURCE + SKU.replace('"token"', '""'), "unit: must name the unit"),
        (SOURCE + SKU.replace("unit", "units"), "unit: is missing; .*units: is unknown"),
        (SOURCE.replace("2026-11-30", '"today"') + SKU, "sources.mine.date: must be the day"),
        (SOURCE.replace("2026-11-30", "2026-11-30T10:00:00") + SKU, "date: must be the day"),
        (SOURCE.replace("our contract", " ") + SKU, "sources.mine.name: must name"),
        ("sources.mine = 1\n" + SKU, "sources.mine: must be a table"),
        (SOURCE + '[skus]\n"gemini-9/input-tokens" = 1', "must be a table"),
    ],
)
def test_error_in_file_is_named(read, content: str, error: str):
    with pytest.raises(ValueError, match=error):
        read(content)


def test_missing_file_is_named(tmp_path: Path):
    with pytest.raises(ValueError, match=r"none\.toml cannot be read: No such file"):
        read_price_file(str(tmp_path / "none.toml"))


def test_unpriced_usage_counts_as_nothing_if_allowed(caplog: pytest.LogCaptureFixture):
    used = [Usage("gemini-0/input-tokens", 10.0), Usage("cpu-seconds", 3600)]
    with pytest.raises(Unpriced, match=r"--prices FILE.*--allow-unpriced"):
        price(used)
    allowed = Prices(allow_unpriced=True)
    with caplog.at_level(logging.WARNING):
        assert [allowed.price(used) for _ in range(2)] == pytest.approx([0.069, 0.069])
    assert allowed.unpriced(used) == ["gemini-0/input-tokens"]
    assert [text.split(" has no price")[0] for text in caplog.messages] == ["gemini-0/input-tokens"]


def test_unknown_answering_model_costs_as_much_as_the_asked(caplog: pytest.LogCaptureFixture):
    used = Usage("gemini-7/cached-input-tokens", 1e6, "gemini-2.5-pro/cached-input-tokens")
    with caplog.at_level(logging.WARNING):
        assert price(total([used, used])) == pytest.approx(0.25)
    assert Prices().unpriced([used]) == ["gemini-7/cached-input-tokens"]
    assert "counts as gemini-2.5-pro/cached-input-tokens" in caplog.text


def test_cached_input_without_price_costs_as_much_as_other_input(read):
    table = read(SOURCE + SKU)
    assert table.price([Usage("gemini-9/cached-input-tokens", 1e6)]) == pytest.approx(2.5)
