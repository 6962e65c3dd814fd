"""A free port is nobody else's: not the kernel's to lend, not another process's, not told twice."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hub_kit import find_port
from hub_kit.find_port import free_port

MANY = 250  # more than a block
TELL = f"from hub_kit.find_port import *; print(*(free_port() for _ in range({MANY}))); input()"
FORK = f"""
import os, sys
from hub_kit.find_port import free_port
free_port()
child = os.fork()
told = " ".join(str(free_port()) for _ in range({MANY}))
os.write(1, told.encode() + b"\\n")  # whole, whoever else writes there
sys.stdin.read()
"""


def test_no_port_is_told_twice_by_processes_that_look_at_the_same_time():
    told = [free_port() for _ in range(MANY)]
    with (
        subprocess.Popen([sys.executable, "-c", TELL], stdin=-1, stdout=-1, text=True) as one,
        subprocess.Popen([sys.executable, "-c", TELL], stdin=-1, stdout=-1, text=True) as other,
    ):
        for process in (one, other):
            told += map(int, process.stdout.readline().split())
        for process in (one, other):
            process.communicate("\n")
    assert len(told) == len(set(told)) == 3 * MANY


def test_a_fork_takes_others_than_who_made_it():
    with subprocess.Popen([sys.executable, "-c", FORK], stdin=-1, stdout=-1, text=True) as both:
        told = [*both.stdout.readline().split(), *both.stdout.readline().split()]
        both.stdin.close()  # until then neither ends
    assert len(told) == len(set(told)) == 2 * MANY


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "127.0.0.2"])
def test_where_somebody_listens_is_not_free(host):
    port = free_port()
    assert find_port._is_free(port)
    with socket.create_server((host, port)):
        assert not find_port._is_free(port)
    assert find_port._is_free(port)


def test_what_a_server_has_left_behind_is_free():
    """A server's own connections linger for a minute; it may listen again at once."""
    port = free_port()
    with (
        socket.create_server(("127.0.0.1", port)) as server,
        socket.create_connection(("127.0.0.1", port)) as client,
    ):
        server.accept()[0].close()
        assert client.recv(1) == b""
    assert find_port._is_free(port)


@pytest.mark.parametrize(
    ("lent", "first"),
    [("32768\t60999\n", 20_000), ("49152 65535", 20_000), ("16000 65535", 4_000), ("1024 65535", 20_000)],
)  # fmt: skip
def test_they_lie_below_what_the_kernel_lends(tmp_path, monkeypatch, lent, first):
    file = tmp_path / "range"
    file.write_text(lent)
    monkeypatch.setattr(find_port, "_LENT", file)
    assert find_port._first() == first


def test_without_that_file_linux_has_its_usual_range(monkeypatch):
    monkeypatch.setattr(find_port, "_LENT", Path("/nonexistent"))
    assert find_port._first() == 20_000


def test_all_blocks_taken_by_others_is_said(monkeypatch):
    monkeypatch.setattr(find_port, "_hold", lambda number: socket.create_server(("192.0.2.1", 0)))
    with pytest.raises(RuntimeError, match="120 other processes hold all ports"):
        next(find_port._ports(-1))
