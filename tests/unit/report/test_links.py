"""Tests of `links`: URLs from a page to artifacts."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.report.links import Link, link

FOLDER = Path("/srv/reports")


@pytest.mark.parametrize(
    ("uri", "href"),
    [
        ("/srv/reports/a/video.mp4", "a/video.mp4"),
        ("/srv/lessons/a b#1?/video.mp4", "../lessons/a%20b%231%3F/video.mp4"),
        ("/srv/reports/javascript:x", "javascript%3Ax"),
    ],
)
def test_local_artifact_is_linked_relative_to_the_page(uri, href):
    assert link(uri, FOLDER) == Link(href, playable=True)


def test_cloud_artifact_is_linked_through_login_page():
    found = link("gs://lessons/prefix/a/video.mp4", FOLDER)
    assert found == Link(
        "https://storage.cloud.google.com/lessons/prefix/a/video.mp4", playable=False
    )


@pytest.mark.parametrize("uri", ["javascript:alert(1)", "https://example.org/a", "", "a/b"])
def test_other_addresses_are_not_linked(uri):
    assert link(uri, FOLDER) is None
