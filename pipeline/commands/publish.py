"""Publish requests to the topic: each line of a file unchanged, or one made from options.

Prints the id of each request, one per line, or `message=ID` with Pub/Sub's id for a line without a
request id. A request made from options is checked first. A line too large for Pub/Sub is reported
and skipped. With --wait it shows progress until a job has settled every message, and the exit
status is 1 if one became a dead letter. The file is UTF-8 text, plain or gzipped; `-` stands for
standard input.
"""

from __future__ import annotations

import argparse
import json
import re
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.exit_status import FAILED, OK
from pipeline.settings import topic_path, whole_number
from pipeline.settings.arguments import checked
from pipeline.usage_error import UsageError

if TYPE_CHECKING:
    from transforms.telemetry.span import Span

HELP = "publish requests to the topic"
EXAMPLES = """examples:
  vividly publish requests.jsonl
  vividly publish --query "Explain photosynthesis" --grade 9 --interest basketball --modality video
  vividly publish --query "Explain gravity" --grade 8 --wait
"""
SETTINGS = ["project", "topic", "database", "state", "otlp-endpoint"]

TIMEOUT = 7.0
"""Seconds until a publish call must succeed, retries included."""

AHEAD = 200  # most messages handed to the client and not yet published

OPTIONS = {
    "request_id": "--request-id",
    "student_id": "--student",
    "student_query": "--query",
    "grade_level": "--grade",
    "interest": "--interest",
    "language": "--language",
    "requested_modalities": "--modality",
}
"""Option that sets each field of a request."""


class Sent(NamedTuple):
    """Result of publishing one line: Pub/Sub's id, or the reason why it was not published."""

    number: int
    data: bytes
    message_id: str = ""
    error: str = ""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the file and the fields of one request."""
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE.jsonl",
        help="file of requests, one per line; - reads standard input",
    )
    parser.add_argument("--query", metavar="TEXT", help="question of the student")
    parser.add_argument(
        "--grade", type=checked(whole_number), metavar="N", help="grade level, 1-16"
    )
    parser.add_argument("--interest", metavar="TEXT", help="interest of the student")
    parser.add_argument(
        "--modality", action="append", choices=("text", "audio", "video"),
        help="requested modality; may be repeated",
    )  # fmt: skip
    parser.add_argument("--student", metavar="ID", default="student-1", help="student id")
    parser.add_argument("--language", metavar="TAG", help="BCP-47 tag")
    parser.add_argument(
        "--request-id", metavar="UUID", help="id of the request [default a new one]"
    )
    parser.add_argument(
        "--wait",
        action="store_true",
        help="wait until a job has settled each message, and show the progress",
    )


def run(chosen: argparse.Namespace) -> int:
    """Publish the requests and print the id of each.

    Returns:
        The exit status: 1 if a line was skipped or, with `--wait`, became a dead letter; else 0.

    Raises:
        UsageError: The topic or, with `--wait`, the ledger does not exist, there is nothing to
            publish, or an option is wrong.
        DependencyDown: Pub/Sub cannot be reached.
    """
    from pipeline.embedded import services
    from pipeline.jobs.request_lines import check_readable, read_lines

    services.use_running_pubsub(chosen.state, chosen.project)
    if (chosen.file is None) == (chosen.query is None):
        raise UsageError("give either a file or --query")
    if chosen.file:
        check_readable(chosen.file)
        lines = read_lines(chosen.file)
    else:
        lines = iter([(1, _request(chosen))])
    topic = topic_path(chosen.topic, chosen.project)
    if not chosen.wait:
        return _publish_all(topic, lines)[0]
    from pipeline.cli.waiting import wait_until_settled
    from pipeline.jobs import resources

    with resources.open_ledger(chosen, may_create=False) as ledger:
        status, published = _publish_all(topic, lines)
        return max(status, wait_until_settled(ledger, published))


def _publish_all(topic: str, lines: Iterable[tuple[int, bytes]]) -> tuple[int, list[str]]:
    """Publish messages and print the id of each; return the exit status and Pub/Sub's ids."""
    from pipeline.monitoring.logging_config import report_error

    status, published = OK, []
    for sent in send(topic, lines):
        if sent.error:
            report_error(f"line {sent.number} was not published: {sent.error}")
            status = FAILED
        else:
            published.append(sent.message_id)
            print(_request_id(sent.data) or f"message={sent.message_id}", flush=True)
    return status, published


def publish(topic: str, data: Iterable[bytes]) -> list[str]:
    """Publish messages and return their Pub/Sub ids; see `send` for the errors.

    Args:
        topic: Full resource name of the topic.
        data: Data of each message.
    """
    return [sent.message_id for sent in send(topic, enumerate(data, 1)) if sent.message_id]


def send(topic: str, lines: Iterable[tuple[int, bytes]]) -> Iterator[Sent]:
    """Publish messages and yield the results in the same order.

    Args:
        topic: Full resource name of the topic.
        lines: Number and data of each message.

    Raises:
        UsageError: The topic does not exist, or this account may not publish to it.
        DefaultCredentialsError: There are no Google credentials.
        DependencyDown: Pub/Sub cannot be reached. Messages without a result may have been
            published nevertheless.
    """
    from google.api_core import exceptions
    from google.auth.exceptions import TransportError
    from google.cloud import pubsub_v1

    from transforms.errors import DependencyDown

    client = pubsub_v1.PublisherClient()
    try:
        yield from _send(client, topic, lines)
    except (exceptions.NotFound, exceptions.PermissionDenied, exceptions.InvalidArgument) as error:
        raise UsageError(
            f"cannot publish to {topic}: {error.message} (check --topic and --project)"
        ) from error
    except (exceptions.GoogleAPIError, TransportError, TimeoutError) as error:
        reason = str(getattr(error, "cause", None) or error)
        raise DependencyDown("pubsub", f"{topic}: {reason}") from error
    finally:
        client.stop()
        client.transport.close()


def _send(client: Any, topic: str, lines: Iterable[tuple[int, bytes]]) -> Iterator[Sent]:
    from google.api_core import exceptions
    from google.api_core.retry import Retry, if_exception_type
    from google.cloud.pubsub_v1.publisher.exceptions import MessageTooLargeError

    from transforms.telemetry.tracing import begin_send

    again = if_exception_type(
        exceptions.Aborted,
        exceptions.DeadlineExceeded,
        exceptions.InternalServerError,
        exceptions.ResourceExhausted,
        exceptions.ServiceUnavailable,
    )
    retry = Retry(again, initial=0.1, maximum=1.0, timeout=TIMEOUT)
    pending: deque[tuple[Sent, Any, Span]] = deque()
    for number, data in lines:
        sent = Sent(number, data)
        span, attributes = begin_send(_request_id(data))
        try:
            future = client.publish(topic, data, retry=retry, timeout=TIMEOUT, **attributes)
        except MessageTooLargeError:
            sent = sent._replace(
                error=f"it has {len(data):,} bytes; Pub/Sub accepts at most 10,000,000 per message"
            )
            future = None
        pending.append((sent, future, span))
        while len(pending) > AHEAD or (pending and _is_done(pending[0][1])):
            yield _result(*pending.popleft())
    while pending:
        yield _result(*pending.popleft())


def _is_done(future: Any) -> bool:
    return future is None or future.done()


def _result(sent: Sent, future: Any, span: Span) -> Sent:
    with span:
        if future is None:
            span.set(error=sent.error)
            return sent
        return sent._replace(message_id=future.result(TIMEOUT + 1))


def _request_id(data: bytes) -> str | None:
    """Return the request id of a message as the ledger has it; None if there is no valid one."""
    from transforms.parse import UUID_PATTERN

    try:
        request_id = json.loads(data)["request_id"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    valid = isinstance(request_id, str) and re.fullmatch(UUID_PATTERN, request_id)
    return request_id.lower() if valid else None


def _request(chosen: argparse.Namespace) -> bytes:
    """Return the message of the request that the options describe.

    Raises:
        UsageError: An option breaks a rule for requests.
    """
    from transforms.errors import InvalidRequest
    from transforms.parse import parse

    if chosen.grade is None:
        raise UsageError("--grade is required with --query")
    fields = {
        "request_id": chosen.request_id or str(uuid.uuid4()),
        "student_id": chosen.student,
        "student_query": chosen.query,
        "grade_level": chosen.grade,
        "interest": chosen.interest,
        "requested_modalities": chosen.modality,
        "language": chosen.language,
    }
    data = json.dumps({name: value for name, value in fields.items() if value is not None}).encode()
    try:
        parse(data)
    except InvalidRequest as error:
        raise UsageError(f"{OPTIONS.get(error.field, error.field)} {error.reason}") from None
    return data
