"""A listener in front of clients that are too large, too slow, or silent; time goes by hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from structlog.testing import capture_logs

from hub_kit import metrics
from hub_kit.connection import Connection
from hub_kit.guard import Bite, Guard, ListenerLimits
from hub_kit.serve import AnswersHead, make_server
from hub_kit.testing import eventually

LIMITS = ListenerLimits(connections=16, connections_each=8)
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"


class App:
    """Says what it was asked and how many bytes came; `/big` is more than anybody's buffers."""

    def __init__(self) -> None:
        self.asked: list[dict] = []
        self.gone = asyncio.Event()

    async def __call__(self, scope, receive, send) -> None:
        self.asked.append(scope)
        size, more = 0, scope["path"] != "/early"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.gone.set()
                return
            size += len(message["body"])
            more = message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(400 if scope["path"] == "/big" else 0):
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
        await send({"type": "http.response.body", "body": b"%d bytes" % size, "more_body": False})
        self.gone.set()


class Place:
    """A listener, and the connections that its guard keeps."""

    def __init__(self, app, server, port: int) -> None:
        self.app, self.server, self.port = app, server, port

    @property
    def guard(self) -> Guard:
        return self.server.config.http.args[0]

    @property
    def connections(self) -> list[Connection]:
        return list(self.server.server_state.connections)

    async def open(self, said: bytes = b"", address: str = "127.0.0.1"):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, local_addr=(address, 0)
        )
        writer.write(said)
        return reader, writer

    async def say(self, said: bytes, address: str = "127.0.0.1") -> bytes:
        """Return all that is answered until the listener ends the connection."""
        reader, writer = await self.open(said, address)
        try:
            return await read(reader)
        finally:
            writer.close()

    async def pass_by(self, seconds: int) -> None:
        """Let so many seconds go by for everybody who is connected."""
        for _ in range(seconds):
            for one in self.guard._all.everyone():
                one.tick(1.0)
            await asyncio.sleep(0)

    def counted(self, bite: Bite) -> float:
        return metrics.LISTENER_LIMITS.labels(self.guard.name, bite)._value.get()


async def read(reader) -> bytes:
    data = b""
    with suppress(ConnectionError):
        while piece := await reader.read(65_536):
            data += piece
    return data


@asynccontextmanager
async def place(limits=LIMITS, trusted=()) -> AsyncIterator[Place]:
    """A listener without uvicorn's own loop, which looks around ten times a second only."""
    app = App()
    server = make_server(AnswersHead(app), "test", limits, trusted=trusted, lifespan="off")
    server.config.load()

    def connection() -> Connection:
        return server.config.http(
            config=server.config, server_state=server.server_state, app_state={}
        )

    listening = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", backlog=512)
    found = Place(app, server, listening.sockets[0].getsockname()[1])
    found.guard._watch = lambda: None  # a slow machine's seconds do not count
    try:
        yield found
    finally:
        listening.close()
        for one in found.connections:
            one.transport.abort()
        await asyncio.gather(*server.server_state.tasks)
        await asyncio.sleep(0)


@pytest.fixture
async def door() -> AsyncIterator[Place]:
    async with place() as found:
        yield found


def status(answer: bytes) -> int:
    return int(answer[9:12] or 0)


LARGE = b"a" * 70_000
TOO_MUCH = [
    ("one header", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + LARGE + b"\r\n\r\n", 431),
    ("one header without end", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + LARGE * 20, 431),
    ("a name without end", b"GET / HTTP/1.1\r\nHost: a\r\n" + LARGE, 431),
    ("a path", b"GET /" + LARGE + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431),
    ("a path without end", b"GET /" + LARGE * 20, 431),
    ("all headers", b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: %s\r\n" % (b"a" * 999) * 80, 431),
    ("lines", b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 101 + b"\r\n", 431),
    ("lines without end", b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 101, 431),
    ("a second one", GET + b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 101, None),
    ("trailers", POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: a\r\n" * 101, 431),
    (
        "a trailer without end",
        POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + LARGE * 4,
        400,
    ),
    (
        "the size of a chunk",
        POST + b"Transfer-Encoding: chunked\r\n\r\n1;" + LARGE * 4,
        400,
    ),
    ("blank lines", b"\r\n" * 70_000, 0),
]


@pytest.mark.parametrize(("said", "code"), [c[1:] for c in TOO_MUCH], ids=[c[0] for c in TOO_MUCH])
async def test_what_is_too_much_of_a_header_is_refused(door, said, code):
    reader, writer = await door.open(said)
    answers = asyncio.create_task(read(reader))

    async def refused() -> bool:
        return answers.done() or any(one._over for one in door.connections)

    await eventually(refused)
    await door.pass_by(4)  # the rest is taken for some seconds; then it ends
    answer = await answers
    if code is not None:
        assert status(answer) == code
    if code:
        assert b"connection: close" in answer
        assert b"nosniff" in answer
    assert not door.app.asked or code in {None, 431, 400}
    writer.close()


RIGHT = [
    ("as large as may be", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 65_400 + b"\r\n\r\n"),
    ("as many lines as may be", b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 99 + b"\r\n"),
    ("IPv6", b"GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"),
    ("HTTP/1.0 without Host", b"GET / HTTP/1.0\r\n\r\n"),
    ("a body larger than a header", POST + b"Content-Length: 300000\r\n\r\n" + b"x" * 300_000),
    ("many chunks", POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 30_000 + b"0\r\n\r\n"),
    ("HEAD", b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"),
]  # fmt: skip


@pytest.mark.parametrize("said", [c[1] for c in RIGHT], ids=[c[0] for c in RIGHT])
async def test_what_is_right_passes(door, said):
    reader, writer = await door.open(said)
    assert status(await reader.readuntil(b"\r\n\r\n")) == 200
    writer.close()


async def test_many_requests_in_one_piece_are_many_requests(door):
    reader, writer = await door.open(GET * 50)
    for _ in range(50):
        assert status(await reader.readuntil(b"\r\n\r\n")) == 200
        await reader.readuntil(b"0 bytes\r\n0\r\n\r\n")
    writer.close()


async def test_requests_far_ahead_of_their_answers_end_the_connection(door):
    """Each would be held until its turn comes: a few bytes of theirs are kilobytes of ours."""
    before = door.counted(Bite.PIPELINED)
    reader, writer = await door.open(GET * 5000)
    await read(reader)
    assert door.counted(Bite.PIPELINED) == before + 1
    assert len(door.app.asked) <= 70
    writer.close()


WRONG = [
    ("two hosts", b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
    ("two different hosts", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    ("no host", b"GET / HTTP/1.1\r\n\r\n"),
    ("an empty host", b"GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    ("half a host", b"GET / HTTP/1.1\r\nHost: [\r\n\r\n"),
    ("a host and more", b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    ("a host with a name", b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
    ("a list of hosts", b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
    ("no port", b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"),
    ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    ("no path", b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a whole address without path", b"GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("two lengths", POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    ("a length that is none", POST + b"Content-Length: +1\r\n\r\na"),
    ("a huge length", POST + b"Content-Length: 99999999999999999999999\r\n\r\na"),
    ("a length and chunks", POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
]  # fmt: skip


@pytest.mark.parametrize("said", [c[1] for c in WRONG], ids=[c[0] for c in WRONG])
async def test_what_is_no_request_is_400(door, said):
    reader, writer = await door.open(said)
    answer = await reader.readuntil(b"\r\n\r\n")
    assert status(answer) == 400
    assert b"nosniff" in answer
    assert door.app.asked == []
    writer.close()


async def test_trailers_are_no_headers(door):
    said = POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Forwarded-For: me\r\n\r\n"
    reader, writer = await door.open(said)
    assert status(await reader.readuntil(b"\r\n\r\n")) == 200
    assert [name for name, _ in door.app.asked[0]["headers"]] == [b"host", b"transfer-encoding"]
    writer.close()


async def test_a_request_that_would_speak_something_else_is_the_last_of_its_connection(door):
    upgrade = POST + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 27\r\n\r\n" + GET
    reader, writer = await door.open(upgrade)
    answers = asyncio.create_task(read(reader))
    await eventually(_asked(door, 1))
    await door.pass_by(4)
    await answers
    assert len(door.app.asked) == 1, "its body is no request"
    writer.close()


def _asked(door, times: int):
    async def asked() -> bool:
        return len(door.app.asked) >= times

    return asked


SLOW = [
    ("silent", b"", 11, Bite.HEADER_SECONDS, 0),
    ("blank lines", b"\r\n\r\n", 11, Bite.HEADER_SECONDS, 0),
    ("half a line", b"GET / HT", 11, Bite.HEADER_SECONDS, 408),
    ("half a header", b"GET / HTTP/1.1\r\nHost: a\r\nX-", 11, Bite.HEADER_SECONDS, 408),
    ("no body", POST + b"Content-Length: 5\r\n\r\n", 11, Bite.BODY_RATE, 408),
    ("half a body", POST + b"Content-Length: 5\r\n\r\nab", 12, Bite.BODY_RATE, 408),
    ("a body of GET", GET[:-2] + b"Content-Length: 5\r\n\r\nab", 12, Bite.BODY_RATE, 408),
    ("half a chunk", POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", 12, Bite.BODY_RATE, 408),
]  # fmt: skip


@pytest.mark.parametrize(("said", "after", "bite", "code"), [c[1:] for c in SLOW], ids=[c[0] for c in SLOW])  # fmt: skip
async def test_what_is_too_slow_ends(door, said, after, bite, code):
    reader, writer = await door.open(said)
    before = door.counted(bite)

    async def here() -> bool:
        waiting = door.connections
        heard = len(waiting) == 1 and (waiting[0]._messages == 1 or said[:2] in {b"", b"\r\n"})
        return heard and (b"\r\n\r\n" not in said.strip() or bool(door.app.asked))

    await eventually(here)
    await door.pass_by(int(after) - 2)
    assert door.counted(bite) == before, "it still has time"
    await door.pass_by(2 + 4)
    assert status(await read(reader)) == code
    assert door.counted(bite) == before + 1
    if door.app.asked:
        async with asyncio.timeout(300):
            await door.app.gone.wait()
    writer.close()


async def test_a_body_that_dribbles_ends_however_much_came_before(door):
    """Who sends fast first does not live on it: 10 s of silence is all that is forgiven."""
    head = POST + b"Content-Length: 9000000\r\n\r\n"
    reader, writer = await door.open(head + b"x" * 1_000_000)

    async def taken() -> bool:
        return bool(door.connections) and door.connections[0]._got == 1_000_000

    await eventually(taken)
    await door.pass_by(9)
    [one] = door.connections
    for _ in range(4):
        one._got += 1024  # as much as a dribble brings in a second
        await door.pass_by(1)
    await door.pass_by(4)
    assert status(await read(reader)) == 408
    writer.close()


async def test_a_body_has_its_time_in_all_too():
    async with place(ListenerLimits(body_seconds=20, body_rate=1)) as door:
        reader, writer = await door.open(POST + b"Content-Length: 9000000\r\n\r\nx")
        await eventually(_asked(door, 1))
        for _ in range(25):
            for one in door.connections:
                one._got += 100
            await door.pass_by(1)
        assert status(await read(reader)) == 408
        assert door.counted(Bite.BODY_SECONDS) == 1
        writer.close()


async def test_who_takes_no_answer_is_let_go(door):
    _, writer = await door.open(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n")

    async def stuck() -> bool:
        return bool(door.connections) and door.connections[0].flow.write_paused

    await eventually(stuck)
    before = door.counted(Bite.ANSWER_RATE)
    await door.pass_by(59)
    assert door.counted(Bite.ANSWER_RATE) == before
    await door.pass_by(3)
    assert door.counted(Bite.ANSWER_RATE) == before + 1
    async with asyncio.timeout(300):
        await door.app.gone.wait()
    writer.close()


async def test_who_takes_it_slowly_gets_all_of_it(door):
    reader, writer = await door.open(b"GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    data = b""
    while piece := await reader.read(1_000_000):
        data += piece
        await door.pass_by(1)
    assert len(data) > 400 * 65_536
    writer.close()


async def test_a_body_that_nobody_wanted_does_not_hold_its_connection(door):
    early = b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"
    reader, writer = await door.open(early)
    assert status(await reader.readuntil(b"\r\n\r\n")) == 200
    await eventually(_asked(door, 1))
    await door.pass_by(5)
    assert (await read(reader)).endswith(b"0\r\n\r\n")
    writer.close()


@pytest.mark.parametrize("trusted", [(), ("127.0.0.0/8",)])
async def test_silent_ones_make_room_for_who_asks(trusted):
    """One address may have half of all; where a proxy stands for many, it may have all."""
    async with place(ListenerLimits(connections=16, connections_each=12), trusted) as door:
        silent = [await door.open(address="127.0.0.9") for _ in range(40)]
        await eventually(_connected(door, 16 if trusted else 8))
        assert status(await door.say(GET[:-2] + b"Connection: close\r\n\r\n")) == 200
        others = [await door.open(address="127.0.0.8") for _ in range(40)]
        await eventually(_connected(door, 16))
        for address in ("127.0.0.1", "127.0.0.8", "127.0.0.9"):
            said = GET[:-2] + b"Connection: close\r\n\r\n"
            assert status(await door.say(said, address)) == 200
        for _, writer in silent + others:
            writer.close()


def _connected(door, number: int):
    async def connected() -> bool:
        return len(door.guard) == number

    return connected


async def test_where_all_are_being_answered_the_newcomer_is_told_to_come_again():
    async with place(ListenerLimits(connections=16, connections_each=4)) as door:
        busy = [await door.open(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n") for _ in range(4)]
        await eventually(_asked(door, 4))
        with capture_logs() as lines:
            answers = [await door.say(GET) for _ in range(3)]
        assert [status(answer) for answer in answers] == [503] * 3
        assert b"retry-after: 5" in answers[0]
        assert door.counted(Bite.EACH) >= 3
        told = [line for line in lines if line["event"] == "a limit bites"]
        assert len(told) <= 1, "once a minute"
        assert "127.0.0" not in str(lines)
        assert status(await door.say(GET[:-2] + b"Connection: close\r\n\r\n", "127.0.0.8")) == 200
        for _, writer in busy:
            writer.close()
