"""Tests of `payload`: untrusted data is shown completely and safely."""

from __future__ import annotations

import pytest

from pipeline.report.payload import readable


def test_json_payload_is_indented():
    assert readable(b'{"a":["\xc3\xa9"]}').text == '{\n  "a": [\n    "é"\n  ]\n}'


@pytest.mark.parametrize("data", [b"hello", b'{"a":', b"[" * 100_000, b"", b"9" * 5000])
def test_other_text_is_unchanged(data):
    assert readable(data).kind == "text"
    assert readable(data).text == data.decode()


def test_binary_payload_is_shown_as_hex():
    shown = readable(b"\xff\xfe\x00ok" * 4)
    assert shown.kind == "bytes"
    assert shown.text.startswith("ff fe 00 6f 6b ff")
    assert "...ok...ok" in shown.text


def test_payload_truncated_inside_a_character_is_text():
    cut = "é".encode()[:1]
    assert readable(b"caf" + cut, whole=False).text == "caf"
    assert readable(b"caf" + cut).kind == "bytes"
