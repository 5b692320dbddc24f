"""Log records as text, as Cloud Logging's JSON, and on a Beam worker."""

from __future__ import annotations

import json
import logging
import re
import threading
from concurrent import futures
from datetime import UTC, datetime

import grpc
import pytest
from apache_beam.portability.api import (
    beam_fn_api_pb2,
    beam_fn_api_pb2_grpc,
    endpoints_pb2,
)
from apache_beam.runners.worker.log_handler import FnApiLogRecordHandler
from hypothesis import given
from hypothesis import strategies as st

from pipeline.monitoring import logging_config
from tests.logs_support import configured
from transforms.errors import DependencyDown, PermanentError
from transforms.model import Claim, ContentRequest, Lesson, Message, Received
from transforms.telemetry import log_events, redaction
from transforms.telemetry.log_format import install_worker_log_format
from transforms.telemetry.redaction import exception_outline, redact
from transforms.telemetry.trace_context import trace_id

log = logging.getLogger("tests.logs")

REQUEST_ID = "123e4567-e89b-42d3-a456-426614174000"
TRACE = "0af7651916cd43dd8448eb211c80319c"


def message(**attributes):
    return Message(b"{}", attributes, "m-1", datetime.now(UTC))


def lesson(**attributes):
    request = ContentRequest(REQUEST_ID, "s", "why is the sky blue", 8, "corr 7")
    return Lesson(message(**attributes), request, Claim("token", 2))


@pytest.fixture
def written(tmp_path):
    """Says something, and returns the lines of a log of the given form."""

    def write(say, form="json", level="INFO"):
        with configured(tmp_path / "log", level, form) as file:
            say()
        return file.read_text().splitlines()

    return write


def test_json_entry_has_cloud_logging_fields(written):
    def say():
        log.warning("%s failed", "script", extra=log_events.log_fields(lesson(), stage="script"))

    [line] = written(say)
    entry = json.loads(line)
    assert (entry["severity"], entry["message"]) == ("WARNING", "script failed")
    assert datetime.fromisoformat(entry["time"]).tzinfo
    assert entry["logging.googleapis.com/labels"] == {
        "request_id": REQUEST_ID,
        "correlation_id": "corr 7",
        "stage": "script",
        "attempt": "2",
        "message_id": "m-1",
    }
    trace = f"projects/my-project/traces/{REQUEST_ID.replace('-', '')}"
    assert entry["logging.googleapis.com/trace"] == trace
    place = entry["logging.googleapis.com/sourceLocation"]
    assert place["file"].endswith("unit/monitoring/test_logging.py")
    assert place["line"].isdigit()
    assert place["function"] == "say"


def test_numeric_fields_stay_numbers_in_json(written):
    [line] = written(lambda: log.info("x", extra={"seconds": 1.5, "cost_usd": 0.0001}))
    entry = json.loads(line)
    assert (entry["seconds"], entry["cost_usd"]) == (1.5, 0.0001)


def test_text_format_shows_time_level_and_ids(written):
    [line] = written(
        lambda: log.info(
            "done", extra=log_events.log_fields(lesson(), stage="video", cost_usd=0.00000004)
        ),
        form="text",
    )
    assert re.match(r"\d\d:\d\d:\d\d INFO    done  request_id=", line)
    assert 'correlation_id="corr 7" stage=video attempt=2' in line
    assert line.endswith("cost_usd=0.00000004")


@pytest.mark.parametrize("form", ["json", "text"])
def test_every_record_takes_one_line(written, form):
    forged = "x\n12:00:00 INFO  all is well\r\x1b[2J\u2028\x85"
    lines = written(lambda: log.info("%s", forged, extra={"correlation_id": forged}), form)
    assert len(lines) == 1
    assert "\x1b" not in lines[0]


@pytest.mark.parametrize("name", logging_config.PLATFORM_VARIABLES)
def test_auto_format_is_json_on_google_cloud(name, monkeypatch):
    for other in logging_config.PLATFORM_VARIABLES:
        monkeypatch.delenv(other, raising=False)
    assert not isinstance(logging_config.formatter("auto"), logging_config.CloudLogFormatter)
    monkeypatch.setenv(name, "x")
    assert isinstance(logging_config.formatter("auto"), logging_config.CloudLogFormatter)
    assert not isinstance(logging_config.formatter("text"), logging_config.CloudLogFormatter)


def test_trace_of_publisher_is_kept():
    header = f"00-{TRACE}-b7ad6b7169203331-01"
    assert log_events.log_fields(lesson(traceparent=header))["trace_id"] == TRACE
    assert log_events.log_fields(message(googclient_traceparent=header))["trace_id"] == TRACE


def test_later_version_of_traceparent_may_have_more_fields():
    header = f"01-{TRACE}-b7ad6b7169203331-01-rest"
    assert trace_id({"traceparent": header}, REQUEST_ID) == TRACE


@pytest.mark.parametrize(
    "header",
    [
        *("", "x", f"{TRACE}\n"),
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-b7ad6b7169203331-01",
        f"00-{TRACE.upper()}-b7ad6b7169203331-01",
        f"00-{TRACE}-b7ad6b7169203331-01-rest",
    ],
)
def test_invalid_trace_is_ignored(header):
    assert trace_id({"traceparent": header}, REQUEST_ID) == REQUEST_ID.replace("-", "")
    assert trace_id({"traceparent": header}, None) is None


def test_unclaimed_request_has_no_attempt_field():
    received = Received(message(), lesson().request)
    assert "attempt" not in log_events.log_fields(received)


SECRETS = [
    "postgresql://vividly:s3cr3t-p@ss/w0rd@10.0.0.5:5432/vividly",
    "https://me:s3cr3t-p@ss/w0rd@proxy",
    "Authorization: Bearer s3cr3t-p@ss/w0rd",
    "password=s3cr3t-p@ss/w0rd",
    "{'password': 's3cr3t-p@ss/w0rd'}",
    '{"api_key": "s3cr3t-p@ss/w0rd"}',
    "ya29.s3cr3t-pAss",
    "AIzas3cr3t-p0123456789012345678901234567",
    "-----BEGIN PRIVATE KEY-----\ns3cr3t\n-----END PRIVATE KEY-----\n",
]


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("secret", SECRETS)
def test_secrets_are_redacted_at_every_level(written, secret, form):
    def say():
        log.debug("%s", secret)
        log.error("it is %s.", secret, extra={"correlation_id": secret})
        try:
            raise ValueError(secret)
        except ValueError:
            log.debug("debug", exc_info=True)
            log.exception("error")

    text = "\n".join(written(say, form, "DEBUG"))
    assert "s3cr3t" not in text
    assert "w0rd" not in text
    assert "***" in text


@pytest.mark.parametrize(
    "text",
    [
        "postgres is down: postgresql://vividly@10.0.0.5/vividly",
        "input tokens: 10",
        "see https://a/b@c",
    ],
)
def test_text_without_secrets_is_unchanged(text):
    assert redact(text) == text


@given(
    st.lists(
        st.sampled_from([*SECRETS, "Basic dXNlcjpw", "TOKEN = x", "passwd:x", "\u212aEY", " "])
        | st.text(max_size=5)
    ).map("".join)
)
def test_prefilter_skips_no_matching_pattern(text):
    expected = text
    for _, pattern, replacement in redaction._SECRETS:
        expected = pattern.sub(replacement, expected)
    assert redact(text) == expected


def raised():
    try:
        try:
            raise KeyError("my brother is ill")
        except KeyError as error:
            raise PermanentError("why is my brother ill") from error
    except PermanentError as error:
        return error


def test_exception_outline_omits_the_message():
    lines = exception_outline(raised()).splitlines()
    assert [line for line in lines if not line.startswith("  at ")] == [
        "KeyError",
        "which led to",
        "PermanentError",
    ]
    assert re.fullmatch(r"  at unit/monitoring/test_logging\.py:\d+ in raised", lines[1])


def test_dependency_error_keeps_its_message():
    assert exception_outline(DependencyDown("postgres", "no route")) == (
        "DependencyDown: postgres is down: no route"
    )


def test_exception_of_thread_is_logged_redacted(written):
    def die():
        raise KeyError("my brother is ill")

    def say():
        thread = threading.Thread(target=die, name="scheduler-1")
        thread.start()
        thread.join()

    [line] = written(say)
    entry = json.loads(line)
    assert (entry["severity"], entry["message"]) == (
        "ERROR",
        "thread scheduler-1 ended with an exception",
    )
    assert "KeyError\n  at " in entry["stack_trace"]
    assert "brother" not in line


class _Logging(beam_fn_api_pb2_grpc.BeamFnLoggingServicer):
    """Logging service of a runner that collects its workers' entries."""

    def __init__(self):
        self.entries = []

    def Logging(self, request_iterator, context):
        for request in request_iterator:
            self.entries.extend(request.log_entries)
        yield beam_fn_api_pb2.LogControl()


def test_beam_worker_logs_the_same_line():
    """With Beam's own handler, as a Dataflow worker installs it, and a server of its protocol."""
    service = _Logging()
    server = grpc.server(futures.ThreadPoolExecutor(2))
    beam_fn_api_pb2_grpc.add_BeamFnLoggingServicer_to_server(service, server)
    port = server.add_insecure_port("localhost:0")
    server.start()
    root = logging.getLogger()
    before, level = root.handlers, root.level
    try:
        descriptor = endpoints_pb2.ApiServiceDescriptor(url=f"localhost:{port}")
        handler = FnApiLogRecordHandler(descriptor)
        root.handlers = [handler]
        root.setLevel(logging.INFO)
        install_worker_log_format()
        install_worker_log_format()  # every DoFn does
        try:
            raise KeyError("my brother is ill")
        except KeyError:
            log.exception("script failed", extra=log_events.log_fields(lesson(), stage="script"))
        handler.close()
    finally:
        root.handlers = before
        root.setLevel(level)
        server.stop(None).wait()
    [entry] = service.entries
    first, *rest = entry.message.splitlines()
    assert first.startswith(f"script failed  request_id={REQUEST_ID} ")
    assert rest[0] == "KeyError"
    assert "brother" not in str(entry)
    assert entry.severity == beam_fn_api_pb2.LogEntry.Severity.ERROR


def test_error_report_is_log_entry_in_json_mode(written, capsys):
    def say():
        logging_config.report_error("postgres is down")
        logging_config.report_error("KeyError: my brother is ill", KeyError("my brother is ill"))

    first, second = map(json.loads, written(say))
    assert first["message"] == "vividly failed: postgres is down"
    assert second["message"] == "vividly failed: KeyError"
    assert second["stack_trace"] == "KeyError"
    written(lambda: logging_config.report_error("no postgresql://me:hunter2@h/d"), "text")
    assert capsys.readouterr().err == "vividly: no postgresql://me:***@h/d\n"
