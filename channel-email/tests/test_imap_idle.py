"""What a server may say between the last look and the first announcement; no line is missed."""

import socket
import threading

import pytest

from channel_email.receive.idle import wait_for_mail

PATIENCE = 60.0  # seconds for each answer: the server may be kept waiting for a processor
LOOKED = b"LOOK OK Search completed.\r\n"
NOTHING = b"* SEARCH\r\n" + LOOKED
DONE = b"WAIT OK Idle completed.\r\n"
IDLING = b"+ idling\r\n"


class Server(threading.Thread):
    """Says `after_look`, then the packets of `while_waiting`, then `after_done`."""

    def __init__(self, line, after_look: bytes, while_waiting=(), after_done: bytes = DONE) -> None:
        super().__init__(daemon=True)
        self.line, self.after_look = line, after_look
        self.while_waiting, self.after_done = while_waiting, after_done
        self.heard, self.taken = b"", 0

    def run(self) -> None:
        with self.line:
            self.hear(b"\r\n")
            self.line.sendall(self.after_look)
            if not self.after_look.endswith(b"BYE\r\n") and self.hear(b"IDLE\r\n"):
                for packet in self.while_waiting:
                    self.line.sendall(packet)
                if self.hear(b"DONE\r\n"):
                    self.line.sendall(self.after_done)

    def hear(self, end: bytes) -> bool:
        # What comes next may have come along, where this thread was kept waiting.
        while (at := self.heard.find(end, self.taken)) < 0:
            if not (more := self.line.recv(1024)):
                return False
            self.heard += more
        self.taken = at + len(end)
        return True


@pytest.fixture
def talk():
    """Run `wait_for_mail` against a server with this script; return what the server heard."""
    ours, theirs = socket.socketpair()
    ours.settimeout(PATIENCE)

    def run(*script, last: int = 7, seconds: float = PATIENCE) -> bytes:
        server = Server(theirs, *script)
        server.start()
        try:
            wait_for_mail(ours, last, seconds)
        finally:
            assert ours.gettimeout() == PATIENCE, "commands after this one have their old patience"
            ours.close()
            server.join(PATIENCE)
        return server.heard

    with ours:
        yield run


LOOK = b"LOOK UID SEARCH UID 8:*\r\n"
WAIT = b"WAIT IDLE\r\nDONE\r\n"


@pytest.mark.parametrize(
    ("said", "while_waiting", "heard"),
    [
        # The look itself finds it, so there is no wait.
        (b"* SEARCH 8\r\n" + LOOKED, (), LOOK),
        (b"* SEARCH 7 9\r\n" + LOOKED, (), LOOK),
        (b"* SEARCH\r\n* 9 EXISTS\r\n* 1 RECENT\r\n" + LOOKED, (), LOOK),
        (b"* 9 EXISTS\r\n* SEARCH\r\n" + LOOKED, (), LOOK),
        # It comes while we wait, however the packets fall.
        (NOTHING, (IDLING + b"* 9 EXISTS\r\n",), LOOK + WAIT),
        (NOTHING, (IDLING, b"* 9 EXISTS\r\n"), LOOK + WAIT),
        (NOTHING, (b"* 9 EXISTS\r\n" + IDLING,), LOOK + WAIT),
        (NOTHING, (IDLING, b"* 9 EX", b"ISTS\r", b"\n"), LOOK + WAIT),
        (NOTHING, (IDLING, b"* OK Still here\r\n", b"* 9 exists\r\n"), LOOK + WAIT),
        # `8:*` names the last mail although it is known.
        (b"* SEARCH 7\r\n" + LOOKED, (IDLING + b"* 9 EXISTS\r\n",), LOOK + WAIT),
    ],
)
def test_mail_is_heard_of(talk, said, while_waiting, heard):
    assert talk(said, while_waiting, seconds=3600) == heard


@pytest.mark.parametrize(
    "while_waiting",
    [
        (IDLING,),
        (IDLING, b"* OK Still here\r\n"),
        (IDLING, b"* 3 FETCH (FLAGS (\\Seen))\r\n* 2 EXPUNGE\r\n"),
        (IDLING, b"* OK [X] folder EXISTS not\r\n"),
        (IDLING, b"* 9 EXIS"),
    ],
)
def test_the_wait_ends_in_time_without_mail(talk, while_waiting):
    assert talk(NOTHING, while_waiting, seconds=0.2) == LOOK + WAIT


@pytest.mark.parametrize(
    "script",
    [
        (b"LOOK NO not now\r\n",),
        (b"LOOK BAD what\r\n",),
        (b"* BYE\r\n",),
        (NOTHING, (b"WAIT BAD no such command\r\n",)),
        (NOTHING, (b"WAIT NO not here\r\n",)),
        (NOTHING, (IDLING + b"* 9 EXISTS\r\n",), b"WAIT BAD lost\r\n"),
        (NOTHING, (IDLING + b"* 9 EXISTS\r\n",), b"* BYE\r\n"),
    ],
)
def test_a_server_that_breaks_off_or_refuses_is_an_error(talk, script):
    with pytest.raises(OSError):
        talk(*script, seconds=1)
