"""Busy ports are found before anything is started, and the error names the option."""

from __future__ import annotations

import socket

import pytest

from pipeline.cli.app import main


@pytest.mark.parametrize("command", ["emulators", "serve"])
def test_busy_port_is_named_and_nothing_is_created(tmp_path, capsys, command):
    state = tmp_path / "state"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main([command, "--port", str(port), "--state", str(state)]) == 2
    reason = f"vividly: --port {port}: address already in use; give another\n"
    assert (capsys.readouterr().err, state.exists()) == (reason, False)
