"""Redeliveries of settled messages are logged and counted as such."""

from __future__ import annotations

import logging

import pytest

from tests.integration import stand_ins
from tests.integration.test_metrics import Place
from transforms.telemetry import log_events


@pytest.fixture
def place(migrated_postgres, tmp_path, monkeypatch):
    stand_ins.install(monkeypatch)
    return Place(migrated_postgres.url, str(tmp_path))


def logged_outcomes(caplog):
    """Count outcomes logged as settled now, and as settled before."""
    logged = [record.msg for record in caplog.records]
    return logged.count(log_events.SETTLED), logged.count(log_events.SETTLED_BEFORE)


def test_redelivered_completion_counts_savings_and_latency_once(place, caplog):
    caplog.set_level(logging.INFO)
    sent = stand_ins.message(stand_ins.request(requested_modalities=["text"]))
    first, timed = place.run(sent)
    assert first["cost_saved_nano_usd"] > 0
    assert timed["end_to_end_milliseconds"].count == 1
    assert logged_outcomes(caplog) == (1, 0)
    caplog.clear()
    again, spread = place.run(sent)
    assert again["outcome_completed"] == 1
    assert again["cost_saved_nano_usd"] == 0
    assert "end_to_end_milliseconds" not in spread
    assert logged_outcomes(caplog) == (0, 1)


def test_duplicate_is_logged_as_new_once(place, caplog):
    caplog.set_level(logging.INFO)
    wanted = stand_ins.request(requested_modalities=["text"])
    place.run(stand_ins.message(wanted))
    second = stand_ins.message(wanted)
    for expected in ((1, 0), (0, 1)):
        caplog.clear()
        counters, _ = place.run(second)
        assert counters["outcome_duplicate"] == 1
        assert logged_outcomes(caplog) == expected
