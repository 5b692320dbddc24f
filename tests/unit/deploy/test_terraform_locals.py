"""Terraform itself evaluates the local values of the files, with names in place of resources."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.unit.deploy.terraform_files import FOLDER, evaluated, needs_terraform

pytestmark = needs_terraform

LISTED = {
    "google_compute_network.vividly[*].id": (
        'local.creates_network ? ["projects/p/global/networks/vividly"] : []'
    ),
    "google_compute_subnetwork.vividly": '[{ region = var.region, name = "vividly" }]',
    "google_monitoring_notification_channel.email": '[{ id = "channel" }]',
}
"""Resources of which a local value reads a list."""

_ADDRESS = r'(data\.)?(google_\w+\.\w+)(\[(\w+|"[^"]*"|each\.key)\])?(\.\w+)+'


@pytest.fixture(scope="module")
def stub(tmp_path_factory):
    """A folder with the variables and the local values, which are outputs too."""
    folder = tmp_path_factory.mktemp("terraform") / "terraform"
    folder.mkdir()
    (folder.parent / "monitoring").symlink_to(FOLDER.parent / "monitoring")
    (folder / "variables.tf").write_text((FOLDER / "variables.tf").read_text())
    source = "\n".join(file.read_text() for file in sorted(FOLDER.glob("*.tf")))
    found = re.findall(r"(?ms)^locals \{\n.*?^\}", re.sub(r"(?m)(^|\s)#.*$", "", source))
    text = "\n".join(found)
    for name, value in LISTED.items():
        text = text.replace(name, f"({value})")
    text = re.sub(_ADDRESS, r'"\2"', text)
    names = re.findall(r"(?m)^  (\w+) +=", text)
    outputs = "\n".join(f'output "{name}" {{ value = local.{name} }}' for name in names)
    (folder / "locals.tf").write_text(f"{text}\n{outputs}\n")
    return folder


def values(stub: Any, **variables: Any) -> dict[str, Any]:
    return evaluated(stub, project="my-project", **variables)


@pytest.mark.parametrize("mode", ["none", "stream", "drain"])
def test_local_values_of_each_mode_are_valid(stub, mode):
    found = values(stub, mode=mode)
    jobs = {"none": set(), "stream": {"migrate", "prune"}, "drain": {"drain", "migrate", "prune"}}
    assert found["jobs"].keys() == jobs[mode]
    assert found["schedules"].keys() == jobs[mode] - {"migrate"}
    assert found["network"] == "projects/p/global/networks/vividly"
    assert found["subnetwork"] == "regions/us-central1/subnetworks/vividly"
    assert found["key_users"] == {}


def test_settings_override_the_engines_limits(stub):
    found = values(stub, mode="drain", settings={"narration_per_minute": "400"})
    environment = found["jobs"]["drain"]["environment"]
    assert environment["VIVIDLY_NARRATION_PER_MINUTE"] == "400"
    assert environment["VIVIDLY_SCRIPT_PER_MINUTE"] == "120"


def test_given_network_is_used_and_none_created(stub):
    given = {"network": "projects/p/global/networks/n", "subnetwork": "regions/r/subnetworks/s"}
    found = values(stub, **given)
    assert not found["creates_network"]
    assert found["network"] == given["network"]
    assert found["subnetwork"] == given["subnetwork"]
    assert found["peers"]
    assert not values(stub, private_service_access=False, **given)["peers"]


def test_public_addresses_need_no_network(stub):
    found = values(stub, private_addresses=False)
    assert not found["creates_network"]
    assert not found["peers"]
    assert "network" not in found, "Terraform shows no output that is null"


def test_key_is_shared_with_every_service_that_encrypts(stub):
    key = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
    users = values(stub, kms_key=key)["key_users"]
    assert {name.partition(".")[0] for name in users} == {
        "artifactregistry", "compute", "dataflow", "pubsub", "run", "secretmanager", "sqladmin",
        "storage",
    }  # fmt: skip
