"""Links to artifacts on Cloud Storage are signed by a service account."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.oauth2 import service_account

from transforms.artifacts import ArtifactStore, cloud
from transforms.errors import ConfigurationFault

REQUEST = "11111111-2222-4333-8444-555555555555"
EMAIL = "lessons@some-project.iam.gserviceaccount.com"


def use(monkeypatch, credentials):
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)  # that of other tests
    client = storage.Client(project="some-project", credentials=credentials)
    monkeypatch.setattr(cloud, "_client", lambda *_: client)


@pytest.fixture(scope="module")
def account():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return service_account.Credentials.from_service_account_info(
        {
            "client_email": EMAIL,
            "private_key": pem.decode(),
            "token_uri": "https://oauth2.googleapis.com/token",
        }
    )


def test_link_is_signed_for_a_while(monkeypatch, account):
    use(monkeypatch, account)
    link = ArtifactStore("gs://lessons/made").link(REQUEST, "video.mp4", timedelta(minutes=15))
    parts = urlsplit(str(link))
    signed = parse_qs(parts.query)
    assert (parts.scheme, parts.netloc) == ("https", "storage.googleapis.com")
    assert parts.path == f"/lessons/made/{REQUEST}/video.mp4"
    assert signed["X-Goog-Expires"] == ["900"]
    assert signed["X-Goog-Credential"][0].startswith(EMAIL)
    assert len(signed["X-Goog-Signature"][0]) == 512


def test_account_that_cannot_sign_is_named(monkeypatch):
    use(monkeypatch, AnonymousCredentials())
    with pytest.raises(ConfigurationFault, match="impersonate-service-account"):
        ArtifactStore("gs://lessons").link(REQUEST, "video.mp4", timedelta(minutes=15))


def test_folder_has_no_signed_links(tmp_path):
    assert ArtifactStore(str(tmp_path)).link(REQUEST, "video.mp4", timedelta(minutes=15)) is None
