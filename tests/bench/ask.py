"""Asks a service for one page again and again, on one connection: how long each answer takes."""

import socket
import time

from tests.bench.configure import Hub

from hub_kit.keys import KeyRing
from hub_kit.tokens import Caller, issue

WHO = "bench"  # the agent who asks


def ask(
    hub: Hub, path: str, times: int, *, service: str = "conversation_store", port: int = 0
) -> tuple[list[float], bytes]:
    """Return the seconds of so many answers, and the last one; without a port, of the store."""
    head = "\r\n".join(f"{name}: {value}" for name, value in headers(hub, service).items())
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\n{head}\r\n\r\n".encode()
    waits = []
    with socket.create_connection(("127.0.0.1", port or hub.ports["store"])) as connection:
        for _ in range(times + 20):
            start = time.perf_counter()
            connection.sendall(request)
            page = _read(connection)
            waits.append(time.perf_counter() - start)
    return waits[20:], page  # behind the first of each statement


def headers(hub: Hub, service: str) -> dict[str, str]:
    """Return what the gateway says to this service of an agent."""
    ring = KeyRing.read(hub.folder / "keys.json")
    token = issue(ring, Caller(WHO, "musterstadt", "agent"), service, lifetime=3600)
    return {"Authorization": f"Bearer {token}"}


def _read(connection: socket.socket) -> bytes:
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(262_144)
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head.decode())
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(262_144)
    return body
