from datetime import UTC, datetime

from transforms.ledger import records
from transforms.model import (
    Claim,
    ContentRequest,
    DeadLetter,
    Lesson,
    Message,
    Scene,
    Script,
    StageRecord,
)

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def letter(message_id, size):
    return DeadLetter(Message(b"x" * size, {}, message_id, NOW), "parse", "Bad", "bad", NOW)


def test_letters_are_batched_by_size_and_message():
    mega = 1024 * 1024
    letters = [letter("a", 1), letter("b", 5 * mega), letter("c", 5 * mega), letter("c", 1),
               letter("d", 20 * mega), letter("e", 1)]  # fmt: skip
    batches = [[x.message.message_id for x in batch] for batch in records._batches(letters)]
    assert batches == [["a", "b"], ["c"], ["c"], ["d"], ["e"]]


def test_stage_times_are_chained_back_from_now():
    def record(stage, seconds, reused=False):
        return StageRecord(stage, "offline", "f", seconds, 0.0, (), (), reused=reused)

    request = ContentRequest("11111111-1111-1111-1111-111111111111", "s", "why?", 5, "c")
    lesson = Lesson(
        Message(b"", {}, "m", NOW),
        request,
        Claim("t", 2),
        (record("script", 3.0, reused=True), record("narration", 2.0), record("video", 10.0)),
    )
    rows = {row["stage"]: (row["ago"], row["lasted"]) for row in records._records(lesson)}
    assert rows == {"video": (0, 10), "narration": (10, 2), "script": (12, 0)}


def test_script_text_has_title_headings_and_narration():
    script = Script(
        "Gravity", "Why do things fall?", (Scene("Mass", "Mass attracts.", ("Mass",)),),
        ("Mass attracts mass.",), (), "gravity", "physics", 8,
    )  # fmt: skip
    assert records.script_text(script) == (
        "Gravity\n\nWhy do things fall?\n\nMass\n\nMass attracts.\n\n"
        "Key takeaways\n\nMass attracts mass."
    )
