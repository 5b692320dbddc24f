"""A database role of limited rights, for tests of missing grants."""

from __future__ import annotations

import os
from dataclasses import replace

from sqlalchemy.engine import make_url

from transforms.ledger import Ledger
from transforms.ledger.rights import RIGHTS


class Role:
    """A database role that owns nothing.

    Attributes:
        ledger: The ledger as this role sees it.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.name = f"guest_{os.urandom(4).hex()}"
        url = make_url(ledger.url)
        self.database = url.database
        self.run(f"CREATE ROLE {self.name} LOGIN PASSWORD 'in'")
        url = url.set(username=self.name, password="in")
        self.ledger = replace(ledger, url=url.render_as_string(hide_password=False))

    def run(self, statement: str) -> None:
        """Run a statement as the owner of the tables."""
        with self._ledger.connected() as connection:
            connection.exec_driver_sql(statement)

    def grant(self) -> None:
        """Grant what the ledger needs and nothing else."""
        for table, rights in RIGHTS.items():
            self.run(f"GRANT {', '.join(rights)} ON {table} TO {self.name}")

    def read_only(self) -> None:
        """Grant SELECT only."""
        self.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {self.name}")

    def drop(self) -> None:
        """Drop the role and its grants."""
        self.ledger.close()
        self.run(f"DROP OWNED BY {self.name}")
        self.run(f"DROP ROLE {self.name}")
