"""The price table is complete and dated, and costs add up."""

from __future__ import annotations

from datetime import date

import pytest

from pipeline.settings import BY_NAME
from transforms.engine_plugin import EnginePlugin
from transforms.model import Usage
from transforms.prices import Price, price, prices, saved_by_skipping, typical

GEMINI = ("gemini-2.5-flash", "gemini-2.5-pro", "gemini-2.5-flash-lite", "gemini-3.5-flash-lite")
VOICES = ("standard", "wavenet", "neural2", "chirp3-hd")


def test_every_sku_of_engines_has_price():
    expected = {"cpu-seconds"}
    kinds = ("input", "cached-input", "output")
    expected |= {f"{model}/{kind}-tokens" for model in GEMINI for kind in kinds}
    expected |= {f"text-to-speech/{voice}/characters" for voice in VOICES}
    assert expected <= prices().keys()


@pytest.mark.parametrize("sku", sorted(prices()))
def test_every_price_has_unit_source_and_date(sku: str):
    entry = prices()[sku]
    assert isinstance(entry, Price)
    assert entry.usd > 0
    assert entry.per >= 1
    assert entry.unit
    assert "pricing" in entry.source
    assert date(2025, 1, 1) < entry.date


@pytest.mark.parametrize(
    ("sku", "quantity", "usd"),
    [
        ("cpu-seconds", 3600, 0.069),
        ("gemini-2.5-flash/input-tokens", 2_000_000, 0.60),
        ("gemini-2.5-flash/output-tokens", 1_000, 0.0025),
        ("gemini-2.5-pro/output-tokens", 1_000_000, 10.0),
        ("gemini-3.5-flash/cached-input-tokens", 1_000_000, 0.15),
        ("gemini-2.5-flash-lite/input-tokens", 1_000_000, 0.10),
        ("text-to-speech/chirp3-hd/characters", 1_750, 0.0525),
        ("text-to-speech/standard/characters", 0, 0.0),
    ],
)
def test_cost_is_proportional_to_quantity(sku: str, quantity: float, usd: float):
    assert price([Usage(sku, quantity)]) == pytest.approx(usd)


def test_usage_of_same_sku_adds_up():
    tokens = Usage("gemini-2.5-flash/output-tokens", 400_000)
    assert price([tokens, tokens, Usage("cpu-seconds", 3600)]) == pytest.approx(2.0 + 0.069)
    assert price(()) == 0.0
    assert price(iter([tokens])) == pytest.approx(1.0)


def test_unknown_sku_is_named_with_remedy():
    with pytest.raises(ValueError, match=r"'gemini-0/input-tokens'.*--prices FILE"):
        price([Usage("gemini-0/input-tokens", 1)])


@pytest.mark.parametrize(
    ("stage", "engine"),
    [("narration", "offline"), ("narration", "google"), ("video", "slides")],
)
def test_skipped_stage_saves_its_typical_cost(stage: str, engine: str):
    usage = typical(stage, engine)
    assert usage
    assert all(used.quantity > 0 for used in usage)
    assert saved_by_skipping(stage, engine) == price(usage) > 0


@pytest.mark.parametrize(
    ("stage", "engine"),
    [
        (stage, engine)
        for stage, setting in (("script", "script"), ("narration", "voice"), ("video", "video"))
        for engine in BY_NAME[f"{setting}-engine"].choices
    ],
)
def test_every_engine_has_typical_cost(stage: str, engine: str):
    assert price(typical(stage, engine)) > 0


def test_typical_cost_depends_on_model():
    assert price(typical("script", "gemini", {"model": "gemini-2.5-pro"})) == pytest.approx(
        (5000 * 1.25 + 1600 * 10) / 1e6
    )
    assert price(typical("script", "offline")) < 0.000001


def test_google_voice_saves_more_than_offline_voice():
    assert saved_by_skipping("narration", "google") > 10 * saved_by_skipping("narration", "offline")


@pytest.mark.parametrize(
    ("stage", "engine"), [("narration", "slides"), ("script", "google"), ("video", "")]
)
def test_usage_of_unknown_engine_is_refused(stage: str, engine: str):
    with pytest.raises(ValueError, match=f"no {stage} engine named '{engine}' is installed"):
        typical(stage, engine)


def test_missing_typical_usage_names_price_file(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(EnginePlugin, "read_prices", lambda plugin: {})
    with pytest.raises(ValueError, match=r"'slides' engine.*prices\.toml of transforms"):
        typical("video", "slides")


def test_second_price_of_a_sku_is_refused(monkeypatch: pytest.MonkeyPatch):
    cheap = {
        "sources": {"mine": {"name": "pricing", "date": date(2026, 1, 1)}},
        "skus": {"cpu-seconds": {"usd": 0.01, "per": 1, "unit": "s", "source": "mine"}},
    }
    monkeypatch.setattr(EnginePlugin, "read_prices", lambda plugin: cheap)
    with pytest.raises(ValueError, match="'cpu-seconds' a second price"):
        prices.__wrapped__()
