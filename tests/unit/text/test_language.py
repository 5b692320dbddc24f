"""Subtags of language tags."""

from __future__ import annotations

from tests.every_row import for_all
from transforms.text.language import primary_subtag, region_subtag, script_subtag

SUBTAGS = {
    "en": ("en", "", ""),
    "en-US": ("en", "", "US"),
    "EN_us": ("en", "", "US"),
    "es-419": ("es", "", "419"),
    "zh-hant-tw": ("zh", "Hant", "TW"),
    "zh-yue-HK": ("zh", "", "HK"),
    "sl-rozaj-biske-1994": ("sl", "", ""),
    "de-CH-1996": ("de", "", "CH"),
    "enm": ("enm", "", ""),
    "en-x-us-latn": ("en", "", ""),
    "en-u-ca-1": ("en", "", ""),
    "ar-٤١٩": ("ar", "", ""),
    "": ("", "", ""),
    "-US": ("", "", "US"),
}


@for_all([(tag, *subtags) for tag, subtags in SUBTAGS.items()])
def test_tag_is_split_into_subtags(tag: str, primary: str, script: str, region: str) -> None:
    assert primary_subtag(tag) == primary
    assert script_subtag(tag) == script
    assert region_subtag(tag) == region
