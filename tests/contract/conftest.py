"""Artifact stores of both kinds, for all contract tests."""

from __future__ import annotations

import pytest

from tests.contract.store_places import Cloud, Folder
from transforms.artifacts import ArtifactStore


@pytest.fixture(params=["folder", "cloud"])
def place(request, tmp_path):
    if request.param == "folder":
        return Folder(tmp_path / "artifacts")
    return Cloud(request.getfixturevalue("gcs"))


@pytest.fixture
def store(place):
    return ArtifactStore(place.root)
