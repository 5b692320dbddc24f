"""Settings of the streaming job."""

from __future__ import annotations

from pipeline.settings.setting import Setting

GROUP = "How the streaming job is run"

SETTINGS = (
    Setting(
        "id-label", "message attribute, a new value in each publication, by which Dataflow drops "
        "what a publisher sent twice; Pub/Sub's message id when not given", GROUP,
    ),
    Setting(
        "wait", "wait for the Dataflow job to end instead of returning once it is submitted",
        GROUP, type=bool, default=True,
    ),
)  # fmt: skip
