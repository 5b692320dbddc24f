"""Settings of the help for students in danger."""

from __future__ import annotations

from pipeline.settings.parsers import region_code, topic_name
from pipeline.settings.setting import Setting

GROUP = "Students in danger"

SETTINGS = (
    Setting(
        "care-region", "country of students whose messages state no language with a country, as "
        "ISO 3166-1 code such as US; decides the telephone numbers of help; no numbers when not "
        "given", GROUP, type=region_code, graph=True,
    ),
    Setting(
        "care-topic", "Pub/Sub topic that tells staff of students who need care, as "
        "projects/…/topics/…; no person is told when not given", GROUP, type=topic_name, graph=True,
    ),
)  # fmt: skip
