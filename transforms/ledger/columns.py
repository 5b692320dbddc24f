"""Functions that make the kinds of columns that the ledger's tables share."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Numeric, func, text
from sqlalchemy.dialects.postgresql import JSONB

from transforms.ledger.personal import personal


def timestamp(name: str, *, required: bool = True, now: bool = False, key: bool = False) -> Column:
    """Return a timestamp column; with `now`, the time of the insert is its default."""
    default = func.now() if now else None
    kind = DateTime(timezone=True)
    return Column(name, kind, primary_key=key, nullable=not required, server_default=default)


def json_column(name: str, empty: str, holds: str = "") -> Column:
    """Return a JSON column that is never null; `holds` names its content about a student."""
    info = personal(holds, f"'{empty}'") if holds else {}
    return Column(name, JSONB, nullable=False, server_default=text(f"'{empty}'::jsonb"), info=info)


def usd(name: str) -> Column:
    """Return a column for US dollars."""
    return Column(name, Numeric(16, 8), nullable=False, server_default=text("0"))


def count(name: str) -> Column:
    """Return a column for a count."""
    return Column(name, BigInteger, nullable=False)


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    """Return a CHECK constraint that a column has one of these values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)
