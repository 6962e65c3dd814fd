"""Waits until an IMAP server has mail (RFC 2177), on the bare socket of a connection.

imaplib swallows what servers say on the side: an `EXISTS` at the end of a SEARCH, or one that comes
together with `+ idling`, is said once and never again, and that mail would wait for the next look.
So the last look before the wait, and the wait, are spoken here, where every line is heard.
"""

import socket
import time
from collections.abc import Iterator


def wait_for_mail(connection: socket.socket, last: int, seconds: float) -> None:
    """Return when there is mail above UID `last` or the time is over.

    Raises `OSError` when the connection breaks or the server refuses.
    """
    patience = connection.gettimeout()
    lines = _lines(connection)
    connection.sendall(b"LOOK UID SEARCH UID %d:*\r\n" % (last + 1))
    if _hear_of_mail(lines, b"LOOK ", last):
        return
    connection.sendall(b"WAIT IDLE\r\n")
    end = time.monotonic() + seconds
    try:
        while (left := end - time.monotonic()) > 0:
            connection.settimeout(left)
            if _announces(next(lines)):
                break
    except TimeoutError:
        lines = _lines(connection)
    finally:
        connection.settimeout(patience)
    connection.sendall(b"DONE\r\n")
    _hear_of_mail(lines, b"WAIT ", last)


def _hear_of_mail(lines: Iterator[bytes], tag: bytes, last: int) -> bool:
    """Hear a command out; return whether there is, or comes, mail above `last`."""
    news = False
    for line in lines:
        if line.startswith(tag):
            if not line.startswith(tag + b"OK"):
                raise ConnectionError("the server refuses to be asked")
            return news
        # `9:*` holds the last mail of the folder even if its UID is 8 (RFC 3501 §6.4.8).
        found = line.split()[2:] if line.upper().startswith(b"* SEARCH") else []
        news = news or _announces(line) or any(int(uid) > last for uid in found)
    raise ConnectionError("the server hung up")


def _announces(line: bytes) -> bool:
    if line.startswith(b"WAIT "):
        raise ConnectionError("the server refuses to wait")
    return line.startswith(b"* ") and line.upper().endswith(b" EXISTS")


def _lines(connection: socket.socket) -> Iterator[bytes]:
    held = b""
    while chunk := connection.recv(4096):
        *whole, held = (held + chunk).split(b"\r\n")
        yield from whole
    raise ConnectionError("the server hung up")
