"""Each command that the runbook names does what the page says, in the state of its section."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.contract.fakes.vertex import failure, vertex_server
from tests.database_role import Role
from tests.e2e import command
from tests.integration.drain_support import Queue
from tests.integration.ledger_support import (
    let_lease_lapse,
    letter,
    message,
    record,
    request,
    row,
    take,
)
from transforms.ledger import ClaimRequest, Ledger, care
from transforms.ledger.care import CareNote
from transforms.model import Lesson

PAGE = Path(__file__).parents[2] / "docs" / "runbook.md"


def named_commands() -> Iterator[tuple[str, str]]:
    """Yield each command of `vividly` that the page names, with the heading it stands under."""
    for section in PAGE.read_text().split("\n## ")[1:]:
        heading, _, text = section.partition("\n")
        fenced = re.findall(r"```sh\n(.*?)```", text, re.S)
        lines = [line.partition("#")[0] for block in fenced for line in block.splitlines()]
        inline = re.findall(r"(?<!`)`([^`]+)`(?!`)", re.sub(r"```.*?```", "", text, flags=re.S))
        for each in (" ".join(found.split()) for found in [*lines, *inline]):
            if each.startswith("vividly "):
                yield heading, each


@dataclass
class Site:
    """What the engineer on call has: a ledger, a queue, and the environment of the commands.

    Attributes:
        names: Values of the words in capitals that the page leaves open.
    """

    ledger: Ledger
    queue: Queue
    environment: dict[str, Any]
    names: dict[str, str] = field(default_factory=dict)

    def claim(self) -> Lesson:
        """Return the lesson of a new request."""
        return take(self.ledger, ClaimRequest(message(), request()))

    def fail(self, count: int = 1, stage: str = "script", **fields: Any) -> int:
        """Record dead letters of new requests; return the number of the last one."""
        failed = [letter(self.claim(), stage, **fields) for _ in range(count)]
        assert all(self.ledger.dead_letter(failed))
        self.names["NUMBER"] = str(self.ledger.dead_letters(limit=1)[0].id)
        return int(self.names["NUMBER"])

    def fail_earlier(self) -> None:
        """Record a dead letter of yesterday."""
        number = self.fail(error="of yesterday", retryable=True)
        self.ledger.run(
            "UPDATE dead_letters SET recorded_at = now() - interval '1 day' "
            "WHERE id = :id RETURNING 1",
            id=number,
        )

    def run(self, line: str) -> command.Done:
        """Run a command as the page writes it."""
        words = [self.names.get(word, word) for word in shlex.split(line)[1:]]
        return command.run(*words, **self.environment)


Case = Callable[[Site, str], None]
CASES: dict[tuple[str, str], Case] = {}


def shown_in(*places: tuple[str, str]) -> Callable[[Case], Case]:
    """Register a case of commands under headings; it makes the state and runs a command."""

    def register(case: Case) -> Case:
        CASES.update(dict.fromkeys(places, case))
        return case

    return register


@shown_in(
    ("Where to look first", "vividly check stream"),
    ("job-failed", "vividly check stream"),
    ("dead-letter-copies", "vividly check"),
    ("care-topic", "vividly check"),
    ("faults", "vividly check"),
    ("model-retired", "vividly check"),
    ("postgres-connections", "vividly check"),
)
def _all_that_is_missing_is_reported_with_remedies(site: Site, line: str) -> None:
    missing = f"{site.queue.topic}-gone"
    role = Role(site.ledger)
    role.grant()
    role.run(f"REVOKE INSERT ON dead_letters FROM {role.name}")
    with vertex_server() as service:
        service.set_replies(failure(404, "NOT_FOUND", "retired"))
        site.environment |= {
            "VIVIDLY_DEAD_LETTER_TOPIC": missing,
            "VIVIDLY_CARE_TOPIC": missing,
            "VIVIDLY_DATABASE": role.ledger.url,
            "GOOGLE_CLOUD_PROJECT": site.environment["VIVIDLY_PROJECT"],
            "GEMINI_API_KEY": "key-1",
            "NO_PROXY": "127.0.0.1",
            "VIVIDLY_GEMINI_ENDPOINT": service.url,
            "VIVIDLY_SCRIPT_ENGINE": "gemini",
        }
        done = site.run(line)
    role.drop()
    assert done.returncode == 1
    assert "ok      subscription" in done.stdout
    assert "1 process × 8 connections = 8 of" in done.stdout
    for check, detail, remedy in (
        ("dead-letter topic", missing, "the account needs the role Pub/Sub Publisher"),
        ("care topic", missing, "the account needs the role Pub/Sub Publisher"),
        ("database rights", "INSERT on dead_letters", "vividly db upgrade --grant-to"),
        ("script engine", "retired", "Vertex AI"),
    ):
        said, _, advice = done.stdout.partition(f"FAILED  {check}")[2].partition("→")
        assert detail in said
        assert remedy in advice.partition("\n")[0]


@shown_in(("Where to look first", "vividly status --limit 20"))
def _latest_requests_are_shown_first(site: Site, line: str) -> None:
    asked = [site.claim().request.request_id for _ in range(21)]
    done = site.run(line)
    assert _ids(done.stdout) == asked[:0:-1]
    assert "21 requests: 21 running; the newest 20 are shown" in done.stdout


@shown_in(
    ("Where to look first", "vividly status --status unsettled --limit 20"),
    ("data-freshness", "vividly status --status unsettled"),
    ("backlog", "vividly status --status unsettled"),
)
def _oldest_unsettled_request_is_shown_first(site: Site, line: str) -> None:
    site.fail()
    oldest, lapsed, newest = (site.claim() for _ in range(3))
    site.ledger.progress([(oldest, "narration", 40)])
    let_lease_lapse(site.ledger, lapsed.request.request_id)
    done = site.run(line)
    assert _ids(done.stdout) == [each.request.request_id for each in (oldest, lapsed, newest)]
    assert "narration" in done.stdout
    assert "3 requests: 2 running, 1 lapsed" in done.stdout


@shown_in(("lapsed-claims", "vividly status --status lapsed"))
def _lapsed_requests_have_stage_and_time(site: Site, line: str) -> None:
    site.claim()
    lapsed = site.claim()
    site.ledger.progress([(lapsed, "narration", 40)])
    let_lease_lapse(site.ledger, lapsed.request.request_id)
    done = site.run(line)
    assert _ids(done.stdout) == [lapsed.request.request_id]
    created = row(site.ledger, lapsed).created_at.astimezone()
    assert {"narration", f"{created:%m-%d}", f"{created:%H:%M:%S}"} <= set(done.stdout.split())


@shown_in(
    ("cost-per-day", "vividly cancel REQUEST_ID"),
    ("lapsed-claims", "vividly cancel REQUEST_ID"),
)
def _request_is_cancelled(site: Site, line: str) -> None:
    lesson = site.claim()
    site.names["REQUEST_ID"] = lesson.request.request_id
    assert "stops before its next stage" in site.run(line).stdout
    let_lease_lapse(site.ledger, lesson.request.request_id)
    assert site.run(line).stdout == f"{lesson.request.request_id}: cancelled\n"


@shown_in(
    ("Where to look first", "vividly dead-letters list --since 2h"),
    ("dead-letters", "vividly dead-letters list --since 1h"),
    ("dead-letters-rising", "vividly dead-letters list --since 1h"),
    ("bad-messages", "vividly dead-letters list --since 1h"),
)
def _recent_dead_letters_are_listed_with_reasons(site: Site, line: str) -> None:
    site.fail_earlier()
    site.fail(stage="parse", field="grade_level", error="must be at most 16")
    done = site.run(line)
    for word in ("parse", "grade_level", "must be at most 16"):
        assert word in done.stdout
    assert "of yesterday" not in done.stdout


@shown_in(("dead-letter-copies", "vividly dead-letters list --since 1h --limit 100000 --json"))
def _all_dead_letters_are_listed(site: Site, line: str) -> None:
    site.fail(120)
    assert len(json.loads(site.run(line).stdout)) == 120


@shown_in(
    ("Where to look first", "vividly dead-letters show NUMBER"),
    ("dead-letters", "vividly dead-letters show NUMBER"),
    ("dead-letter-copies", "vividly dead-letters show NUMBER --json"),
    ("bad-messages", "vividly dead-letters show NUMBER"),
    ("started-too-often", "vividly dead-letters show NUMBER"),
)
def _dead_letter_is_shown_whole(site: Site, line: str) -> None:
    site.fail(error="it broke", traceback="Traceback (most recent call last): …")
    shown = site.run(line).stdout
    [found] = site.ledger.dead_letters()
    for word in (found.request_id, "it broke", "Traceback (most recent call last)", "data"):
        assert str(word) in shown


@shown_in(
    ("dead-letters", "vividly dead-letters replay --retryable --since 2h --dry-run"),
    ("dead-letters", "vividly dead-letters replay --retryable --since 2h"),
    ("started-too-often", "vividly dead-letters replay --retryable"),
)
def _retryable_dead_letters_are_replayed(site: Site, line: str) -> None:
    if "--since" in line:
        site.fail_earlier()
    site.fail(retryable=False)
    number = site.fail(retryable=True)
    done = site.run(line)
    verb = "would be replayed" if "--dry-run" in line else "replayed"
    assert done.stdout.startswith(f"{number}: ")
    assert done.stdout.endswith(f"1 {verb}, 0 skipped\n")
    assert len(site.queue.pull()) == ("--dry-run" not in line)


@shown_in(
    ("dead-letters", "vividly dead-letters replay NUMBER"),
    ("bad-messages", "vividly dead-letters replay NUMBER"),
)
def _dead_letter_is_replayed_by_number(site: Site, line: str) -> None:
    site.fail()
    assert "1 replayed, 0 skipped" in site.run(line).stdout
    assert len(site.queue.pull()) == 1


@shown_in(("care-topic", "vividly care list --since 1h --limit 1000"))
def _students_of_whom_no_one_was_told_are_listed(site: Site, line: str) -> None:
    lesson = site.claim()
    ids = lesson.request.request_id, lesson.request.student_id
    note = CareNote(ids[0], "abuse", "unsure", "en", "", "help", "its words", ids[1])
    care.note(site.ledger, [note])
    [line] = [each for each in site.run(line).stdout.splitlines() if ids[0] in each]
    assert line.split()[-1] == "no"


@shown_in(("undeliverable", "vividly drain --subscription content-requests-undeliverable"))
def _undeliverable_message_is_drained(site: Site, line: str) -> None:
    site.names["content-requests-undeliverable"] = site.queue.name
    site.queue.publish(json.dumps(command.request()).encode())
    site.environment["VIVIDLY_EMPTY_QUEUE_TIMEOUT"] = "0.5"
    site.environment["VIVIDLY_PULL_TIMEOUT"] = "1"
    done = site.run(line)
    assert (done.returncode, command.summary(done.stdout)["completed"]) == (0, 1)


@shown_in(("budget-spent", "vividly cost --by stage --since 2h"))
def _cost_of_stages_is_shown(site: Site, line: str) -> None:
    lesson = site.claim()
    made = lesson.with_record(record(lesson, "script", cost_usd=0.25))
    site.ledger.progress([(made, "script", 50)])
    assert "$0.250000" in site.run(line).stdout


@pytest.fixture
def site(migrated_postgres, pubsub, tmp_path) -> Iterator[Site]:
    ledger = Ledger(migrated_postgres.url)
    queue = Queue(pubsub.project)
    environment = {
        "VIVIDLY_PROJECT": pubsub.project,
        "VIVIDLY_TOPIC": queue.topic,
        "VIVIDLY_SUBSCRIPTION": queue.name,
        "VIVIDLY_DATABASE": ledger.url,
        "VIVIDLY_ARTIFACTS": str(tmp_path / "artifacts"),
        "COLUMNS": "120",
    }
    yield Site(ledger, queue, environment)
    ledger.close()


@pytest.mark.parametrize(
    ("line", "case"),
    dict.fromkeys((line, case) for (_, line), case in CASES.items()),
    ids=lambda part: part.replace(" ", "-") if isinstance(part, str) else "",
)
def test_command_of_runbook_does_what_it_says(site, line, case):
    case(site, line)


def test_every_command_of_runbook_has_a_case():
    assert set(named_commands()) == set(CASES)


def _ids(shown: str) -> list[str]:
    return re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", shown)
