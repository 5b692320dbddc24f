"""A command that is to send traces needs the extra `traces`."""

from __future__ import annotations

import sys

import pytest

from pipeline.cli.app import main
from pipeline.exit_status import USAGE


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--otlp-endpoint", "http://localhost:4318"], {}),
        ([], {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}),
    ],
)
def test_missing_extra_names_the_package_and_its_installation(
    arguments, variables, tmp_path, monkeypatch, capsys
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delitem(sys.modules, "transforms.telemetry.otlp", raising=False)
    package = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
    monkeypatch.setitem(sys.modules, package, None)
    assert main(["batch", str(tmp_path / "requests.jsonl"), *arguments]) == USAGE
    printed = capsys.readouterr().err
    assert f"--otlp-endpoint needs the package {package}: " in printed
    assert "[traces]" in printed
