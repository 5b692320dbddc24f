"""Revisions of the ledger's tables are known without Alembic."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from transforms.ledger import migrate, migrations


def test_revisions_are_those_of_alembic():
    config = Config()
    config.set_main_option("script_location", "transforms.ledger:migrations")
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    newest_first = [script.revision for script in scripts.walk_revisions()]
    assert migrate._revisions() == newest_first[::-1]
    assert migrate.head() == scripts.get_current_head()


def test_file_of_each_migration_names_its_revision():
    folder = Path(migrations.__path__[0]) / "versions"
    for file in folder.glob("v*.py"):
        module = import_module(f"{migrations.__name__}.versions.{file.stem}")
        assert file.stem.startswith(f"v{module.revision}_")
