"""An embedded Postgres: real, restartable, and never left behind."""

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
from transforms.errors import DependencyDown

PATIENCE = 30.0


def run(postgres, statement):
    """The first column of a statement's rows, over a connection of its own."""
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
    """Makes empty folders that other users may enter, which are gone at the end of the test."""
    with contextlib.ExitStack() as stack:

        def new_folder():
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vividly-test-")))
            folder.chmod(0o755)
            return folder

        yield new_folder


@pytest.fixture
def make(new_folder):
    """Makes servers on a folder, and stops them at the end."""
    with contextlib.ExitStack() as stack:

        def make(folder=None, port=None, fsync=False):
            postgres = EmbeddedPostgres(folder or new_folder(), port, fsync=fsync)
            stack.callback(postgres.stop)
            return postgres

        yield make


def test_is_a_postgres_with_utf8_and_utc(make):
    postgres = make().start()
    assert run(postgres, "SELECT version()")[0].startswith("PostgreSQL 18")
    assert run(postgres, "SHOW server_encoding") == ["UTF8"]
    assert run(postgres, "SHOW timezone") == ["UTC"]
    assert run(postgres, "SELECT length('größe ☃')") == [7]


@pytest.mark.parametrize("fsync", [True, False])
def test_syncs_unless_told_otherwise(make, fsync):
    postgres = make(fsync=fsync).start()
    wanted = "on" if fsync else "off"
    for setting in ("fsync", "full_page_writes"):
        assert run(postgres, f"SHOW {setting}") == [wanted]


def test_listens_on_the_loopback_only_and_asks_for_the_password(make):
    postgres = make().start()
    assert run(postgres, "SHOW listen_addresses") == ["127.0.0.1"]
    assert run(postgres, "SHOW unix_socket_directories") == [""]
    stranger = sqlalchemy.make_url(postgres.url).set(password="guess")
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="password"):
        sqlalchemy.create_engine(stranger).connect()


def test_data_survives_a_restart_a_stop_and_a_crash(make):
    postgres = make().start()
    run(postgres, "CREATE TABLE kept (n int)")
    address = postgres.url
    for n, again in enumerate(
        (postgres.restart, lambda: (postgres.stop(), postgres.start()), postgres.kill)
    ):
        run(postgres, f"INSERT INTO kept VALUES ({n})")
        again()
        postgres.start()  # does nothing while it runs
        assert postgres.url == address
    assert run(postgres, "SELECT n FROM kept ORDER BY n") == [0, 1, 2]


def test_another_object_finds_the_data_again(make, new_folder):
    folder = new_folder()
    first = make(folder).start()
    run(first, "CREATE TABLE kept AS SELECT 42 AS n")
    first.stop()
    assert run(make(folder).start(), "SELECT n FROM kept") == [42]


def test_stopping_cuts_off_clients_and_is_repeatable(make):
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
    postgres.kill()


def test_a_folder_in_use_is_an_error_that_names_the_process(make, new_folder):
    folder = new_folder()
    postgres = make(folder).start()
    with pytest.raises(DependencyDown, match=f"in use by process {os.getpid()};"):
        make(folder).start()
    assert run(postgres, "SELECT 1") == [1]


def test_a_taken_port_is_an_error_that_shows_the_log(make):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        postgres = make(port=port)
        with pytest.raises(DependencyDown, match=rf"(?s){port}.*Address already in use"):
            postgres.start()
        assert postgres.pid is None
    assert run(postgres.start(), "SHOW port") == [str(port)]


def test_loses_a_race_for_a_free_port_and_takes_another(make, monkeypatch):
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


def test_a_stale_pid_file_does_not_stop_it(make, new_folder):
    folder = new_folder()
    postgres = make(folder).start()
    data = run(postgres, "SHOW data_directory")[0]
    run(postgres, "CREATE TABLE kept AS SELECT 42 AS n")
    postgres.kill()
    postgres.stop()
    pid_file = os.path.join(data, "postmaster.pid")
    with open(pid_file) as file:
        lines = file.read().splitlines()
    # The id now belongs to a process that is alive and no Postgres: this one.
    lines[0] = str(os.getpid())
    owner = os.stat(pid_file)
    with open(pid_file, "w") as file:
        file.write("\n".join(lines) + "\n")
    os.chown(pid_file, owner.st_uid, owner.st_gid)
    assert run(make(folder).start(), "SELECT n FROM kept") == [42]


def test_an_interrupted_creation_is_begun_anew(make, new_folder):
    folder = new_folder()
    half = folder / "data.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    assert run(make(folder).start(), "SELECT 1") == [1]


def test_a_lost_password_is_an_error_that_says_so(make, new_folder):
    folder = new_folder()
    make(folder).start().stop()
    (folder / "password").unlink()
    with pytest.raises(DependencyDown, match="password"):
        make(folder).start()


def test_a_broken_cluster_is_an_error_that_shows_the_log(make, new_folder):
    folder = new_folder()
    postgres = make(folder).start()
    data = run(postgres, "SHOW data_directory")[0]
    postgres.stop()
    os.unlink(os.path.join(data, "global", "pg_control"))
    with pytest.raises(DependencyDown, match="pg_control"):
        postgres.start()
    assert postgres.pid is None


def test_works_in_a_folder_that_is_closed_to_others(make, new_folder):
    closed = new_folder()
    closed.chmod(0o700)
    folder = closed / "postgres"
    postgres = make(folder).start()
    run(postgres, "CREATE TABLE kept AS SELECT 42 AS n")
    postgres.restart()
    postgres.kill()
    postgres.start()
    postgres.stop()
    assert run(make(folder).start(), "SELECT n FROM kept") == [42]


def test_does_not_run_as_root(make):
    postgres = make().start()
    assert psutil.Process(postgres.pid).uids().effective != 0


def test_outlives_the_thread_that_started_it(make):
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
    """A process with a server of its own: the process, the server's process and its URL."""
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


def test_another_process_is_told_who_uses_the_folder(make, new_folder):
    folder = new_folder()
    with owned(folder) as (owner, _, _), pytest.raises(DependencyDown, match=str(owner.pid)):
        make(folder).start()


if sys.platform == "linux":  # elsewhere nothing tells a child of its parent's end

    def test_dies_with_a_process_that_is_killed(new_folder):
        with owned(new_folder()) as (owner, server, _):
            owner.kill()
            owner.wait()
            wait_until(lambda: not server.is_running())


def test_takes_over_from_a_process_that_was_killed(make, new_folder):
    folder = new_folder()
    with owned(folder) as (owner, _, _):
        owner.kill()
        owner.wait()
        assert run(make(folder).start(), "SELECT 1") == [1]


def test_ends_a_server_that_was_left_behind(make, new_folder):
    folder = new_folder()
    with owned(folder) as (owner, server, _):
        server.suspend()  # it cannot act on its parent's end
        owner.kill()
        owner.wait()
        resumed = threading.Timer(0.2, server.resume)
        resumed.start()
        assert run(make(folder).start(), "SELECT 1") == [1]
        resumed.join()
        assert not server.is_running()


def test_a_terminal_interrupt_is_not_for_the_server(make):
    postgres = make().start()
    assert os.getpgid(postgres.pid) != os.getpgid(0)
    assert os.getsid(postgres.pid) != os.getsid(0)


def test_the_end_of_the_interpreter_stops_it(new_folder):
    with owned(new_folder()) as (owner, server, _):
        owner.send_signal(signal.SIGINT)
        owner.wait(PATIENCE)
        wait_until(lambda: not server.is_running())
