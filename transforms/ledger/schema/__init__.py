"""SQLAlchemy tables of the ledger at the newest migration.

The migrations create them; a test compares the two.
"""

# Importing a module adds its tables to the metadata.
from transforms.ledger.schema import calls, dead_letters, requests, students, totals
from transforms.ledger.schema.conventions import metadata
from transforms.ledger.schema.requests import ARTIFACT_COLUMNS

__all__ = [
    "ARTIFACT_COLUMNS",
    "calls",
    "dead_letters",
    "metadata",
    "requests",
    "students",
    "totals",
]
