"""Conventions of all tables: names of constraints, vacuuming, and the column of message ids."""

from __future__ import annotations

from sqlalchemy import MetaData

from transforms.ledger.personal import personal

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)

# A large table is vacuumed after a hundredth of its rows has changed, not after a fifth.
VACUUM = {
    "autovacuum_vacuum_scale_factor": "0.01",
    "autovacuum_vacuum_insert_scale_factor": "0.01",
    "autovacuum_analyze_scale_factor": "0.01",
}

MESSAGE_ID = personal("Pub/Sub's id; where there is none, a digest of the content", None)
