"""Fingerprints: whether a result that lies there already is the one that would be made now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def fingerprint(inputs: Mapping[str, Any]) -> str:
    """Hex SHA-256 of everything that shapes a result, whatever the order of the keys."""
    canonical = json.dumps(inputs, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
