"""Labels and coders are what a running streaming job is updated by: they change only on purpose.

After a change that is meant, write the new ones with `python -m tests.graph.golden`, and a mapping
of the old labels into `docs/dataflow.md`.
"""

from __future__ import annotations

import json

from tests.graph import golden

BEAMS_OWN = "Read requests/"
"""What Beam passes on within its source, which is always fused with what follows."""


def test_labels_and_coders_are_as_recorded():
    assert golden.current() == json.loads(golden.FILE.read_text())


def test_nothing_is_pickled_between_steps():
    ours = {k: v for k, v in golden.current()["coders"].items() if not k.startswith(BEAMS_OWN)}
    assert ours
    assert not [k for k, coder in ours.items() if "Pickle" in coder or "FastPrimitives" in coder]
