"""An artifact that is damaged or elsewhere is refused."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from tests.contract.artifact_store.support import JSON, REQUEST
from transforms.artifacts import ArtifactCorrupt


def test_damaged_artifact_is_detected(store, place, tmp_path):
    content = os.urandom(100_000)
    artifact = store.put(REQUEST, "video.mp4", content, "video/mp4")
    target = tmp_path / "video.mp4"
    target.write_bytes(b"from before")
    flipped = bytes([content[-1] ^ 1])
    for damaged in (content[:-1], b"", content[:-1] + flipped, content + b"\0"):
        place.overwrite(f"{REQUEST}/video.mp4", damaged)
        assert not store.verify(artifact)
        with pytest.raises(ArtifactCorrupt, match=r"video\.mp4"):
            store.fetch(artifact, target)
    store.delete(REQUEST, "video.mp4")
    with pytest.raises(ArtifactCorrupt, match="missing"):
        store.fetch(artifact, target)
    assert target.read_bytes() == b"from before"
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["video.mp4"]


def test_address_outside_the_store_is_refused(store, tmp_path):
    artifact = store.put(REQUEST, "script.json", b"x", JSON)
    outside = tmp_path / "secret.json"
    outside.write_bytes(b"x")
    for uri in (
        str(outside),
        f"file://{outside}",
        "gs://other-bucket/script.json",
        f"{store.root}/../secret.json",
        f"{store.root}/{REQUEST}/../../../secret.json",
        f"{store.root}-other/{REQUEST}/script.json",
        f"{store.root}//{REQUEST}/script.json",
        f"{store.root}/{REQUEST.replace('1', '９')}/script.json",
        f"{REQUEST}/script.json",
        "",
    ):
        elsewhere = replace(artifact, uri=uri)
        assert not store.verify(elsewhere)
        with pytest.raises(ArtifactCorrupt):
            store.fetch(elsewhere, tmp_path / "copy")
