"""Where an artifact is found from a page."""

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
def test_local_artifacts_are_linked_from_the_page(uri, href):
    assert link(uri, FOLDER) == Link(href, playable=True)


def test_cloud_artifacts_are_linked_where_one_can_sign_in():
    found = link("gs://lessons/prefix/a/video.mp4", FOLDER)
    assert found == Link(
        "https://storage.cloud.google.com/lessons/prefix/a/video.mp4", playable=False
    )


@pytest.mark.parametrize("uri", ["javascript:alert(1)", "https://example.org/a", "", "a/b"])
def test_nothing_else_is_linked(uri):
    assert link(uri, FOLDER) is None
