"""Rows 3, 5, 6 and a part of row 10: faults of the worker, and jobs that end early."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests import tmpfs
from tests.faults.ordinary.bench import Bench
from tests.faults.ordinary.checkout import Done
from tests.faults.ordinary.finding import Finding
from tests.faults.ordinary.shutdown import GRACE, stopped

TMPFS = 300 * 1024
FREE = 40 * 1024
"""Bytes: enough to create files, too few for a narration."""


def sick_worker(bench: Bench) -> Iterator[Finding]:
    """Process audio requests on a worker whose temporary folder is full, gone or unusable."""
    reason = tmpfs.missing()
    if reason:
        yield Finding(3, None, reason)
    else:
        with (
            bench.stand() as stand,
            tmpfs.mounted(stand.folder / "tmpfs", f"size={TMPFS}", "mode=1777") as folder,
            tmpfs.filled(folder, FREE),
        ):
            done = stand.run("batch", stand.file(4, "audio"), TMPDIR=str(folder))
            yield _sick(done, "full tmpfs", str(folder))
    with bench.stand() as stand:
        folder = stand.folder / "temporary"
        folder.mkdir()
        fifo = stand.folder / "fifo"
        os.mkfifo(fifo)
        job = stand.start("batch", fifo, TMPDIR=str(folder))
        with fifo.open("wb", buffering=0) as pipe:
            pipe.write(stand.file(1, "audio").read_bytes())
            stand.wait_for_requests(1, "status = 'completed'")
            shutil.rmtree(folder)
            pipe.write(stand.file(3, "audio").read_bytes())
        yield _sick(job.wait(bench.left), "temporary folder gone", str(folder))
    with bench.stand() as stand:
        folder = stand.folder / ("x" * 120)  # a socket of the fork server does not fit this path
        folder.mkdir()
        done = stand.run("batch", stand.file(4, "audio"), TMPDIR=str(folder))
        if done.summary.get("completed") == 4:
            yield Finding(3, done.status == 0, f"long temporary path: {done.shown}")
        else:
            yield _sick(done, "no fork server", "")


def _sick(done: Done, about: str, path: str) -> Finding:
    letters = done.summary.get("dead_lettered", 0)
    passed = done.status == 3 and letters == 0 and path in done.log
    named = "" if path in done.log else ", the path is not named"
    return Finding(3, passed, f"{about}: {done.shown}{named}")


def left_over(bench: Bench) -> Iterator[Finding]:
    """End batches whose runs fail outside a stage, or that a signal stops."""
    with bench.stand() as stand:
        stand.sql(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN RAISE EXCEPTION 'refused by a trigger'; END$$"
        )
        stand.sql(
            "CREATE TRIGGER refuse BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
        done = stand.run("batch", stand.file(2, "text"))
        yield Finding(
            5, done.status in (1, 3) and done.summary.get("in_flight") == 2,
            f"failing runs: {done.shown}",
        )  # fmt: skip
    for number in (signal.SIGINT, signal.SIGTERM):
        with bench.stand() as stand:
            job = stand.start("batch", stand.file(2, "video"), "--workers=2", "--shutdown-grace=0")
            stand.wait_for_requests(2, "status = 'running'")
            job.send(number)
            done = job.wait(bench.left)
            yield Finding(
                5, done.status == 128 + number and done.summary.get("in_flight", 0) > 0,
                f"{number.name}: {done.shown}",
            )  # fmt: skip


def equal_failures(bench: Bench) -> Iterator[Finding]:
    """Work with a damaged installation: the script stage fails alike for every message."""
    with bench.stand() as stand:
        copy = stand.folder / "checkout"
        for package in ("pipeline", "transforms"):
            shutil.copytree(bench.checkout.folder / package, copy / package)
        for card in (copy / "transforms/script/cards").rglob("*.toml"):
            card.write_text("id = ")  # cut off, as by an interrupted copy
        damaged = replace(bench.checkout, folder=copy)
        job = damaged.start(
            stand.folder / "damaged.log", stand.environment, "batch", stand.file(8, "text"),
            "--workers=1",
        )  # fmt: skip
        done = job.wait(bench.left)
        letters = done.summary.get("dead_lettered", 0)
        yield Finding(6, done.status == 3 and letters == 0, f"damaged installation: {done.shown}")


def stop_without_input(bench: Bench) -> Iterator[Finding]:
    """Stop a batch that waits for input."""
    with bench.stand() as stand:
        fifo = stand.folder / "fifo"
        os.mkfifo(fifo)
        with _held_open(fifo) as pipe:
            job = stand.start("batch", fifo, f"--shutdown-grace={GRACE}")
            os.write(pipe, stand.file(1, "text").read_bytes())
            stand.wait_for_requests(1, "status = 'completed'")
            yield stopped(bench, job, "batch reads a FIFO")


@contextmanager
def _held_open(fifo: Path) -> Iterator[int]:
    """Hold a FIFO open for both ends, so that readers wait for input."""
    descriptor = os.open(fifo, os.O_RDWR)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
