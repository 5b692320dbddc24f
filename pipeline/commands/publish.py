"""Publish requests to the topic: each line of a file unchanged, or one made from options."""

from __future__ import annotations

import argparse
import json
import uuid
from collections.abc import Iterator
from pathlib import Path

from pipeline.settings import topic_path
from pipeline.usage_error import UsageError

HELP = "publish requests to the topic"
EXAMPLES = """examples:
  vividly publish requests.jsonl
  vividly publish --query "Explain photosynthesis" --grade 9 --interest basketball --modality video
"""
SETTINGS = ["project", "topic"]

TIMEOUT = 30  # seconds to publish one message, the client's retries included


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the file and the fields of one request."""
    parser.add_argument(
        "file", nargs="?", type=Path, metavar="FILE.jsonl", help="file of requests, one per line"
    )
    parser.add_argument("--query", metavar="TEXT", help="question of the student")
    parser.add_argument("--grade", type=int, metavar="N", help="grade level, 1-16")
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


def run(chosen: argparse.Namespace) -> int:
    """Publish the requests and print the Pub/Sub id of each message.

    Raises:
        UsageError: The topic does not exist, or there is nothing to publish.
    """
    if bool(chosen.file) == bool(chosen.query):
        raise UsageError("give either a file or --query")
    lines = _lines(chosen.file) if chosen.file else iter([_request(chosen)])
    published = publish(topic_path(chosen.topic, chosen.project), lines)
    for message_id in published:
        print(message_id)
    return 0


def publish(topic: str, lines: Iterator[bytes]) -> list[str]:
    """Publish messages and return their Pub/Sub ids.

    Args:
        topic: Full resource name of the topic.
        lines: Data of each message.

    Raises:
        UsageError: The topic does not exist, or this account may not publish to it.
    """
    from google.api_core import exceptions
    from google.cloud import pubsub_v1

    client = pubsub_v1.PublisherClient()
    try:
        return [f.result(TIMEOUT) for f in [client.publish(topic, line) for line in lines]]
    except (exceptions.NotFound, exceptions.PermissionDenied, exceptions.InvalidArgument) as error:
        raise UsageError(
            f"cannot publish to {topic}: {error.message} (check --topic and --project)"
        ) from error
    finally:
        client.stop()
        client.transport.close()


def _lines(file: Path) -> Iterator[bytes]:
    with file.open("rb") as lines:
        yield from (line.rstrip(b"\r\n") for line in lines if line.strip())


def _request(chosen: argparse.Namespace) -> bytes:
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
    return json.dumps({name: value for name, value in fields.items() if value}).encode()
