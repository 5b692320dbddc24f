"""Dashboard, alerts and runbook: Google's own types accept them, and every metric they name is one
that the pipeline emits or that Google documents."""

from __future__ import annotations

import json
import logging
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
from google.cloud.monitoring_dashboard_v1 import Dashboard
from google.cloud.monitoring_v3 import AlertPolicy
from google.protobuf import json_format  # type: ignore[import-untyped]

from pipeline.monitoring.logging_config import CloudLogFormatter
from pipeline.monitoring.prometheus import metrics_registry
from pipeline.monitoring.summary import Tally
from tests.every_row import for_all
from tests.unit.deploy.terraform_files import FOLDER, evaluated, needs_terraform
from transforms.model import Outcome, StageRecord
from transforms.telemetry import log_events, metrics
from transforms.telemetry.log_format import LogFormatter

MONITORING = FOLDER.parent / "monitoring"
DASHBOARD = json.loads((MONITORING / "dashboard.json").read_text())
ALERTS = {f.stem: json.loads(f.read_text()) for f in sorted(MONITORING.glob("alerts/*.json"))}
LOG_METRICS = {
    m["name"]: m for m in (json.loads(f.read_text()) for f in MONITORING.glob("log-metrics/*.json"))
}
DOCUMENTED = tomllib.loads(Path(__file__).with_name("documented_metrics.toml").read_text())
RUNBOOK = (FOLDER.parents[1] / "docs" / "runbook.md").read_text()

GIVEN = {"max_connections": 400, "daily_cost_usd": 50, "request_cost_usd": 0.05}
"""Values that Terraform inserts into the alerts' queries."""


def inside(value: Any, key: str) -> list[Any]:
    """Every value of that key, however deep."""
    if isinstance(value, dict):
        here = [value[key]] if key in value else []
        return here + [found for each in value.values() for found in inside(each, key)]
    if isinstance(value, list):
        return [found for each in value for found in inside(each, key)]
    return []


def filled(query: str) -> str:
    for name, value in GIVEN.items():
        query = query.replace(f"${{{name}}}", str(value))
    return query


QUERIES = [filled(q) for q in inside(DASHBOARD, "prometheusQuery") + inside(ALERTS, "query")]


def selectors(node: Any) -> list[Any]:
    """The vector selectors of a parsed query."""
    if isinstance(node, promql.VectorSelector):
        return [node]
    if isinstance(node, promql.MatrixSelector):
        return [node.vector_selector]
    parts = [getattr(node, name, None) for name in ("expr", "lhs", "rhs", "param")]
    parts += list(getattr(node, "args", None) or [])
    return [found for part in parts if part is not None for found in selectors(part)]


def in_promql(name: str) -> str:
    """A metric's name as PromQL writes it (https://cloud.google.com/monitoring/promql)."""
    return re.sub(r"[^\w:]", "_", name.replace("/", ":", 1))


def base(name: str) -> str:
    return re.sub(r"_(bucket|sum|count)$", "", name)


def prometheus_names() -> set[str]:
    """Return the names of the metrics at a drain's /metrics."""
    tally = Tally("drain")
    tally.received(1)
    record = StageRecord("script", "e", "f", 1.0, 0.5, (), ())
    tally.settled([Outcome("1", "completed", records=(record,), seconds=2.0)])
    families = metrics_registry(tally, lambda: 0.0).collect()
    return {sample.name for family in families for sample in family.samples}


def test_selectors_of_query_are_found():
    parsed = promql.parse('sum(rate(a{x="y"}[5m]) or rate(b[5m])) / (c + vector(0)) > 2')
    assert [s.name for s in selectors(parsed)] == ["a", "b", "c"]
    assert len(QUERIES) > 40


@for_all(QUERIES)
def test_every_metric_is_documented_or_emitted(query):
    documented = {in_promql(name): facts for name, facts in DOCUMENTED.items()}
    logged = {in_promql(f"logging.googleapis.com/user/{n}"): m for n, m in LOG_METRICS.items()}
    found = selectors(promql.parse(query))
    assert found
    for selector in found:
        matchers = {m.name: m.value for m in selector.matchers.matchers}
        name = selector.name
        if name in documented:
            facts = documented[name]
            known = {"monitored_resource", *facts["labels"], *facts["resource_labels"]}
            assert matchers.pop("monitored_resource") == facts["resource"]
        elif base(name) in logged:
            metric = logged[base(name)]
            distribution = metric["metricDescriptor"]["valueType"] == "DISTRIBUTION"
            assert distribution == (name != base(name))
            assert f'"{matchers.pop("monitored_resource")}"' in metric["filter"]
            known = set(metric.get("labelExtractors", {}))
        else:
            assert name in prometheus_names(), name
            known = {"outcome", "stage", "le"}
        assert matchers.keys() <= known, name


def test_every_queried_user_counter_is_reported():
    """`tests/integration/test_metrics.py` sees to it that the graph emits them all."""
    asked = set()
    for query in QUERIES:
        for selector in selectors(promql.parse(query)):
            if selector.name.endswith("job_user_counter"):
                [pattern] = [m.value for m in selector.matchers.matchers if m.name == "metric_name"]
                for alternative in pattern.split("|"):
                    matching = {n for n in metrics.reported() if re.fullmatch(alternative, n)}
                    assert matching, alternative
                    asked |= matching
    assert {"received", "cost_nano_usd", "outcome_completed"} <= asked


def test_documented_metrics_say_where():
    used = {s.name for q in QUERIES for s in selectors(promql.parse(q))}
    assert {in_promql(name) for name in DOCUMENTED} <= used, "none is listed for nothing"
    for name, facts in DOCUMENTED.items():
        assert facts["page"].startswith("https://cloud.google.com/"), name


LINES = [
    (log_events.STAGE_DONE, ("script", 2.34, 0.0001), {
        "vividly_stage_seconds": (2.34, {"stage": "script"}),
        "vividly_cost_usd": (0.0001, {"stage": "script"}),
    }),
    (log_events.RESULT_COPIED, ("narration", 0.0543), {
        "vividly_reuse_saved_usd": (0.0543, {"stage": "narration"}),
    }),
    (log_events.SETTLED, ("completed", 61.5), {
        "vividly_outcomes": (None, {"status": "completed"}),
        "vividly_end_to_end_seconds": (61.5, {}),
    }),
    (log_events.SETTLED, ("dead_lettered", 1.0), {
        "vividly_outcomes": (None, {"status": "dead_lettered"}),
    }),
    (log_events.SETTLED, ("cancelled", 1.0), {"vividly_outcomes": (None, {"status": "cancelled"})}),
    (log_events.HOURLY_BUDGET, (5.01, 5.0, "requests wait"), {"vividly_budget_spent": (None, {})}),
    (log_events.HOURLY_BUDGET, (4.99, 5.0, "going on"), {}),
    (log_events.FAULT, ("configuration", "postgres is misconfigured: no grant"), {
        "vividly_faults": (None, {"domain": "configuration"}),
    }),
    (log_events.CANARY, ("script", "passed", 5, "KeyError at a.py:1"), {
        "vividly_canaries": (None, {"verdict": "passed"}),
    }),
    (log_events.LAPSED_CLAIMS, (3, 15.0), {"vividly_lapsed_claims_seen": (None, {})}),
    (log_events.CARE_NOT_TOLD, ("DependencyDown",), {
        "vividly_care_messages_failed": (None, {}),
    }),
    (log_events.COPY_FAILED, ("DependencyDown",), {
        "vividly_dead_letter_copies_failed": (None, {}),
    }),
    (log_events.STARTED_TOO_OFTEN, ("video", 20), {"vividly_started_too_often": (None, {})}),
    (log_events.MODEL_RETIRED, ("gemini-1", "offline"), {"vividly_model_retired": (None, {})}),
    (log_events.SETTLED_BEFORE, (1.0,), {}),
    ("%s reused", ("script",), {}),
    ("%s failed", ("script",), {}),
]  # fmt: skip


@pytest.mark.parametrize("runtime", ["cloud run", "worker"])
@pytest.mark.parametrize(("message", "arguments", "expected"), LINES)
def test_log_based_metrics_match_log_lines(runtime, message, arguments, expected):
    """On Cloud Run it is our JSON; on a worker the message is our text, with its fields."""
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, message, arguments, None)
    record.__dict__ |= {"request_id": "r", "stage": "script", "attempt": 1, "seconds": 2.34}
    formatter = CloudLogFormatter("p") if runtime == "cloud run" else LogFormatter()
    said = formatter.format(record)
    text = json.loads(said)["message"] if runtime == "cloud run" else said
    found = {}
    for name, metric in LOG_METRICS.items():
        pattern = group(r'.*jsonPayload\.message=~"(.*)"', metric["filter"])
        if re.search(pattern, text):
            value = metric.get("valueExtractor")
            labels = metric.get("labelExtractors", {})
            found[name] = (
                float(extracted(value, text)) if value else None,
                {label: extracted(rule, text) for label, rule in labels.items()},
            )
    assert found == expected


def extracted(rule: str, text: str) -> str:
    """Return the text that Cloud Logging's REGEXP_EXTRACT extracts from a message."""
    pattern = group(r'REGEXP_EXTRACT\(jsonPayload\.message, "(.*)"\)', rule)
    return group(pattern.replace("\\\\", "\\") + ".*", text)


def group(pattern: str, text: str) -> str:
    """The one group of a pattern that matches the whole text."""
    found = re.fullmatch(pattern, text)
    assert found, (pattern, text)
    return found[1]


def test_dashboard_is_valid_for_google():
    dashboard = json_format.ParseDict(DASHBOARD, Dashboard()._pb)
    tiles = dashboard.mosaic_layout.tiles
    taken: set[tuple[int, int]] = set()
    for tile in tiles:
        assert tile.x_pos + tile.width <= dashboard.mosaic_layout.columns
        area = {
            (x, y)
            for x in range(tile.x_pos, tile.x_pos + tile.width)
            for y in range(tile.y_pos, tile.y_pos + tile.height)
        }
        assert not area & taken, "tiles overlap"
        taken |= area
        assert tile.widget.title


@for_all(list(ALERTS))
def test_alert_is_valid_for_google(name):
    policy = AlertPolicy(json_format.ParseDict(ALERTS[name], AlertPolicy()._pb))
    assert policy.severity in (AlertPolicy.Severity.CRITICAL, AlertPolicy.Severity.WARNING)
    assert policy.conditions
    for condition in policy.conditions:
        [rule] = [condition.condition_prometheus_query_language]
        assert rule.duration.total_seconds() % 60 == 0
        assert re.search(r" [<>]=? ", rule.query), "an alert compares"


@for_all(list(ALERTS))
def test_each_alert_links_to_its_runbook_section(name):
    documentation = ALERTS[name]["documentation"]
    assert f"docs/runbook.md#{name}" in documentation["content"]
    [link] = documentation["links"]
    assert link["url"] == f"${{runbook_url}}#{name}"
    section = re.search(rf"(?ms)^## {name}\n(.*?)(?=^## |\Z)", RUNBOOK)
    assert section, "the runbook has no such section"
    assert "**Means**" in section[1]
    assert len(section[1].split()) > 30


def test_every_runbook_section_has_an_alert():
    sections = set(re.findall(r"(?m)^## ([a-z-]+)$", RUNBOOK))
    assert sections == ALERTS.keys()
    assert set(re.findall(r"\]\(#([a-z-]+)\)", RUNBOOK)) <= sections


def test_alerts_cover_every_failure_mode():
    assert {
        "job-failed", "system-lag", "data-freshness", "dead-letters", "dead-letters-rising",
        "success-rate", "stage-seconds", "end-to-end-seconds", "backlog", "cost-per-request",
        "cost-per-day", "budget-spent", "lapsed-claims", "postgres-connections",
    } <= ALERTS.keys()  # fmt: skip


@needs_terraform
def test_terraform_converts_the_monitoring_files(tmp_path):
    """Its own functions read them; only the resources need the provider."""
    folder = tmp_path / "deploy" / "terraform"
    folder.mkdir(parents=True)
    shutil.copytree(MONITORING, tmp_path / "deploy" / "monitoring")
    shutil.copy(FOLDER / "variables.tf", folder)
    taken = (FOLDER / "monitoring.tf").read_text().partition("\nresource ")[0]
    outputs = "\n".join(
        f'output "{name}" {{\n  value = local.{name}\n}}' for name in ("alerts", "log_metrics")
    )
    (folder / "main.tf").write_text(f"{taken}\n{outputs}\n")
    found = evaluated(
        folder,
        project="my-project",
        max_connections=123,
        daily_cost_usd=7,
        runbook_url="https://example.com/runbook",
    )
    assert found["alerts"].keys() == ALERTS.keys()
    assert {m["name"] for m in found["log_metrics"].values()} == LOG_METRICS.keys()
    text = json.dumps(found["alerts"])
    assert "${" not in text
    assert "> 0.8 * 123" in text
    assert "https://example.com/runbook#system-lag" in text
