"""The list of licences is read from a CycloneDX file."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from deploy.supply_chain.licences import main


def component(name: str, *licences: Mapping[str, object]) -> dict[str, object]:
    return {"name": name, "version": "1.0", "licenses": list(licences)}


def printed(tmp_path, capsys, *components):
    file = tmp_path / "sbom.json"
    file.write_text(json.dumps({"components": components}))
    status = main([str(file)])
    out, err = capsys.readouterr()
    return status, out.splitlines()[2:], err


@pytest.mark.parametrize(
    ("stated", "shown"),
    [
        ([{"expression": "Apache-2.0 OR MIT"}], "Apache-2.0 OR MIT"),
        ([{"license": {"id": "MIT"}}], "MIT"),
        ([{"license": {"id": "MIT"}}, {"license": {"id": "MIT"}}], "MIT"),
        ([{"license": {"id": "MIT"}}, {"license": {"name": "License :: OSI Approved"}}], "MIT"),
        ([{"license": {"name": "License :: OSI Approved :: BSD License"}}], "BSD License"),
        ([{"license": {"name": "BSD |\n with a text"}}], "BSD / with a text"),
    ],
)
def test_each_form_of_licence_is_shown(tmp_path, capsys, stated, shown):
    status, rows, _ = printed(tmp_path, capsys, component("a", *stated))
    assert (status, rows) == (0, [f"| a | 1.0 | {shown} |"])


def test_package_without_licence_is_named(tmp_path, capsys):
    mit: dict[str, object] = {"license": {"id": "MIT"}}
    status, rows, err = printed(tmp_path, capsys, component("b"), component("A", mit))
    assert status == 1
    assert rows == ["| A | 1.0 | MIT |", "| b | 1.0 | not stated |"]
    assert "no licence is stated: b" in err
