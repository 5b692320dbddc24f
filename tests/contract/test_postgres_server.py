"""The embedded Postgres starts, restarts, recovers, and stops with its owner."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pytest
import sqlalchemy

from pipeline.embedded.postgres import EmbeddedPostgres
from pipeline.embedded.process import free_port
from tests.postgres_faults import crash, restart
from transforms.errors import DependencyDown

PATIENCE = 30.0


def run(postgres, statement):
    """Run a statement on a new connection and return the first column of its rows."""
    engine = sqlalchemy.create_engine(postgres.url, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        result = connection.execute(sqlalchemy.text(statement))
        return list(result.scalars()) if result.returns_rows else []


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def new_folder():
    """Create empty folders that other users may enter, and remove them after the test."""
    with contextlib.ExitStack() as stack:

        def new_folder():
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vividly-test-")))
            folder.chmod(0o755)
            return folder

        yield new_folder


@pytest.fixture
def make(new_folder):
    """Create servers, and stop them after the test."""
    with contextlib.ExitStack() as stack:

        def make(folder=None, fsync=False):
            postgres = EmbeddedPostgres(folder or new_folder(), fsync=fsync)
            stack.callback(postgres.stop)
            return postgres

        yield make


def test_server_has_utf8_and_utc(make):
    postgres = make().start()
    assert run(postgres, "SELECT version()")[0].startswith("PostgreSQL 18")
    assert run(postgres, "SHOW server_encoding") == ["UTF8"]
    assert run(postgres, "SHOW timezone") == ["UTC"]
    assert run(postgres, "SELECT length('größe ☃')") == [7]


@pytest.mark.parametrize("fsync", [True, False])
def test_fsync_option_sets_server_settings(make, fsync):
    postgres = make(fsync=fsync).start()
    wanted = "on" if fsync else "off"
    for setting in ("fsync", "full_page_writes"):
        assert run(postgres, f"SHOW {setting}") == [wanted]


def test_server_listens_on_loopback_with_password(make):
    postgres = make().start()
    assert run(postgres, "SHOW listen_addresses") == ["127.0.0.1"]
    assert run(postgres, "SHOW unix_socket_directories") == [""]
    stranger = sqlalchemy.make_url(postgres.url).set(password="guess")
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="password"):
        sqlalchemy.create_engine(stranger).connect()


def test_log_holds_no_words_of_failed_statements(make, new_folder):
    folder = new_folder()
    postgres = make(folder).start()
    for failing in ("SELECT CAST('zebrafish' AS integer)", "SELECT 1 / 0 -- zebrafish"):
        with pytest.raises(sqlalchemy.exc.DBAPIError):
            run(postgres, failing)
    log = (folder / "postgres.log").read_text()
    assert "ready to accept connections" in log
    assert "zebrafish" not in log


def test_data_survives_restart_stop_and_crash(make):
    postgres = make().start()
    run(postgres, "CREATE TABLE kept (n int)")
    address = postgres.url
    for n, again in enumerate((lambda: restart(postgres), postgres.stop, lambda: crash(postgres))):
        run(postgres, f"INSERT INTO kept VALUES ({n})")
        again()
        postgres.start()  # no effect while it runs
        assert postgres.url == address
    assert run(postgres, "SELECT n FROM kept ORDER BY n") == [0, 1, 2]


def test_second_object_opens_existing_data(make, new_folder):
    folder = new_folder()
    first = make(folder).start()
    run(first, "CREATE TABLE kept AS SELECT 42 AS n")
    first.stop()
    assert run(make(folder).start(), "SELECT n FROM kept") == [42]


def test_stop_disconnects_clients_and_is_repeatable(make):
    postgres = make().start()
    engine = sqlalchemy.create_engine(postgres.url)
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("SELECT 1"))
        postgres.stop()
        assert postgres.pid is None
        with pytest.raises(sqlalchemy.exc.DBAPIError):
            connection.execute(sqlalchemy.text("SELECT 1"))
        connection.invalidate()
    postgres.stop()


def test_folder_in_use_names_the_process(make, new_folder):
    folder = new_folder()
    postgres = make(folder).start()
    with pytest.raises(DependencyDown, match=f"in use by process {os.getpid()};"):
        make(folder).start()
    assert run(postgres, "SELECT 1") == [1]


def test_taken_port_shows_the_log(make, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr("pipeline.embedded.postgres.free_port", lambda: port)
        postgres = make()
        with pytest.raises(DependencyDown, match=rf"(?s){port}.*Address already in use"):
            postgres.start()
        assert postgres.pid is None
    assert run(postgres.start(), "SHOW port") == [str(port)]


def test_lost_race_for_port_picks_another(make, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        offered = [taken.getsockname()[1]]
        monkeypatch.setattr(
            "pipeline.embedded.postgres.free_port",
            lambda: offered.pop() if offered else free_port(),
        )
        postgres = make().start()
        assert not offered
        assert run(postgres, "SELECT 1") == [1]


def test_stale_pid_file_does_not_prevent_start(make, new_folder):
    folder = new_folder()
    postgres = make(folder).start()
    data = run(postgres, "SHOW data_directory")[0]
    run(postgres, "CREATE TABLE kept AS SELECT 42 AS n")
    crash(postgres)
    postgres.stop()
    pid_file = os.path.join(data, "postmaster.pid")
    with open(pid_file) as file:
        lines = file.read().splitlines()
    # The id now belongs to a live process that is not Postgres: this one.
    lines[0] = str(os.getpid())
    owner = os.stat(pid_file)
    with open(pid_file, "w") as file:
        file.write("\n".join(lines) + "\n")
    os.chown(pid_file, owner.st_uid, owner.st_gid)
    assert run(make(folder).start(), "SELECT n FROM kept") == [42]


def test_interrupted_creation_starts_again(make, new_folder):
    folder = new_folder()
    half = folder / "data.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    assert run(make(folder).start(), "SELECT 1") == [1]


def test_lost_password_is_reported(make, new_folder):
    folder = new_folder()
    make(folder).start().stop()
    (folder / "password").unlink()
    with pytest.raises(DependencyDown, match="password"):
        make(folder).start()


def test_broken_cluster_shows_the_log(make, new_folder):
    folder = new_folder()
    postgres = make(folder).start()
    data = run(postgres, "SHOW data_directory")[0]
    postgres.stop()
    os.unlink(os.path.join(data, "global", "pg_control"))
    with pytest.raises(DependencyDown, match="pg_control"):
        postgres.start()
    assert postgres.pid is None


def test_server_works_in_private_folder(make, new_folder):
    closed = new_folder()
    closed.chmod(0o700)
    folder = closed / "postgres"
    postgres = make(folder).start()
    run(postgres, "CREATE TABLE kept AS SELECT 42 AS n")
    restart(postgres)
    crash(postgres)
    postgres.start()
    postgres.stop()
    assert run(make(folder).start(), "SELECT n FROM kept") == [42]


def test_server_does_not_run_as_root(make):
    postgres = make().start()
    assert psutil.Process(postgres.pid).uids().effective != 0


def test_server_outlives_its_starting_thread(make):
    postgres = make()
    thread = threading.Thread(target=postgres.start)
    thread.start()
    thread.join()
    assert run(postgres, "SELECT pg_sleep(0.2)::text") == [""]


OWNER = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job would ignore it
from pathlib import Path
from pipeline.embedded.postgres import EmbeddedPostgres
postgres = EmbeddedPostgres(Path(sys.argv[1]), fsync=False).start()
print(postgres.pid, postgres.url, flush=True)
time.sleep(600)
"""


@contextlib.contextmanager
def owned(folder):
    """Start a process that owns a server; yield the process, the server's process and its URL."""
    command = [sys.executable, "-c", OWNER, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        pid, _, url = owner.stdout.readline().strip().partition(" ")
        server = psutil.Process(int(pid))
        try:
            yield owner, server, url
        finally:
            owner.kill()
            with contextlib.suppress(psutil.NoSuchProcess):
                server.send_signal(signal.SIGINT)
                server.wait(PATIENCE)


def test_other_process_learns_owner_of_folder(make, new_folder):
    folder = new_folder()
    with owned(folder) as (owner, _, _), pytest.raises(DependencyDown, match=str(owner.pid)):
        make(folder).start()


if sys.platform == "linux":  # only Linux signals a child when its parent dies

    def test_server_dies_with_killed_owner(new_folder):
        with owned(new_folder()) as (owner, server, _):
            owner.kill()
            owner.wait()
            wait_until(lambda: not server.is_running())


def test_folder_of_killed_owner_is_taken_over(make, new_folder):
    folder = new_folder()
    with owned(folder) as (owner, _, _):
        owner.kill()
        owner.wait()
        assert run(make(folder).start(), "SELECT 1") == [1]


def test_orphaned_server_is_stopped(make, new_folder):
    folder = new_folder()
    with owned(folder) as (owner, server, _):
        server.suspend()  # it cannot react to the end of its parent
        owner.kill()
        owner.wait()
        resumed = threading.Timer(0.2, server.resume)
        resumed.start()
        assert run(make(folder).start(), "SELECT 1") == [1]
        resumed.join()
        assert not server.is_running()


def test_terminal_interrupt_does_not_reach_server(make):
    postgres = make().start()
    assert os.getpgid(postgres.pid) != os.getpgid(0)
    assert os.getsid(postgres.pid) != os.getsid(0)


def test_exit_of_interpreter_stops_server(new_folder):
    with owned(new_folder()) as (owner, server, _):
        owner.send_signal(signal.SIGINT)
        owner.wait(PATIENCE)
        wait_until(lambda: not server.is_running())
