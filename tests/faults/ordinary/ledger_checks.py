"""Rows 4, 7, 11, 12 and a part of row 10: faults and sizes of Postgres."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Iterator

from pipeline.embedded.process import LOOPBACK, free_port
from tests import pgbouncer
from tests.faults.ordinary.bench import Bench, Stand
from tests.faults.ordinary.filled import LETTERS, fill
from tests.faults.ordinary.finding import Finding, Missing
from tests.faults.ordinary.shutdown import GRACE, stopped
from tests.postgres_faults import frozen

LOG_LINES = 100
POOLED = 80  # requests; enough to use several connections at a time
READY = 2.0
POLLED = 50_000
"""Rows of `stages` that one drain may read for its budget."""


def revoked_grants(bench: Bench) -> Iterator[Finding]:
    """Drain with a database role that may only read."""
    dead_letters = f"projects/ordinary-faults/topics/dead-{time.monotonic_ns()}"
    with bench.stand() as stand:
        stand.publisher.create_topic(name=dead_letters)
        stand.subscriber.delete_subscription(subscription=stand.subscription)
        stand.subscriber.create_subscription(
            {
                "name": stand.subscription, "topic": stand.topic, "ack_deadline_seconds": 60,
                "dead_letter_policy": {
                    "dead_letter_topic": dead_letters, "max_delivery_attempts": 100,
                },
            }
        )  # fmt: skip
        reader = f"reader_{stand.database}"
        stand.sql(f"CREATE ROLE {reader} LOGIN PASSWORD '{reader}'")
        stand.sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}")
        stand.publish(5, "text")
        url = {"VIVIDLY_DATABASE": stand.url(reader)}
        done = stand.run("drain", "--max-runtime=10", "--empty-queue-timeout=10", **url)
        lines = len(done.log.splitlines())
        attempts = stand.unacknowledged()
        yield Finding(
            4, done.status == 3 and lines <= LOG_LINES and len(attempts) == 5
            and max(attempts) <= 3,
            f"{done.shown}, {lines} log lines, {len(attempts)} of 5 unacknowledged after "
            f"{max(attempts, default=0)} deliveries",
        )  # fmt: skip
        checked = stand.run("check", "drain", **url)
        named = "INSERT" in checked.output + checked.log
        yield Finding(
            4, checked.status != 0 and named,
            f"check: exit status {checked.status}, INSERT is {'' if named else 'not '}named",
        )  # fmt: skip


def pooler(bench: Bench) -> Iterator[Finding]:
    """Process requests through PgBouncer with transaction pooling."""
    reason = pgbouncer.missing()
    if reason:
        raise Missing(reason)
    asked = "statement_timeout,TimeZone,plan_cache_mode"
    cases: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("refusing startup parameters", "", {}),
        ("ignoring them", asked, {}),
        ("named in the URL", "", {"pooler": "transaction"}),
    )
    for about, ignored, named in cases:
        with (
            bench.stand() as stand,
            pgbouncer.serving(stand.url(), ignore_startup_parameters=ignored) as bouncer,
        ):
            done = stand.run(
                "batch", stand.file(POOLED, "text"), "--workers=4", "--dependency-timeout=5",
                VIVIDLY_DATABASE=bouncer.url(stand.url(), **named),
            )  # fmt: skip
            passed = done.status == 0 and done.summary.get("completed") == POOLED
            yield Finding(7, passed, f"{about}: {done.shown}")


def stop_with_frozen_postgres(bench: Bench) -> Iterator[Finding]:
    """Stop a drain while Postgres is frozen, and ask whether it is ready."""
    port = free_port()
    with bench.stand() as stand:
        stand.publish(3, "video")
        drain = stand.start(
            "drain", "--workers=1", f"--shutdown-grace={GRACE}", f"--health-port={port}"
        )
        stand.wait_for_requests(1, "status = 'running'")
        with frozen(bench.postgres):
            seconds, status = _asked(f"http://{LOOPBACK}:{port}/readyz")
            yield Finding(
                10, seconds <= READY and status == 503,
                f"Postgres frozen: /readyz answered {status or 'nothing'} in {seconds:.1f} s",
            )  # fmt: skip
            yield stopped(bench, drain, "Postgres frozen")


def _asked(url: str) -> tuple[float, int]:
    """Return the seconds and the status of an answer; status 0 for none."""
    asked = time.monotonic()
    status = 0
    try:
        with urllib.request.urlopen(url, timeout=20) as reply:
            status = reply.status
    except urllib.error.HTTPError as error:
        status = error.code
    except OSError:
        pass
    return time.monotonic() - asked, status


def abandoned_request(bench: Bench) -> Iterator[Finding]:
    """Kill a worker and ask for the status of its request once the lease has lapsed."""
    with bench.stand() as stand:
        stand.publish(1, "video")
        drain = stand.start("drain", "--workers=1", "--lease=3")
        stand.wait_for_requests(1, "status = 'running'")
        drain.kill()
        stand.wait_for_requests(1, "lease_expires_at < now()")
        shown = stand.run("status")
        yield Finding(
            11, "lapsed" in shown.output,
            f"status shows {' '.join(shown.output.split()[-6:]) or shown.log[-80:]}",
        )  # fmt: skip
        options = ("--status=lapsed", "--student=student-0", "--since=1h")
        filtered = stand.run("status", *options)
        help_text = stand.run("status", "--help").output
        missing = [name for name in ("--stage", "--watch") if name not in help_text]
        yield Finding(
            11, filtered.status == 0 and not missing and "lapsed" in filtered.output,
            f"status {' '.join(options)}: exit status {filtered.status}"
            + (f", no {' and no '.join(missing)}" if missing else ""),
        )  # fmt: skip


def large_ledger(bench: Bench) -> Iterator[Finding]:
    """Read a ledger of 300,000 requests: no slow statement, no statement for each dead letter."""
    with bench.stand() as stand:
        fill(stand)
        bench.slow_statements()
        stand.sql(f"ALTER DATABASE {stand.database} SET log_min_duration_statement = 1000")
        for command in (
            ("status",), ("cost", "--since=1d"), ("dead-letters", "list"),
            ("dead-letters", "replay", "--stage=narration", "--dry-run"),
        ):  # fmt: skip
            before = _transactions(stand)
            done = stand.run(*command)
            time.sleep(1)  # the server reports its counts with a delay
            statements = _transactions(stand) - before
            slow = bench.slow_statements()
            yield Finding(
                12, done.status == 0 and not slow and statements < LETTERS / 10,
                f"{' '.join(command)}: exit status {done.status}, {statements} statements, "
                f"{f'slowest {max(slow):.1f} s' if slow else 'none over 1 s'}",
            )  # fmt: skip
        before = _rows_read(stand)
        done = stand.run(
            "drain", "--max-cost-per-hour=1000", "--max-runtime=6", "--empty-queue-timeout=60"
        )
        time.sleep(1)
        rows = _rows_read(stand) - before
        yield Finding(12, rows <= POLLED, f"budget polls read {rows:,} rows, {done.shown}")


def _transactions(stand: Stand) -> int:
    [row] = stand.sql(
        "SELECT xact_commit AS n FROM pg_stat_database WHERE datname = current_database()"
    )
    return int(row["n"])


def _rows_read(stand: Stand) -> int:
    [row] = stand.sql(
        "SELECT seq_tup_read + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes "
        "WHERE relname = 'stages') AS n FROM pg_stat_user_tables WHERE relname = 'stages'"
    )
    return int(row["n"])
