"""An export holds everything of one student and nothing of another."""

from __future__ import annotations

import json
import stat

import pytest

from pipeline.cli.app import main
from tests.integration.student_support import OTHER, STUDENT, Student
from transforms.artifacts import ArtifactStore


@pytest.fixture
def student(ledger, tmp_path):
    return Student(ledger, ArtifactStore(str(tmp_path / "artifacts")))


def export(ledger, tmp_path, *more, student=STUDENT):
    return main(
        ["students", "export", student, "--output", str(tmp_path / "out"), "--database", ledger.url,
         "--artifacts", str(tmp_path / "artifacts"), *more]
    )  # fmt: skip


def test_export_holds_rows_letters_and_files(ledger, tmp_path, student):
    other = Student(ledger, student.store, OTHER, "seahorse")
    other.complete()
    other.refuse_all()
    student.complete()
    student.fail()
    student.refuse_all()
    assert export(ledger, tmp_path, "--reference", "TICKET-1") == 0
    out = tmp_path / "out"
    whole = json.loads((out / "student.json").read_text())
    assert whole["student_id"] == STUDENT
    assert {each["request"]["student_query"] for each in whole["requests"]} == {"Explain zebrafish"}
    assert [len(each["stages"]) for each in whole["requests"]] == [1, 1]
    assert len(whole["dead_letters"]) == 1 + len(student.unread)
    kept = {(out / letter["data"]).read_bytes() for letter in whole["dead_letters"]}
    assert {unread.data for unread in student.unread} <= kept
    for each in whole["requests"]:
        files = out / "requests" / each["request_id"]
        names = {p.relative_to(files).as_posix() for p in files.rglob("*") if p.is_file()}
        assert names == {"script.json", "stages/script.json", "ab" * 32}
    everything = b"".join(p.read_bytes() for p in out.rglob("*") if p.is_file())
    assert b"seahorse" not in everything
    assert OTHER.encode() not in everything
    [entry] = ledger.run("SELECT action, reference, counts, finished_at FROM privacy_log")
    assert (entry["action"], entry["reference"]) == ("export", "TICKET-1")
    assert entry["counts"] == {"requests": 2, "dead_letters": 6, "files": 6}
    assert entry["finished_at"]


def test_export_is_private_and_never_mixed(ledger, tmp_path, student, capsys):
    student.complete()
    assert export(ledger, tmp_path) == 0
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "out" / "student.json").stat().st_mode) == 0o600
    assert export(ledger, tmp_path, student=OTHER) == 2
    assert "is not empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["export", "s-1"], "`export` takes --output"),
        (["export", "s-1", "--output", "x", "--dry-run"], "no --dry-run"),
        (["erase", "s-1", "--output", "x"], "is an option of `export`"),
        (["erase", " "], "must be a student's id"),
        (["erase", "x" * 101], "must be a student's id"),
        (["erase", "s-1", "--backup-retention", "1h"], "at least one day"),
    ],
)
def test_wrong_arguments_are_refused(arguments, reason, capsys):
    status: object
    try:
        status = main(
            ["students", *arguments, "--database", "postgresql://owner@nowhere.invalid/x"]
        )
    except SystemExit as ended:
        status = ended.code
    assert status == 2
    assert reason in capsys.readouterr().err
