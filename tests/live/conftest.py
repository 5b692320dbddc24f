"""Tests that call Google, for a few cents; they run only with ``VIVIDLY_LIVE=1``.

    VIVIDLY_LIVE=1 GOOGLE_CLOUD_PROJECT=my-project .venv/bin/python -m pytest tests/live

Set ``VIVIDLY_LIVE_BUCKET=gs://my-bucket`` too for the tests that write to Cloud Storage.
"""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("VIVIDLY_LIVE") == "1" else ["test_*.py"]
