"""Tests of `charts`: SVG that fits a strict content security policy and is accessible."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from pipeline.report import charts
from tests.reports import ordinary
from transforms.ledger.scoped import Latency, Saving, StageCost

REPORT = ordinary()
DRAWN = {
    "outcomes": charts.outcomes([("completed", 3, "completed"), ("dead", 1, "<dead>")]),
    "latencies": charts.latencies(REPORT.latencies),
    "costs": charts.costs(REPORT.costs, REPORT.savings),
}


@pytest.mark.parametrize("svg", DRAWN.values(), ids=DRAWN)
def test_chart_is_accessible_and_has_no_styles(svg):
    root = ElementTree.fromstring(svg)
    assert root.attrib["role"] == "img"
    ids = {element.attrib["id"]: element for element in root.iter() if "id" in element.attrib}
    for name in root.attrib["aria-labelledby"].split():
        assert (ids[name].text or "").strip()
    for element in root.iter():
        assert element.tag not in ("style", "script", "metadata")
        assert "style" not in element.attrib
        assert not [value for value in element.attrib.values() if value.startswith("#0000")]
        href = element.attrib.get("href", "#")
        assert href == "#" or href[1:] in ids


def test_charts_of_one_page_share_no_ids():
    ids = [
        element.attrib["id"]
        for svg in DRAWN.values()
        for element in ElementTree.fromstring(svg).iter()
        if "id" in element.attrib
    ]
    assert len(ids) == len(set(ids))


def test_cost_chart_uses_stage_colours():
    assert "var(--script)" in DRAWN["costs"]
    assert "var(--saved)" in DRAWN["costs"]


@pytest.mark.parametrize("seconds", [0.0, 1e-6, 1.0, 1e7])
def test_latencies_accept_any_duration(seconds):
    row = Latency("script", 1, seconds, seconds, seconds, seconds)
    assert "script: median" in charts.latencies([row])


@pytest.mark.parametrize("usd", [1e-6, 0.00133, 0.9, 7, 123_456.0])
def test_cost_axis_has_few_short_labels(usd):
    svg = charts.costs([StageCost("video", "video", usd)], [])
    labels = [text.text or "" for text in ElementTree.fromstring(svg).iter("text")]
    amounts = [label for label in labels if label.startswith("$")]
    assert 2 <= len(amounts) <= 4
    assert len(set(amounts)) == len(amounts)
    assert max(map(len, amounts)) <= 10


def test_charts_accept_empty_data():
    charts.outcomes([])
    charts.latencies([])
    charts.costs([], [])
    charts.costs([StageCost("text", "script", 0.0)], [Saving("text", 1, 0.0)])
