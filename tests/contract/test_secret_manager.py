"""The database URL read from Secret Manager, by Google's client over gRPC."""

from __future__ import annotations

import pickle

import grpc
import pytest
import sqlalchemy
from google.auth.exceptions import DefaultCredentialsError

from tests.contract.fakes import secretmanager
from tests.e2e import command
from transforms.errors import DependencyDown
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
def test_a_name_stands_for_what_the_secret_holds(vault, reference, asked):
    vault.secrets[asked] = f"{URL}\n".encode()
    assert secret.read_secret(reference) == URL
    assert vault.requests == [asked]


def test_a_url_stands_for_itself(vault):
    assert secret.read_secret(URL) == URL
    assert vault.requests == []


def test_the_ledger_works_with_the_name_and_never_holds_the_url(vault, postgres):
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


def test_a_changed_password_is_read_anew(vault, postgres):
    made = sqlalchemy.make_url(postgres.url)
    wrong = made.set(username="nobody_of_that_name").render_as_string(hide_password=False)
    vault.secrets[LATEST] = wrong.encode()
    ledger = Ledger(LATEST)
    with pytest.raises(DependencyDown, match="postgres is down"):
        ledger.check()
    vault.secrets[LATEST] = postgres.url.encode()
    assert ledger.check().revision is None
    ledger.close()


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, "Secret Manager Secret Accessor"),
        (grpc.StatusCode.NOT_FOUND, "name a version that exists"),
        (grpc.StatusCode.FAILED_PRECONDITION, "exists and is enabled"),
        (grpc.StatusCode.INTERNAL, "scripted"),
    ],
)
def test_a_refusal_is_no_fault_of_any_request_and_says_what_helps(vault, code, remedy):
    vault.failures.append((code, "scripted"))
    with pytest.raises(DependencyDown, match=f"secret manager is down: {LATEST}.*{remedy}"):
        secret.read_secret(LATEST)


def test_a_passing_failure_is_tried_again_by_the_client(vault):
    vault.secrets[LATEST] = URL.encode()
    vault.failures.append((grpc.StatusCode.UNAVAILABLE, "moving"))
    assert secret.read_secret(LATEST) == URL
    assert len(vault.requests) == 2


@pytest.mark.parametrize(
    ("held", "reason"),
    [(b"\xff\xfes3cret", "is not UTF-8 text"), (b"mysql://ann:s3cret@db/x", "not Postgres")],
)
def test_what_is_no_url_is_named_but_not_shown(vault, held, reason):
    vault.secrets[LATEST] = held
    with pytest.raises(DependencyDown, match=reason) as caught:
        secret.read_secret(LATEST)
    assert "s3cret" not in str(caught.value)


def test_damage_is_noticed(vault):
    vault.secrets[LATEST] = URL.encode()
    vault.checksum_error = 1
    with pytest.raises(DependencyDown, match="damaged"):
        secret.read_secret(LATEST)


@pytest.fixture
def rest(monkeypatch, gcs):
    """A vault that any process of this test is sent to; `gcs` brings credentials for it."""
    with secretmanager.serving_rest() as vault:
        monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", vault.endpoint)
        yield vault


def test_another_endpoint_is_asked_over_rest(rest):
    rest.secrets[LATEST] = URL.encode()
    assert secret.read_secret(LATEST) == URL
    assert rest.requests == [LATEST]
    with pytest.raises(DependencyDown, match="name a version that exists"):
        secret.read_secret(f"{SECRET}/versions/99")


def test_a_command_is_given_the_name(rest, postgres):
    rest.secrets[LATEST] = postgres.url.encode()
    upgrade(postgres.url)
    done = command.run("db", "current", "--database", LATEST)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


def test_a_command_names_the_secret_it_cannot_read(rest):
    done = command.run("db", "current", "--database", LATEST)
    assert done.returncode == 3
    assert done.stderr.startswith(f"vividly: secret manager is down: {LATEST}: ")
    assert done.stderr.endswith("name a version that exists and is enabled\n")


def test_a_process_without_credentials_says_so(monkeypatch):
    def client():
        raise DefaultCredentialsError("none found")

    monkeypatch.setattr(secret, "_client", client)
    with pytest.raises(DependencyDown, match=f"{LATEST}: no credentials: none found"):
        secret.read_secret(LATEST)
