"""The database URL is read from Secret Manager with Google's client."""

from __future__ import annotations

import pickle

import grpc
import pytest
import sqlalchemy
from google.auth.exceptions import DefaultCredentialsError

from tests.contract.fakes import secretmanager
from tests.e2e import command
from transforms.errors import ConfigurationFault, DependencyDown
from transforms.ledger import Ledger, secret, upgrade

SECRET = "projects/my-project/secrets/vividly-database"
LATEST = f"{SECRET}/versions/latest"
URL = "postgresql://ann:s3cret@db.example/lessons"


@pytest.fixture
def vault(monkeypatch):
    with secretmanager.serving() as vault:
        monkeypatch.setattr(secret, "_client", vault.client)
        yield vault


@pytest.mark.parametrize(
    ("reference", "asked"),
    [(SECRET, LATEST), (LATEST, LATEST), (f"{SECRET}/versions/7", f"{SECRET}/versions/7")],
)
def test_secret_name_is_replaced_by_its_value(vault, reference, asked):
    vault.secrets[asked] = f"{URL}\n".encode()
    assert secret.read_secret(reference) == URL
    assert vault.requests == [asked]


def test_url_is_used_unchanged(vault):
    assert secret.read_secret(URL) == URL
    assert vault.requests == []


def test_ledger_holds_secret_name_not_url(vault, postgres):
    vault.secrets[LATEST] = postgres.url.encode()
    upgrade(LATEST)
    ledger = Ledger(LATEST)
    travelled = pickle.loads(pickle.dumps(ledger))
    found = travelled.check()
    assert found.revision == found.head
    assert travelled.masked_url == LATEST
    assert postgres.url.encode() not in pickle.dumps(travelled)
    asked = len(vault.requests)
    assert travelled.check() == found
    assert len(vault.requests) == asked  # read once per process and pool
    ledger.close()


def test_changed_password_is_read_again(vault, postgres):
    made = sqlalchemy.make_url(postgres.url)
    wrong = made.set(username="missing_user").render_as_string(hide_password=False)
    vault.secrets[LATEST] = wrong.encode()
    ledger = Ledger(LATEST)
    with pytest.raises(DependencyDown, match="postgres is down"):
        ledger.check()
    vault.secrets[LATEST] = postgres.url.encode()
    assert ledger.check().revision is None
    ledger.close()


@pytest.mark.parametrize(
    ("code", "kind", "remedy"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, ConfigurationFault, "Secret Manager Secret Accessor"),
        (grpc.StatusCode.NOT_FOUND, ConfigurationFault, "name a version that exists"),
        (grpc.StatusCode.FAILED_PRECONDITION, ConfigurationFault, "exists and is enabled"),
        (grpc.StatusCode.INTERNAL, DependencyDown, "scripted"),
    ],
)
def test_unreadable_secret_is_told_with_remedy(vault, code, kind, remedy):
    vault.failures.append((code, "scripted"))
    with pytest.raises(kind, match=f"secret manager is .*: {LATEST}.*{remedy}"):
        secret.read_secret(LATEST)


def test_passing_failure_is_retried_by_client(vault):
    vault.secrets[LATEST] = URL.encode()
    vault.failures.append((grpc.StatusCode.UNAVAILABLE, "moving"))
    assert secret.read_secret(LATEST) == URL
    assert len(vault.requests) == 2


@pytest.mark.parametrize(
    ("held", "reason"),
    [(b"\xff\xfes3cret", "is not UTF-8 text"), (b"mysql://ann:s3cret@db/x", "not Postgres")],
)
def test_invalid_url_is_never_shown(vault, held, reason):
    vault.secrets[LATEST] = held
    with pytest.raises(ConfigurationFault, match=reason) as caught:
        secret.read_secret(LATEST)
    assert "s3cret" not in str(caught.value)


def test_damaged_secret_is_refused(vault):
    vault.secrets[LATEST] = URL.encode()
    vault.checksum_error = 1
    with pytest.raises(DependencyDown, match="checksum does not match"):
        secret.read_secret(LATEST)


@pytest.fixture
def rest(monkeypatch, gcs):
    """Serve a fake Secret Manager over REST to all processes; `gcs` sets its credentials."""
    with secretmanager.serving_rest() as vault:
        monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", vault.endpoint)
        yield vault


def test_other_endpoint_is_called_over_rest(rest):
    rest.secrets[LATEST] = URL.encode()
    assert secret.read_secret(LATEST) == URL
    assert rest.requests == [LATEST]
    with pytest.raises(ConfigurationFault, match="name a version that exists"):
        secret.read_secret(f"{SECRET}/versions/99")


def test_command_accepts_secret_name(rest, migrated_postgres):
    rest.secrets[LATEST] = migrated_postgres.url.encode()
    done = command.run("db", "current", "--database", LATEST)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


def test_command_names_unreadable_secret(rest):
    done = command.run("db", "current", "--database", LATEST)
    assert done.returncode == 3
    assert done.stderr.startswith(f"vividly: secret manager is misconfigured: {LATEST}: ")
    assert done.stderr.endswith("name a version that exists and is enabled\n")


def test_missing_credentials_are_named(monkeypatch):
    def client():
        raise DefaultCredentialsError("none found")

    monkeypatch.setattr(secret, "_client", client)
    with pytest.raises(ConfigurationFault, match=f"{LATEST}: no credentials: none found"):
        secret.read_secret(LATEST)
