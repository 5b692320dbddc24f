"""The Terraform files are well-formed, consistent, and define all that the pipeline needs."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from pipeline.cli.app import main, parser
from pipeline.jobs import preflight
from pipeline.settings import SETTINGS
from tests.unit.deploy.terraform_files import (
    FOLDER,
    blocks,
    evaluated,
    needs_terraform,
    resources,
    terraform,
    text,
)
from transforms.ledger.url import parse

METADATA = json.loads((FOLDER.parent / "metadata.json").read_text())


@needs_terraform
def test_files_are_formatted():
    done = terraform(FOLDER, "fmt", "-check", "-diff")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_terraform_reference_is_defined():
    """`terraform validate` would need the providers."""
    source = text()
    used = set(re.findall(r"\bvar\.(\w+)", source))
    assert used == blocks("variable").keys()
    local_names = re.findall(r"(?ms)^locals \{\n(.*?)^\}", source)
    assigned = {n for body in local_names for n in re.findall(r"(?m)^  (\w+)\s+=", body)}
    assert set(re.findall(r"\blocal\.(\w+)", source)) == assigned
    present = re.sub(r"(?m)^  from = .*", "", source)  # the former addresses of moved resources
    addresses = set(re.findall(r"(?<![\w.\"])((?:google|random)_\w+\.[a-z_]\w*)", present))
    known = resources().keys() | blocks("ephemeral").keys()
    assert addresses <= known, addresses - known
    assert set(re.findall(r"\bdata\.(\w+\.\w+)", source)) <= blocks("data").keys()


def test_versions_are_pinned():
    [settings] = re.findall(r"(?ms)^terraform \{\n(.*?)^\}", text())
    assert re.search(r'required_version = ">= 1\.\d+, < 2\.0"', settings)
    pins = re.findall(r'source  = "hashicorp/(\S+)"\s+version = "~> \d+\.\d+"', settings)
    assert sorted(pins) == ["google", "google-beta", "random"]


def test_every_variable_and_output_has_description():
    for name, body in (blocks("variable") | blocks("output")).items():
        assert body["description"].endswith("."), name
    for name, body in blocks("variable").items():
        assert "type" in body, name
    required = [name for name, body in blocks("variable").items() if "default" not in body]
    assert required == ["project"], "a project id is all that must be given"


def test_subscription_settings_fit_drain_and_dataflow():
    body = resources()["google_pubsub_subscription.requests"]
    assert body["ack_deadline_seconds"] == 600
    assert body["retain_acked_messages"] == "${var.retain_acked_messages}"
    assert blocks("variable")["retain_acked_messages"]["default"] is True, "a seek is a remedy"
    assert body["expiration_policy"] == [{"ttl": ""}]


def test_only_mode_drain_gives_subscription_policies():
    """Dataflow supports neither retry nor dead-letter policies."""
    body = resources()["google_pubsub_subscription.requests"]
    assert not {"retry_policy", "dead_letter_policy"} & body.keys()
    policies = {name: block for each in body["dynamic"] for name, block in each.items()}
    assert policies.keys() == {"retry_policy", "dead_letter_policy"}
    assert {block["for_each"] for block in policies.values()} == {"${local.drains ? [1] : []}"}
    [retry] = policies["retry_policy"]["content"]
    assert retry == {"minimum_backoff": "10s", "maximum_backoff": "600s"}
    [dead_letter] = policies["dead_letter_policy"]["content"]
    assert dead_letter["dead_letter_topic"] == "${google_pubsub_topic.undeliverable.id}"
    limit = next(s.default for s in SETTINGS if s.name == "max-deliveries")
    assert blocks("variable")["max_delivery_attempts"]["default"] > limit


def test_requests_have_one_subscription():
    """Each subscription of a topic gets every message."""
    readers = [
        address
        for address, body in resources("google_pubsub_subscription.").items()
        if body["topic"] == "${google_pubsub_topic.requests.id}"
    ]
    assert readers == ["google_pubsub_subscription.requests"]
    assert "count" not in resources()[readers[0]]
    modes = {name: blocks("locals")[name] for name in ("streams", "drains")}
    assert modes == {"streams": '${var.mode == "stream"}', "drains": '${var.mode == "drain"}'}


def test_pubsub_agent_may_move_messages():
    """Without both roles a dead-letter policy does nothing."""
    agents = resources()["google_project_service_identity.agents"]
    assert '"pubsub.googleapis.com"' in agents["for_each"]
    topic = resources()["google_pubsub_topic_iam_member.undeliverable_pubsub"]
    subscription = resources()["google_pubsub_subscription_iam_member.requests_pubsub"]
    assert topic["role"] == "roles/pubsub.publisher"
    assert subscription["role"] == "roles/pubsub.subscriber"
    assert (
        topic["member"]
        == subscription["member"]
        == '${google_project_service_identity.agents["pubsub.googleapis.com"].member}'
    )
    assert topic["count"] == subscription["count"] == "${local.drains ? 1 : 0}"


def test_every_topic_has_a_subscription():
    topics = {address.split(".")[1] for address in resources("google_pubsub_topic.")}
    read = {
        re.search(r"topic\.(\w+)\.", body["topic"])[1]  # type: ignore[index]
        for body in resources("google_pubsub_subscription.").values()
    }
    assert topics == read == {"requests", "undeliverable", "dead_letters", "care"}


def test_staff_learn_of_students_who_need_care():
    topic = "${google_pubsub_topic.care.id}"
    assert merged("stream_parameters")["care_topic"] == topic.strip("${}")
    assert blocks("locals")["drain_settings"]["VIVIDLY_CARE_TOPIC"] == topic
    assert blocks("output")["care_topic"]["value"] == topic
    body = resources()["google_pubsub_subscription.care"]
    assert (body["topic"], body["message_retention_duration"]) == (topic, "2678400s")
    readers = resources()["google_pubsub_subscription_iam_member.care_readers"]
    assert (readers["for_each"], readers["role"]) == (
        "${var.care_readers}", "roles/pubsub.subscriber"
    )  # fmt: skip
    assert blocks("variable")["care_readers"]["default"] == []


def test_buckets_are_private_with_lifecycle_rules():
    buckets = resources("google_storage_bucket.")
    assert len(buckets) == 2
    for body in buckets.values():
        assert body["uniform_bucket_level_access"] is True
        assert body["public_access_prevention"] == "enforced"
        actions = [rule["action"][0]["type"] for rule in body["lifecycle_rule"]]
        assert "AbortIncompleteMultipartUpload" in actions
    deleted = [
        rule["condition"][0]
        for rule in buckets["google_storage_bucket.work"]["lifecycle_rule"]
        if rule["action"][0]["type"] == "Delete"
    ]
    assert [c["matches_prefix"] for c in deleted] == [["temp/"]], "a job needs what it staged"


def test_artifacts_can_be_restored_and_parts_are_deleted():
    body = resources()["google_storage_bucket.artifacts"]
    [policy] = body["soft_delete_policy"]
    assert policy["retention_duration_seconds"] == "${var.soft_delete_days * 86400}"
    rules = [(rule["action"][0], rule["condition"][0]) for rule in body["lifecycle_rule"]]
    assert ({"type": "Delete"}, {"age": 7, "matches_prefix": ["${local.lessons}/parts/"]}) in rules
    assert blocks("locals")["artifacts"].endswith("/${local.lessons}")


def test_delete_right_is_limited_to_artifacts_and_staged_files():
    """Overwriting needs it. A worker must not be able to replace the next release's template."""
    grants = resources("google_storage_bucket_iam_member.")
    writing = {name.split(".")[1] for name, body in grants.items() if "objectUser" in str(body)}
    assert writing == {"artifacts_pipeline", "work_pipeline"}
    body = grants["google_storage_bucket_iam_member.work_pipeline"]
    assert '{role = "roles/storage.objectUser", folders = ["staging", "temp"]}' in body["for_each"]
    assert "templates" not in str(body)


def test_database_flags_protect_students_data():
    [settings] = resources()["google_sql_database_instance.ledger"]["settings"]
    flags = {flag["name"]: flag["value"] for flag in settings["database_flags"]}
    assert flags["cloudsql.iam_authentication"] == "on"
    assert flags["max_connections"] == "${tostring(var.max_connections)}"
    assert flags["log_min_error_statement"] == "panic", "statements hold what students wrote"
    assert flags["log_error_verbosity"] == "terse", "details of errors hold rows"
    [address] = settings["ip_configuration"]
    assert address["private_network"] == "${local.network}"
    assert address["ipv4_enabled"] == "${!var.private_addresses}"
    assert blocks("variable")["private_addresses"]["default"] is True
    assert address["ssl_mode"] == "ENCRYPTED_ONLY"
    assert settings["backup_configuration"][0]["point_in_time_recovery_enabled"] is True


def test_terraform_state_holds_no_secret():
    source = text()
    assert resources("random_") == {}, "what a resource makes is in the state"
    assert not re.search(r"(?m)^\s*(password|secret_data)\s*=", source)
    assert "password_wo " in source
    assert "secret_data_wo " in source
    assert source.count("ephemeral.random_password.database.result") == 2


VALUES = {
    "ephemeral.random_password.database.result": "x" * 40,
    "google_sql_database.ledger.name": "vividly",
    "google_sql_database_instance.ledger.connection_name": "my-project:us-central1:vividly",
    "urlencode(google_sql_user.iam.name)": "vividly-pipeline%40my-project.iam",
    "local.database_query": "instance=my-project:us-central1:vividly&ip_type=private",
}
"""Values of the attributes in URLs after the resources have been created."""


@pytest.mark.parametrize(
    ("begins", "ends"), [("postgresql://vividly:", "])"), ("postgresql://${urlencode", "\n")]
)
def test_ledger_parses_the_database_urls(begins, ends):
    source = text()
    written = source[source.index(begins) :].partition(ends)[0]
    url = "".join(re.split(r'",?\s+"|"|,\s*$', written)).strip()
    for expression, value in VALUES.items():
        url = url.replace(f"${{{expression}}}", value)
    assert "$" not in url, url
    made, arguments = parse(url)
    assert made.username in ("vividly", "vividly-pipeline@my-project.iam")
    assert made.database == "vividly"
    assert arguments
    [rule] = next(p["regexes"] for p in METADATA["parameters"] if p["name"] == "database")
    if made.password is None:
        assert re.fullmatch(rule, url), "a parameter of the template"


PROJECT_ROLES = {
    "roles/aiplatform.user",
    "roles/cloudsql.client",
    "roles/cloudsql.instanceUser",
    "roles/dataflow.worker",
    "roles/logging.logWriter",
    "roles/monitoring.metricWriter",
    "roles/serviceusage.serviceUsageConsumer",
}


def test_accounts_have_only_the_needed_roles():
    source = text()
    granted = set(re.findall(r'"(roles/[\w.]+)"', source))
    assert not [role for role in granted if re.search(r"(?i)owner|editor|admin", role)]
    body = resources()["google_project_iam_member.pipeline"]
    assert set(re.findall(r"roles/[\w.]+", body["for_each"])) == PROJECT_ROLES
    assert resources()["google_project_iam_member.owner"]["role"] == "roles/cloudsql.client"
    assert granted - PROJECT_ROLES == {
        "roles/artifactregistry.reader",
        "roles/cloudkms.cryptoKeyEncrypterDecrypter",
        "roles/pubsub.publisher",
        "roles/pubsub.subscriber",
        "roles/pubsub.viewer",
        "roles/run.invoker",
        "roles/secretmanager.secretAccessor",
        "roles/storage.legacyBucketReader",
        "roles/storage.objectUser",
        "roles/storage.objectViewer",
    }
    assert "google_project_iam_binding" not in source, "a binding takes others' grants away"
    assert "google_service_account_key" not in source


def test_only_owner_account_reads_the_owners_password():
    [grant] = resources("google_secret_manager_secret_iam_member.").values()
    assert grant["member"] == "${google_service_account.owner.member}"
    jobs = blocks("locals")["jobs"]
    accounts = dict(
        re.findall(
            r"(\w+) = \{[^{}]*(?:\{[^{}]*\}[^{}]*)*?account += google_service_account\.(\w+)", jobs
        )
    )
    assert accounts == {"drain": "pipeline", "migrate": "owner", "prune": "owner"}
    assert "google_secret" not in blocks("locals")["database"]


def test_migration_grants_the_pipelines_login_its_rights():
    assert "--grant-to=${google_sql_user.iam.name}" in blocks("locals")["jobs"]


def test_topics_may_be_published_to_and_looked_at():
    """`vividly check` does both."""
    body = resources()["google_pubsub_topic_iam_member.pipeline"]
    for word in ("dead_letters", "requests", "topic.care", "pubsub.publisher", "pubsub.viewer"):
        assert word in body["for_each"]


def merged(name: str) -> dict[str, str]:
    """Return the strings of a local that merges maps, without the maps that it names."""
    return dict(re.findall(r"(\w+) += +\"?([^\"\n,}]+)", blocks("locals")[name]))


def test_limits_satisfy_our_own_check():
    """`vividly check` asks for a limit of each paid engine, and counts connections."""
    given = blocks("locals")["engine_settings"] | {
        "script_engine": "gemini",
        "voice_engine": "google",
    }
    words = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
    chosen = parser("check").parse_args(["check", "drain", *words])
    assert "script ≤" in preflight._limits(chosen)
    connections = next(s.default for s in SETTINGS if s.name == "connections")
    for name in ("max_workers", "drain_tasks"):
        rules = str(blocks("variable")[name]["validation"])
        assert f"var.{name} * {connections} <= var.max_connections - 20" in rules


LAUNCHED = {
    "numWorkers": "num_workers",
    "maxNumWorkers": "max_workers",
    "workerMachineType": "machine_type",
    "stagingLocation": "staging_location",
    "tempLocation": "temp_location",
}
"""Arguments of the job by the parameter that the provider takes them from."""


def test_each_option_of_the_stream_job_is_given_once():
    body = resources()["google_dataflow_flex_template_job.stream"]
    assert blocks("locals")["launch_options"].keys() == LAUNCHED.keys()
    [lifecycle] = body["lifecycle"]
    ignored = {name.strip("${}") for name in lifecycle["ignore_changes"]}
    assert ignored == {*LAUNCHED.values(), "sdk_container_image"}
    assert not ignored & body.keys(), "ignored arguments are launched as they are read back"
    assert "labels" not in body, "the provider's default labels are set too"


def test_stream_job_passes_known_template_parameters():
    body = resources()["google_dataflow_flex_template_job.stream"]
    parameters = "${merge(local.stream_parameters, local.launch_options, var.settings)}"
    assert body["parameters"] == parameters
    given = merged("stream_parameters").keys() | blocks("locals")["engine_settings"].keys()
    known = {p["name"]: p for p in METADATA["parameters"]}
    assert given <= known.keys()
    assert {name for name, p in known.items() if not p.get("isOptional")} <= given
    assert body["enable_streaming_engine"] is True
    assert body["on_delete"] == "drain"
    script = (FOLDER.parents[1] / "run_dataflow.sh").read_text()
    path = "/templates/vividly-${var.image_tag}.json"
    assert body["container_spec_gcs_path"].endswith(path)
    assert path.replace("${var.image_tag}", "$TAG") in script
    assert "image vividly" in script
    assert "/vividly:${var.image_tag}" in text()


def test_drain_job_passes_known_settings():
    known = {name for setting in SETTINGS for name in setting.variables}
    given = blocks("locals")["drain_settings"].keys()
    assert given <= known
    assert {"VIVIDLY_SUBSCRIPTION", "VIVIDLY_DATABASE", "VIVIDLY_ARTIFACTS"} <= given
    assert set(re.findall(r"\bVIVIDLY_[A-Z_]+\b", text())) <= known
    runtime = blocks("locals")["drain_settings"]["VIVIDLY_MAX_RUNTIME"]
    [timeout] = re.findall(r'drain = \{[^}]*timeout = "(\d+)s"', blocks("locals")["jobs"])
    assert int(runtime) < int(timeout)


def test_prune_job_passes_known_options(capsys):
    [args] = re.findall(r"prune = \{[^]]*args = \[([^]]*)\]", text())
    given = re.sub(r"\$\{var\.retention_days\.\w+\}", "90", args)
    command = re.findall(r'"([^"]+)"', given)
    assert command == ["db", "prune", "--completed=90d", "--failed=90d", "--care=90d"]
    assert main(command) == 2
    assert "--database (or VIVIDLY_DATABASE) is required" in capsys.readouterr().err


def test_drain_and_prune_have_a_schedule():
    schedules = blocks("locals")["schedules"]
    for name in ("drain", "prune"):
        assert f"var.{name}_schedule" in schedules
    body = resources()["google_cloud_scheduler_job.pipeline"]
    assert body["schedule"] == "${each.value.schedule}"


def test_used_apis_are_enabled():
    apis = set(re.findall(r"\w+\.googleapis\.com", str(resources("google_project_service."))))
    assert {f"{a}.googleapis.com" for a in (
        "aiplatform", "artifactregistry", "cloudscheduler", "dataflow", "logging", "monitoring",
        "pubsub", "run", "secretmanager", "sqladmin", "storage", "texttospeech",
        "billingbudgets", "cloudbuild", "cloudkms", "cloudresourcemanager", "servicenetworking",
    )} <= apis  # fmt: skip


def test_apis_that_terraform_calls_are_enabled_first():
    first = ["cloudresourcemanager.googleapis.com", "serviceusage.googleapis.com"]
    for file in (FOLDER / "README.md", FOLDER.parent / "first_hour.sh"):
        text = file.read_text()
        [enabled] = re.findall(r"gcloud services enable ([^-\n\\]+)", text)
        assert enabled.split() == first, file
        applied = re.search(r"terraform apply|apply none", text)
        assert applied
        assert text.index("services enable") < applied.start()


@pytest.fixture(scope="module")
def variables(tmp_path_factory):
    """The variables alone, which Terraform itself can read without a provider."""
    folder = tmp_path_factory.mktemp("variables")
    shutil.copy(FOLDER / "variables.tf", folder)
    return folder


@needs_terraform
def test_defaults_are_valid(variables):
    assert evaluated(variables, project="my-project") == {}


@needs_terraform
@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("project", "My Project", "project must be a project id"),
        ("region", "us-central1-a", "not a zone"),
        ("mode", "both", "mode must be none, stream or drain"),
        ("max_delivery_attempts", 5, "from 6 to 100"),
        ("publishers", ["allUsers"], "must be IAM members"),
        ("max_workers", 0, "from min_workers"),
        ("drain_schedule", "hourly", "five fields of cron"),
        ("prune_schedule", "daily", "five fields of cron"),
        ("retention_days", {"completed": 7, "failed": 180}, "longer than Pub/Sub keeps messages"),
        ("network", "default", "projects/PROJECT/global/networks/NAME"),
        ("database_version", "MYSQL_8_0", "POSTGRES_15 or later"),
        ("settings", {"max-tries": "3"}, "small letters and underscores"),
        ("settings", {"database": "x"}, "must not hold the database"),
        ("runbook_url", "docs/runbook.md", "https address"),
        ("daily_cost_usd", 0, "above 0"),
        ("max_workers", 100, "at most (max_connections - 20) / 8"),
        ("drain_tasks", 60, "at most (max_connections - 20) / 8"),
        ("ip_range", "10.0.0.0", "must be a range"),
        ("kms_key", "projects/p/locations/eu/keyRings/r/cryptoKeys/k", "with the region as L"),
        ("cors_origins", ["https://school.example/page"], "without a path"),
        ("soft_delete_days", 3, "from 7 to 90"),
        ("final_backup_days", -1, "from 0 to 365"),
        ("audit_log_services", ["storage"], "storage.googleapis.com"),
        ("billing_account", "mine", "000000-000000-000000"),
        ("monthly_budget", 0.5, "a whole number"),
    ],
)
def test_invalid_variable_is_refused_with_remedy(variables, name, value, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        evaluated(variables, **{"project": "my-project", name: value})
