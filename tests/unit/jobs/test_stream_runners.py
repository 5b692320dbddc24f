"""`vividly run` accepts the runners that read Pub/Sub, and refuses the others with a remedy."""

from __future__ import annotations

import pytest

from pipeline.jobs.stream_runners import stream_runner
from pipeline.usage_error import UsageError


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        ("DataflowRunner", "DataflowRunner"),
        ("dataflow", "DataflowRunner"),
        ("DirectRunner", "DirectRunner"),
        ("BundleBasedDirectRunner", "DirectRunner"),
        ("apache_beam.runners.direct.direct_runner.BundleBasedDirectRunner", "DirectRunner"),
    ],
)
def test_runner_that_reads_pubsub_is_accepted(given, expected):
    assert stream_runner(given) == expected


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("FnApiRunner", "FnApiRunner"),
        ("apache_beam.runners.portability.fn_api_runner.FnApiRunner", "FnApiRunner"),
        ("portable", "PortableRunner"),
        ("PrismRunner", "PrismRunner"),
        ("FlinkRunner", "FlinkRunner"),
        ("SparkRunner", "SparkRunner"),
        ("SwitchingDirectRunner", "SwitchingDirectRunner"),
        ("DaskRunner", "DaskRunner"),
    ],
)
def test_runner_without_pubsub_is_refused_with_remedy(given, name):
    with pytest.raises(UsageError) as refused:
        stream_runner(given)
    assert f"--runner={name} cannot read Pub/Sub from Python" in str(refused.value)
    assert "issues/27443" in str(refused.value)
    assert "vividly drain" in str(refused.value)


def test_unknown_runner_is_refused():
    with pytest.raises(UsageError, match="Beam has no runner SparkleRunner"):
        stream_runner("SparkleRunner")
