"""Output files: links, permissions, pipes and standard output."""

from __future__ import annotations

import os
import threading

import pytest

from pipeline.output_file import write_output


def test_link_is_followed_and_permissions_are_kept(tmp_path):
    target, link = tmp_path / "target.html", tmp_path / "link.html"
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to(target.name)
    write_output(link, "new")
    assert (link.is_symlink(), target.read_text()) == (True, "new")
    assert target.stat().st_mode & 0o777 == 0o600


def test_dangling_link_is_followed(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "later" / "target")
    write_output(tmp_path / "link", "new")
    assert (tmp_path / "later" / "target").read_text() == "new"


def test_new_file_has_the_usual_permissions(tmp_path):
    (tmp_path / "usual").touch()
    write_output(tmp_path / "new", "text")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_pipe_is_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_text()))
    reader.start()
    write_output(tmp_path / "pipe", "text")
    reader.join(30)
    assert (read, (tmp_path / "pipe").is_fifo()) == (["text"], True)


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_standard_output_is_written_to(capfd, name):
    write_output(name, "text\n")
    assert capfd.readouterr().out == "text\n"
    assert not os.path.exists("-")


def test_failed_write_leaves_the_old_file(tmp_path):
    file = tmp_path / "file"
    write_output(file, "whole")
    with pytest.raises(UnicodeEncodeError):
        write_output(file, "half \ud800")
    assert ([file], "whole") == (list(tmp_path.iterdir()), file.read_text())


def test_unwritable_file_is_named(tmp_path):
    with pytest.raises(OSError, match="No space left") as failed:
        write_output("/dev/full", "text")
    assert failed.value.filename == "/dev/full"
