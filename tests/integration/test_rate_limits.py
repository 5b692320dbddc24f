"""Workers share a rate limit through one row of Postgres, and never exceed it together."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import make_url

from tests.integration.ledger_support import execute, transaction, wait_until_blocked
from tests.tcp_proxy import TcpProxy
from transforms.errors import DependencyDown
from transforms.ledger import Ledger
from transforms.stage.shared_rate import VALID, SharedRate

NAME = "narration/google"
LONG = 3600.0


def next_at(ledger: Ledger) -> Any:
    [found] = ledger.run(
        "SELECT next_at, CAST(extract(epoch FROM next_at - clock_timestamp()) AS float8) AS ahead "
        "FROM rate_limits"
    )
    return found


@pytest.mark.pooled
def test_first_calls_are_granted_at_once(ledger):
    assert ledger.grant_calls(NAME, 3, 60.0, LONG) == (3, pytest.approx(0, abs=0.001))
    calls, delay = ledger.grant_calls(NAME, 10, 60.0, LONG)
    assert calls == 10
    assert 0 < delay <= 180
    assert next_at(ledger)["ahead"] == pytest.approx(13 * 60, abs=60)


def test_limits_of_engines_are_separate(ledger):
    ledger.grant_calls(NAME, 10, 60.0, LONG)
    assert ledger.grant_calls("narration/other", 1, 60.0, LONG).delay == pytest.approx(0, abs=0.001)


def test_unused_time_allows_no_burst(ledger):
    ledger.grant_calls(NAME, 1, 60.0, LONG)
    ledger.run("UPDATE rate_limits SET next_at = next_at - interval '1 hour' RETURNING name")
    assert ledger.grant_calls(NAME, 2, 60.0, LONG) == (2, pytest.approx(0, abs=0.001))
    assert ledger.grant_calls(NAME, 1, 60.0, LONG).delay > 60


def test_no_call_is_granted_beyond_the_deadline(ledger):
    assert ledger.grant_calls(NAME, 10, 60.0, within=150.0).calls == 3  # at 0, 60 and 120 s
    before = next_at(ledger)["next_at"]
    refused = ledger.grant_calls(NAME, 10, 60.0, within=30.0)
    assert refused.calls == 0
    assert 60 < refused.delay <= 180  # when the next one is free
    assert next_at(ledger)["next_at"] == before


def test_no_call_is_granted_twice_to_concurrent_workers(ledger):
    """Intervals are long, so that time that passes cannot make two grants look like one."""

    def grant(worker: int) -> list[float]:
        own = replace(ledger, pool_size=1 + worker)  # a pool of its own
        found = []
        for calls in (1, 10, 3):
            granted = own.grant_calls(NAME, calls, 600.0, 1e6)
            found += [granted.delay + index * 600.0 for index in range(granted.calls)]
        own.close()
        return found

    with ThreadPoolExecutor(8) as pool:
        delays = sorted(delay for found in pool.map(grant, range(8)) for delay in found)
    assert delays == pytest.approx([index * 600.0 for index in range(8 * 14)], abs=290)


def test_time_is_read_after_the_wait_for_the_lock(ledger):
    ledger.grant_calls(NAME, 1, 600.0, LONG)
    with ThreadPoolExecutor(1) as pool:
        with transaction(ledger) as other:
            execute(other, "UPDATE rate_limits SET next_at = now() - interval '1 hour'")
            granting = pool.submit(ledger.grant_calls, NAME, 1, 600.0, LONG)
            wait_until_blocked(ledger, granting)
            [released] = ledger.run("SELECT clock_timestamp() AS at")
        assert granting.result().calls == 1
    assert (next_at(ledger)["next_at"] - released["at"]).total_seconds() >= 600.0


class Process:
    """The calls of one process: ten threads and more under one limit, over its own connections."""

    def __init__(self, ledger: Ledger, per_minute: float) -> None:
        self.statements = 0
        self.begun: list[float] = []

        class Counted(Ledger):
            def grant_calls(inner, *asked):
                self.statements += 1
                return super().grant_calls(*asked)

        self.ledger = Counted(ledger.url, pool_size=2)
        self.rate = SharedRate(self.ledger, NAME, per_minute)

    def call(self, calls: int) -> None:
        for _ in range(calls):
            self.rate.wait_for_turn(time.monotonic() + LONG)
            self.begun.append(time.monotonic())


def test_two_processes_stay_within_the_limit(ledger):
    per_second, threads, calls = 100, 25, 3
    processes = [Process(ledger, 60.0 * per_second) for _ in range(2)]
    with ThreadPoolExecutor(2 * threads) as pool:
        list(pool.map(lambda process: process.call(calls), processes * threads))
    begun = sorted(begun for process in processes for begun in process.begun)
    assert len(begun) == 2 * threads * calls
    for first, start in enumerate(begun):
        within = [each for each in begun[first:] if each < start + 0.5]
        assert len(within) <= (0.5 + VALID) * per_second + 1
    assert begun[-1] - begun[0] >= (len(begun) - 1) / per_second - VALID
    statements = sum(process.statements for process in processes)
    assert statements < len(begun) / 2  # a tenth on an idle machine
    for process in processes:
        process.ledger.close()


def test_outage_of_postgres_ends_waits_soon(migrated_postgres):
    url = make_url(migrated_postgres.url)
    with TcpProxy(f"{url.host}:{url.port}") as proxy:
        through = url.set(host="127.0.0.1", port=int(proxy.host.rpartition(":")[2]))
        ledger = Ledger(through.render_as_string(hide_password=False), timeout=5.0)
        rate = SharedRate(ledger, NAME, per_minute=60_000)
        rate.wait_for_turn(time.monotonic() + LONG)
        proxy.cut()
        with ThreadPoolExecutor(12) as pool:
            calls = [pool.submit(rate.wait_for_turn, time.monotonic() + LONG) for _ in range(12)]
            errors = {type(call.exception(60)) for call in calls}
        assert errors == {DependencyDown}
        proxy.restore()
        rate.wait_for_turn(time.monotonic() + LONG)
        ledger.close()
