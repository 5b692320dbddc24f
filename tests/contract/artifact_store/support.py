"""A request and its files, for tests of the artifact store."""

from __future__ import annotations

JSON = "application/json"
REQUEST = "11111111-2222-4333-8444-555555555555"
LARGE = 9_000_000
"""Bytes; above the 8 MB from which Google's client uploads in a session."""
