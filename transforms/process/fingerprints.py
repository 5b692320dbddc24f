"""Fingerprints: hashes of a stage's inputs; equal hashes mean the stored result can be reused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def fingerprint(inputs: Mapping[str, Any]) -> str:
    """Return the hex SHA-256 of JSON values, independent of the order of keys."""
    canonical = json.dumps(inputs, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
