"""Labels and coders are what a running streaming job is updated by: they change only on purpose.

After a change that is meant, write the new ones with `python -m tests.graph.golden`.
"""

from __future__ import annotations

import json

from tests.graph import golden


def test_labels_and_coders_are_as_recorded():
    assert golden.current() == json.loads(golden.FILE.read_text())


def test_nothing_is_pickled_between_steps():
    assert not [coder for coder in golden.current()["coders"].values() if "Pickle" in coder]
