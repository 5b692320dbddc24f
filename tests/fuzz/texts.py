"""Strategies of hostile texts."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.naughty import NAUGHTY

SIGNS = (
    *("\u200b", "\u200d", "\u202e", "\u2066", "\ufeff", "\U000e0041", "\ufe0f", "\u00ad", "\u2028"),
    *("\x00", "\x1b[31m", "\x7f", "\x85", "\t", "\r\n", "\n\n", "\ud800", "\udfff", "\uffff"),
    *("<b>", "&amp;", "&lt;", "-->", "WEBVTT", "::cue", "</script>", "{{", "%s", "\\", "$", "|"),
    *("\u0301" * 9, "é", "e\u0301", "漢", "अ", "क्\u200dष", "می\u200cخ", "ﷺ", "👩🏽\u200d🚀", "🇺🇸"),
    *("1.", "2^10", "10⁻³", "½", "3/4", "°C", "km/h", "H₂O", "E=mc²", "-5", "1e9", "٣", "Ⅷ"),
)
"""Characters and short texts that some reader treats specially."""

_pieces = (
    st.sampled_from(SIGNS)
    | st.sampled_from([text[:60] for text in NAUGHTY.values()])
    | st.sampled_from(["word ", "Why? ", "Leaves catch light. ", " ", "א", "ab"])
    | st.text(max_size=8)
)

texts = st.lists(_pieces, max_size=12).map("".join)
"""Texts of up to a few hundred characters, lone surrogates included."""

encodable = texts.map(lambda text: text.encode("utf-8", "replace").decode())
"""Texts without lone surrogates, as a message or an answer in UTF-8 holds them."""
