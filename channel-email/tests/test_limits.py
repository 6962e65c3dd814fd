"""One client cannot shut the others out: what each session may take, and who gives way to whom."""

import asyncio
import socket
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from channel_email.receive.client import Client, meet
from channel_email.receive.limits import Limit, Pace, bites, header_too_large, line_too_long
from channel_email.receive.listen import Listener
from channel_email.receive.replies import GOODBYE
from channel_email.receive.room import Room, find_seat, who_gives_way
from channel_email.receive.tell import Tell
from channel_email.settings import EmailSettings, Limits
from hub_kit.listen import Listen

LIMITS = Limits(
    session_time=1000, between_mails=100, mail_time=200, rate=100, grace=20, commands=100
)
POST = "post@musterstadt.example"
MAIL = f"From: e@example.org\r\nTo: {POST}\r\nSubject: x\r\n\r\nGuten Tag\r\n".encode()
PEERS = EmailSettings(peers=("10.0.0.0/8", "2001:db8:1::/48")).peers


def stranger(n: int = 1) -> Client:
    return meet(f"192.0.2.{n}", PEERS)


PEER = meet("10.1.2.3", PEERS)


@pytest.mark.parametrize(
    ("host", "place", "known"),
    [
        ("192.0.2.1", "192.0.2.1", False),
        ("10.9.9.9", "10.9.9.9", True),
        ("::ffff:10.9.9.9", "10.9.9.9", True),
        ("::ffff:192.0.2.1", "192.0.2.1", False),
        ("2001:db8:1::5", "2001:db8:1::/64", True),
        ("2001:db8:2:3:4::5", "2001:db8:2:3::/64", False),  # a customer has a whole network
        ("2001:db8:2:3:9::6", "2001:db8:2:3::/64", False),
        ("fe80::1%eth0", "fe80::/64", False),
        ("", "", False),
        ("nonsense", "", False),
    ],
)
def test_who_a_client_is(host, place, known):
    client = meet(host, PEERS)
    assert (client.place, client.known) == (place, known)


def test_nobody_is_known_unless_the_settings_say_so():
    assert not meet("127.0.0.1", EmailSettings().peers).known


def at(**given) -> Pace:
    """Return the clocks of a session that came at 0."""
    return Pace(**{"met_at": 0.0, "progress_at": 0.0} | given)


@pytest.mark.parametrize(
    ("pace", "now", "pressed", "limit"),
    [
        (at(), 99, False, None),
        (at(), 101, False, Limit.BETWEEN_MAILS),  # whatever it says meanwhile: no mail, no time
        (at(progress_at=950.0), 999, False, None),
        (at(progress_at=950.0), 1001, False, Limit.SESSION_TIME),
        (at(commands=100), 1, False, None),
        (at(commands=101), 1, False, Limit.COMMANDS),
        (at(mail_since=0.0, window_at=200.0), 201, False, Limit.MAIL_TIME),
        (at(mail_since=995.0, window_at=995.0), 1010, False, None),  # heard out behind the end
        # While it waits for us, no clock runs; for room not for ever.
        (at(mail_since=0.0, waits_since=10.0), 10_000, False, None),
        (at(mail_since=0.0, waits_since=10.0, for_room=True), 210, True, None),
        (at(mail_since=0.0, waits_since=10.0, for_room=True), 211, True, Limit.LARGE_MAILS),
    ],
)  # fmt: skip
def test_which_limit_a_session_has_passed(pace, now, pressed, limit):
    assert bites(pace, now, LIMITS, pressed=pressed) is limit


FAST, SLOW = 100, 99  # bytes in a second


@pytest.mark.parametrize(
    ("seconds", "pressed_from", "bites_at"),
    [
        ([FAST] * 100, 0, None),
        ([SLOW] * 100, 1000, 20),
        ([0] * 100, 1000, 20),
        ([0] * 18 + [5000] + [FAST] * 80, 1000, None),  # it has recovered
        ([1_100_000] + [0] * 100, 1000, 22),  # a fast beginning lends nothing to a dribble
        ([1_100_000] + [0] * 100, 0, 4),  # and less where others wait for its room
        ([1_100_000] + [0] * 100, 15, 15),
        ([0, 200] * 50, 0, None),  # a stutter is none
        ([0] * 100, 0, 2),
    ],
)
def test_when_a_mail_comes_too_slowly(seconds, pressed_from, bites_at):
    pace = at()
    pace.begin_mail(0.0)
    found = None
    for now, received in enumerate(seconds, start=1):
        pace.window_bytes += received
        if found is None and bites(pace, now, LIMITS, pressed=now >= pressed_from):
            found = now
    assert found == bites_at


def test_time_spent_waiting_for_us_is_not_the_clients():
    pace = at()
    pace.begin_mail(0.0)
    pace.wait(10.0, for_room=True)
    pace.go_on(150.0)
    assert bites(pace, 151, LIMITS) is None
    pace.window_bytes = 100_000
    assert bites(pace, 339, LIMITS) is None
    assert bites(pace, 341, LIMITS) is Limit.MAIL_TIME


@dataclass(eq=False)
class Seat:
    client: Client
    pace: Pace = field(default_factory=at)
    busy: bool = False
    at_work: bool = False


SMALL = Limits(sessions_per_address=3, share_for_peers=0.25)


@pytest.mark.parametrize(
    ("client", "inside", "has_peers", "limit"),
    [
        (stranger(1), [], True, None),
        (stranger(1), [stranger(1)] * 2, True, None),
        (stranger(1), [stranger(1)] * 3, True, Limit.SESSIONS_PER_ADDRESS),
        (stranger(9), [stranger(1)] * 3, True, None),
        (stranger(9), [stranger(n) for n in range(5)], True, None),
        (stranger(9), [stranger(n) for n in range(6)], True, Limit.SESSIONS),  # 2 of 8 are kept
        (stranger(9), [stranger(n) for n in range(6)], False, None),
        (stranger(9), [stranger(n) for n in range(8)], False, Limit.SESSIONS),
        (stranger(9), [PEER] * 6, True, None),
        (stranger(9), [PEER] * 8, True, Limit.SESSIONS),
        (PEER, [stranger(n) for n in range(6)], True, None),
        (PEER, [PEER] * 7, True, None),  # no limit for one address of ours
        (PEER, [PEER] * 8, True, Limit.SESSIONS),
    ],
)
def test_who_finds_a_seat(client, inside, has_peers, limit):
    seats = [Seat(one) for one in inside]
    assert find_seat(client, seats, 8, SMALL, has_peers=has_peers) is limit


def idle(client: Client, since: float, **given) -> Seat:
    return Seat(client, at(progress_at=since), **given)


IN_MAIL = Seat(stranger(1), at(mail_since=0.0))
BUSY = idle(stranger(1), 0.0, busy=True)
OLD, YOUNG, OTHER = idle(stranger(1), 10), idle(stranger(1), 85), idle(stranger(2), 5)
OURS = idle(PEER, 0)
CHATS = Seat(stranger(1), at(progress_at=99.0, commands=3))
WORKS = Seat(stranger(1), at(progress_at=99.0, commands=3), at_work=True)


@pytest.mark.parametrize(
    ("client", "inside", "limit", "goes"),
    [
        (stranger(3), [OLD, OTHER, YOUNG], Limit.SESSIONS, OTHER),
        (stranger(1), [OLD, OTHER, YOUNG], Limit.SESSIONS_PER_ADDRESS, OLD),
        (stranger(3), [YOUNG, IN_MAIL, BUSY], Limit.SESSIONS, YOUNG),
        (stranger(3), [IN_MAIL, BUSY], Limit.SESSIONS, None),
        (stranger(3), [idle(stranger(1), 91)], Limit.SESSIONS, None),  # it has just come
        (stranger(3), [OURS], Limit.SESSIONS, None),
        (stranger(3), [CHATS, WORKS], Limit.SESSIONS, CHATS),
        (stranger(3), [WORKS], Limit.SESSIONS, None),
        (PEER, [OURS, YOUNG], Limit.SESSIONS, YOUNG),
        (PEER, [OURS], Limit.SESSIONS, OURS),
    ],
)
def test_who_gives_way(client, inside, limit, goes):
    assert who_gives_way(client, inside, limit, 100.0, 10.0) is goes


async def test_large_mails_of_one_address_leave_room_for_others():
    room, order = Room(Limits(large_mails=2, large_mails_for_peers=1)), []

    async def hold(name: str, client: Client, until: asyncio.Event) -> None:
        async with room.place(client):
            order.append(name)
            await until.wait()

    async with asyncio.TaskGroup() as tasks:
        first, last, rest = asyncio.Event(), asyncio.Event(), asyncio.Event()
        for name, client, until in [
            ("a1", stranger(1), first), ("a2", stranger(1), rest), ("a3", stranger(1), rest),
            ("a4", stranger(1), rest), ("b1", stranger(2), rest), ("c1", stranger(3), rest),
            ("p1", PEER, last), ("p2", PEER, last),
        ]:  # fmt: skip
            tasks.create_task(hold(name, client, until))
        for _ in range(10):
            await asyncio.sleep(0)
        assert order == ["a1", "a2", "b1", "p1"]
        assert room.pressed
        first.set()
        for _ in range(10):
            await asyncio.sleep(0)
        assert order[4:] == ["p2"], "a place that is free again is our server's first"
        last.set()
        for _ in range(10):
            await asyncio.sleep(0)
        assert order[5:] == ["c1"], "then of who has none"
        rest.set()
    assert not room.pressed


async def test_who_leaves_while_it_waits_takes_no_place():
    room = Room(Limits(large_mails=1, large_mails_for_peers=0))

    async def hold() -> None:
        async with room.place(stranger()):
            await asyncio.Event().wait()

    async with room.place(stranger()):
        gone = asyncio.create_task(hold())
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
    chosen = None
    async with room.place(stranger()):
        chosen = asyncio.create_task(hold())
        await asyncio.sleep(0)
    chosen.cancel()  # chosen in this very moment, and gone in the same
    await asyncio.gather(chosen, return_exceptions=True)
    async with asyncio.timeout(60), room.place(stranger()):
        assert not room.pressed


@pytest.mark.parametrize(
    ("raw", "too_large"),
    [
        (b"a: b\r\n\r\n" + b"x" * 2000, False),
        (b"a: " + b"b" * 995 + b"\r\n\r\n" + b"x" * 2000, False),
        (b"a: " + b"b" * 996 + b"\r\n\r\n" + b"x" * 2000, True),
        (b"a: b\r\n" * 200, True),
        (b"a: b\r\n" * 10, False),
        (b"\r\n" + b"x" * 2000, False),  # no header at all
        (b"", False),
    ],
)
def test_how_large_a_header_may_be(raw, too_large):
    assert header_too_large(raw, 1000) is too_large


@pytest.mark.parametrize("position", [0, 1, 999, 1000, 1001, 5000])
@pytest.mark.parametrize(("length", "too_long"), [(0, False), (1000, False), (1001, True)])
@pytest.mark.parametrize("end", [b"\r\n", b"\r\n" + b"y\r\n" * 1000, b""])
def test_how_long_a_line_may_be(position, length, too_long, end):
    before = (b"z" * 98 + b"\r\n") * (position // 100) + b"z" * (position % 100)
    before = before.removesuffix(b"z" * (position % 100)) + b"z" * max(position % 100 - 2, 0)
    raw = before + (b"\r\n" if before and not before.endswith(b"\n") else b"") + b"x" * length + end
    assert line_too_long(raw, 1000) is too_long


def counted(limit: Limit) -> float:
    labels = {"listener": "smtp", "limit": limit.value}
    return REGISTRY.get_sample_value("hub_mail_limited_total", labels) or 0.0


def test_a_limit_is_counted_each_time_and_logged_once_without_an_address():
    before, tell = counted(Limit.RATE), Tell("smtp")
    with capture_logs() as logged:
        for _ in range(1000):
            assert tell.goodbye(Limit.RATE) == GOODBYE[Limit.RATE]
    assert counted(Limit.RATE) == before + 1000
    assert [(line["limit"], line["log_level"]) for line in logged] == [("rate", "warning")]
    assert set(logged[0]) == {"event", "log_level", "listener", "limit", "times"}


class Takes:
    """Takes every mail and reads none: here it is about who gets so far."""

    def __init__(self, look=lambda: None) -> None:
        self._look = look

    def knows(self, recipient: str) -> bool:
        return bool(recipient)

    async def __call__(self, raw, sender, recipients, client) -> list[str]:
        self._look()
        return ["250 2.0.0 Taken in"] * len(recipients)


@asynccontextmanager
async def listening(protocol="smtp", **settings):
    known = EmailSettings(hostname="mx", **settings)
    listener = Listener(protocol, Listen("127.0.0.1", 0), Takes(), known)
    port = listener.open()
    task = asyncio.create_task(listener.run())
    try:
        yield port
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Talk:
    def __init__(self, reader, writer) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, port: int, stack: AsyncExitStack, of: str = "127.0.0.1", hello="EHLO x"):
        talk = cls(*await asyncio.open_connection("127.0.0.1", port, local_addr=(of, 0)))
        stack.callback(talk.writer.close)
        talk.greeting = await talk.hear()
        if talk.greeting.startswith("220"):
            await talk.say(hello)
        return talk

    async def hear(self) -> str:
        async with asyncio.timeout(60):
            while (line := (await self.reader.readline()).decode())[3:4] == "-":
                pass
        return line.rstrip("\r\n")

    async def say(self, line: str) -> str:
        self.writer.write(line.encode() + b"\r\n")
        return await self.hear()

    async def begin(self) -> None:
        for line in ("MAIL FROM:<e@example.org>", f"RCPT TO:<{POST}>", "DATA"):
            assert (await self.say(line))[0] in "23"

    async def mail(self, raw: bytes = MAIL) -> str:
        await self.begin()
        self.writer.write(raw + b".\r\n")
        return await self.hear()


SHORT = {"patience": 1e-6, "grace": 2.0, "rate": 1_000}


@pytest.mark.parametrize(("protocol", "hello"), [("smtp", "EHLO x"), ("lmtp", "LHLO x")])
async def test_silent_and_chatting_sessions_give_way_to_a_mail(protocol, hello):
    before = counted(Limit.GAVE_WAY)
    listens = listening(protocol, sessions=4, limits={"patience": 1e-6})
    async with listens as port, AsyncExitStack() as stack:
        idlers = [await Talk.to(port, stack, hello=hello) for _ in range(4)]
        for talk in idlers[1:]:
            assert (await talk.say("NOOP")).startswith("250")
        for _ in range(3):  # again and again, each for the one that has sat longest
            honest = await Talk.to(port, stack, hello=hello)
            assert (await honest.mail()).startswith("250")
        assert await idlers[0].hear() == GOODBYE[Limit.GAVE_WAY]
    if protocol == "smtp":
        assert counted(Limit.GAVE_WAY) >= before + 3


async def test_one_address_fills_its_own_seats_only():
    limits = {"sessions_per_address": 2}
    async with listening(limits=limits) as port, AsyncExitStack() as stack:
        talks = [await Talk.to(port, stack, "127.0.0.2") for _ in range(3)]
        greetings = [talk.greeting[:9] for talk in talks]
        assert greetings == ["220 mx ES", "220 mx ES", "421 4.7.0"]
        honest = await Talk.to(port, stack, "127.0.0.3")
        assert (await honest.mail()).startswith("250")


async def test_a_share_is_kept_for_our_own_server():
    settings = {"sessions": 4, "peers": ("127.0.0.9",)}
    async with listening(**settings) as port, AsyncExitStack() as stack:
        talks = [await Talk.to(port, stack, f"127.0.0.{n}") for n in range(2, 6)]
        assert [talk.greeting[:9] for talk in talks][2:] == ["220 mx ES", "421 4.3.2"]
        ours = await Talk.to(port, stack, "127.0.0.9")
        assert (await ours.mail()).startswith("250")


LARGE = MAIL + (b"x" * 70 + b"\r\n") * 16_000


@pytest.mark.parametrize("of", ["127.0.0.1", "127.0.0.7"])
async def test_large_mails_that_are_dribbled_give_way(of):
    """They come fast until they hold a place, and then a byte at a time."""
    limits = SHORT | {"large_mails": 2}
    async with listening(limits=limits) as port, AsyncExitStack() as stack:
        dribbling = [await Talk.to(port, stack) for _ in range(3)]
        for talk in dribbling:
            await talk.begin()
            talk.writer.write(LARGE)
        honest = await Talk.to(port, stack, of)
        assert (await honest.mail(LARGE)).startswith("250")
        for talk in dribbling:
            assert await talk.hear() == GOODBYE[Limit.RATE]


@pytest.mark.parametrize(
    ("limits", "said", "limit"),
    [
        ({"grace": 0.3}, b"DATA\r\nFrom: a", Limit.RATE),
        ({"mail_time": 0.3, "rate": 0}, b"DATA\r\nFrom: a", Limit.MAIL_TIME),
        ({"between_mails": 0.3}, b"", Limit.BETWEEN_MAILS),
        ({"session_time": 0.3}, b"", Limit.SESSION_TIME),
    ],
)
async def test_each_deadline_ends_with_its_words(limits, said, limit):
    before = counted(limit)
    async with listening(limits=limits) as port, AsyncExitStack() as stack:
        # Said before the server looks: what comes after its words would cut them off.
        envelope = f"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<{POST}>\r\n"
        line = socket.create_connection(("127.0.0.1", port))
        line.sendall(envelope.encode() + said)
        reader, writer = await asyncio.open_connection(sock=line)
        stack.callback(writer.close)
        lines = [line.decode().strip() async for line in reader]
    assert lines[-1] == GOODBYE[limit]
    assert counted(limit) == before + 1


async def test_a_flood_of_commands_is_no_mail():
    async with listening(limits={"commands": 100}) as port, AsyncExitStack() as stack:
        talk = await Talk.to(port, stack)
        talk.writer.write(b"NOOP\r\n" * 300)

        said = [line.decode().strip() async for line in talk.reader]
    assert said[-1] == GOODBYE[Limit.COMMANDS]


@pytest.mark.parametrize(("protocol", "hello"), [("smtp", "EHLO x"), ("lmtp", "LHLO x")])
@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        (b"From: a\r\n" + b"x: y\r\n" * 200 + b"\r\nHallo\r\n", "552 5.3.4 Header is larger"),
        (MAIL + b"x" * 1025 + b"\r\n", "500 5.5.2 A line is longer than the limit of 1024"),
        (MAIL + b"x" * 1024 + b"\r\n", "250"),
    ],
)
async def test_headers_and_lines_have_limits(protocol, hello, raw, answer):
    limits = {"header_limit": 1024, "line_limit": 1024}
    listens = listening(protocol, limits=limits)
    async with listens as port, AsyncExitStack() as stack:
        talk = await Talk.to(port, stack, hello=hello)
        assert (await talk.mail(raw)).startswith(answer)
        assert (await talk.mail()).startswith("250"), "and the session goes on"


async def test_the_clocks_of_a_mail_stand_still_while_it_waits_for_us():
    seen = []

    def look() -> None:
        [session] = listener._inside
        seen.append(session.pace.waits_since is not None)

    settings = EmailSettings(hostname="mx")
    listener = Listener("smtp", Listen("127.0.0.1", 0), Takes(look), settings)
    port = listener.open()
    task = asyncio.create_task(listener.run())
    async with AsyncExitStack() as stack:
        talk = await Talk.to(port, stack)
        assert (await talk.mail()).startswith("250")
        assert (await talk.say("NOOP")).startswith("250")
        [session] = listener._inside
        assert session.pace.waits_since is None, "and then they run again"
        assert session.pace.mail_since is None
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert seen == [True]
