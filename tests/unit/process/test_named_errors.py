"""Errors of a full disk name the file."""

from __future__ import annotations

import pytest

from transforms.process.named_errors import naming


@pytest.mark.parametrize(("path", "named"), [("/dev/full", "page.html"), ("/no/such", "/no/such")])
def test_error_without_file_name_gets_one(path, named):
    with pytest.raises(OSError, match=f"'{named}'"), naming("page.html"), open(path, "wb") as file:
        file.write(bytes(1 << 20))
