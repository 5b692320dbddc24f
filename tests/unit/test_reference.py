"""What the README says of the settings is what the code says."""

from __future__ import annotations

from pipeline import reference
from pipeline.settings import SETTINGS


def test_the_readme_is_up_to_date():
    text = reference.README.read_text(encoding="utf-8")
    assert reference.BEGIN in text
    assert reference.END in text
    assert text == reference.updated(text), "run `make docs`"


def test_every_setting_is_described():
    text = reference.settings()
    for setting in SETTINGS:
        assert f"`--{setting.name}`" in text
