"""Ledger settings can be pickled and printed."""

import pickle
import subprocess
import sys

import pytest

from transforms.ledger import Ledger

URL = "postgresql://ann:s3cret@db.example/lessons"


def test_ledger_survives_pickling():
    ledger = Ledger(URL, pool_size=2, timeout=3)
    assert pickle.loads(pickle.dumps(ledger)) == ledger
    assert hash(pickle.loads(pickle.dumps(ledger))) == hash(ledger)


def test_password_is_never_printed():
    ledger = Ledger(URL)
    assert "s3cret" not in f"{ledger!r} {ledger} {ledger.masked_url}"


def test_bad_url_is_refused_at_construction():
    with pytest.raises(ValueError, match="not Postgres"):
        Ledger("sqlite:///lessons.db")


def test_import_loads_no_beam_and_no_driver():
    heavy = ("apache_beam", "sqlalchemy", "alembic", "pg8000")
    code = f"import transforms.ledger, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
