import ssl

import pytest

from transforms.ledger import mask
from transforms.ledger.url import parse


@pytest.mark.parametrize(
    "scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"]
)
def test_every_postgres_scheme_becomes_pg8000(scheme):
    url, arguments = parse(f"{scheme}://ann:s3cret@db.example:5433/lessons")
    assert (
        url.render_as_string(hide_password=False)
        == "postgresql+pg8000://ann:s3cret@db.example:5433/lessons"
    )
    assert arguments == {"application_name": "vividly"}


def test_host_parameter_is_unix_socket_folder():
    url, arguments = parse("postgresql://ann@/lessons?host=/cloudsql/p:r:i")
    assert arguments["unix_sock"] == "/cloudsql/p:r:i/.s.PGSQL.5432"
    assert url.host is None
    assert not url.query


def test_pooler_is_detected_unless_named():
    assert "pooler" not in parse("postgresql://ann@h/d")[1]
    assert parse("postgresql://ann@h/d?pooler=transaction")[1]["pooler"] == "transaction"


def test_instance_parameter_is_cloud_sql_name():
    url, arguments = parse("postgresql://ann%40p.iam@/lessons?instance=p:r:i&ip_type=private")
    assert (url.username, url.password, url.host, url.database) == (
        "ann@p.iam",
        None,
        None,
        "lessons",
    )
    assert (arguments["instance"], arguments["ip_type"]) == ("p:r:i", "private")
    assert parse("postgresql://ann@/d?instance=x.com:p:r:i")[1]["ip_type"] == "public"


@pytest.mark.parametrize(
    ("mode", "expected"), [("disable", False), ("prefer", None), ("require", True)]
)
def test_weak_sslmode_verifies_no_certificate(mode, expected):
    assert parse(f"postgresql://ann@h/d?sslmode={mode}")[1]["ssl_context"] is expected


@pytest.mark.parametrize(("mode", "checks"), [("verify-ca", False), ("verify-full", True)])
def test_strong_sslmode_verifies_the_certificate(mode, checks):
    context = parse(f"postgresql://ann@h/d?sslmode={mode}")[1]["ssl_context"]
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname is checks


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "must look like postgresql://"),
        ("lessons", "must look like postgresql://"),
        ("postgresql://h/d", "names no user"),
        ("mysql://ann:s3cret@h/d", "mysql is not Postgres"),
        ("postgresql://ann:s3cret@h:port/d", "must look like"),
        ("postgresql://ann:s3cret@h/d?sslmodus=require", "unknown parameter 'sslmodus'"),
        ("postgresql://ann:s3cret@h/d?sslmode=maybe", "sslmode=maybe is not known"),
        ("postgresql://ann:s3cret@/d?instance=lessons", "must be PROJECT:REGION:INSTANCE"),
        ("postgresql://ann:s3cret@h/d?instance=p:r:i", "neither host, pooler nor sslmode"),
        ("postgresql://ann:s3cret@/d?instance=p:r:i&ip_type=any", "ip_type=any is not known"),
        ("postgresql://ann:s3cret@h/d?ip_type=private", "name the instance too"),
        ("postgresql://ann:s3cret@h/d?pooler=statement", "must be one of session, transaction"),
        (
            "postgresql://ann:s3cret@h/d?sslmode=verify-ca&sslrootcert=/nowhere",
            "sslrootcert=/nowhere",
        ),
    ],
)
def test_bad_url_is_refused_without_its_password(url, says):
    with pytest.raises(ValueError, match=r"^(?!.*s3cret)") as refused:
        parse(url)
    assert says in str(refused.value)
    assert "s3cret" not in mask(url)


def test_mask_hides_only_the_password():
    assert (
        mask("postgresql://ann:p%40ss@db.example/lessons?sslmode=require")
        == "postgresql+pg8000://ann:***@db.example/lessons"
    )
