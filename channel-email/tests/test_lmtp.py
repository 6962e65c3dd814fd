"""What mail servers hear from our SMTP and LMTP listeners, over real sockets."""

import asyncio
import smtplib
import socket
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from channel_email.receive.deliver import Deliver
from channel_email.receive.listen import Listener
from channel_email.settings import Account, Accounts, EmailAccount, EmailSettings, Limits, Listen
from hub_contract.errors import Permanent, Temporary
from hub_kit.accept import Accepted
from hub_kit.settings import ConfigurationError
from hub_kit.testing import eventually

LIMIT = 20_000
POST = "post@musterstadt.example"
BAUAMT = "bauamt@musterstadt.example"
DORF = "post@kleindorf.example"


def mail(text: str = "Guten Tag", message_id: str = "1@example.org") -> bytes:
    return (
        f"From: erika@example.org\r\nTo: {POST}\r\nSubject: Hallo\r\n"
        f"Message-ID: <{message_id}>\r\n\r\n{text}\r\n"
    ).encode()


class Recorder:
    """Takes everything in and remembers it, where a test is about words and not about safety."""

    def __init__(self) -> None:
        self.arrivals = []

    async def __call__(self, arrival) -> Accepted:
        self.arrivals.append(arrival)
        return Accepted(arrival.event.id, new=True)

    def events(self) -> list:
        return [arrival.event for arrival in self.arrivals]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@asynccontextmanager
async def listening(accounts, accept, protocol: str = "smtp", **settings):
    deliver = Deliver(accounts, accept)
    values = {"size_limit": LIMIT, "hostname": "mx.musterstadt.example"} | settings
    listener = Listener(protocol, Listen("127.0.0.1", 0), deliver, EmailSettings(**values))
    port = listener.open()
    task = asyncio.create_task(listener.run())
    try:
        yield port
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Talk:
    """A mail server's end of a session, byte by byte."""

    def __init__(self, reader, writer) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    @asynccontextmanager
    async def to(cls, port: int, greeting: str = "EHLO mail.example.org"):
        talk = cls(*await asyncio.open_connection("127.0.0.1", port))
        try:
            await talk.hear()
            if greeting:
                await talk.say(greeting)
            yield talk
        finally:
            talk.writer.close()

    async def hear(self) -> str:
        """Return the next reply, its last line if it has several."""
        async with asyncio.timeout(60):
            while (line := (await self.reader.readline()).decode())[3:4] == "-":
                pass
        return line.rstrip("\r\n")

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def say(self, line: str) -> str:
        await self.send(line.encode() + b"\r\n")
        return await self.hear()

    async def begin(self, *recipients: str) -> str:
        """Say all up to DATA; return the answer to it."""
        await self.say("MAIL FROM:<erika@example.org>")
        for recipient in recipients or (POST,):
            await self.say(f"RCPT TO:<{recipient}>")
        return await self.say("DATA")

    async def hand_over(self, data: bytes, *recipients: str) -> list[str]:
        assert (await self.begin(*recipients)).startswith("354")
        await self.send(data)
        return [await self.hear()]


async def test_a_mail_is_kept_before_the_yes(hub, accounts):
    raw = mail("..zwei Punkte\r\n.\x20einer\r\n...")
    async with listening(accounts, hub.ground.accept) as port, Talk.to(port) as talk:
        await talk.say("MAIL FROM:<erika@example.org> BODY=8BITMIME SMTPUTF8")
        await talk.say(f"RCPT TO:<{POST}>")
        await talk.say("DATA")
        await talk.send(raw.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        reply = await talk.hear()
        [event] = await hub.kept()
    assert reply == f"250 2.0.0 Taken in as {event.id}"
    assert await hub.original(event) == raw
    assert (event.tenant, event.account, event.size) == ("musterstadt", "post", len(raw))
    assert [r.point.value for r in event.content.recipients if r.role == "envelope"] == [POST]


COMMANDS = [
    ("MAIL FROM:<a@example.org>", "250 2.1.0"),
    ("MAIL FROM:<>", "250 2.1.0"),
    ("MAIL FROM:<a@example.org> SIZE=20000", "250 2.1.0"),
    ("MAIL FROM:<a@example.org> SIZE=20001", "552 5.3.4 Mail is larger than the limit of 20000"),
    ("MAIL FROM:<jörg@exämple.org> SMTPUTF8", "250 2.1.0"),
    ("MAIL FROM:<a@example.org> RET=HDRS", "555 5.5.4"),
    ("MAIL FROM:<a@b@c", "553 5.1.3"),
    ("MAIL", "501 5.5.4"),
    ("RCPT TO:<post@musterstadt.example>", "503 5.5.1"),
    ("DATA", "503 5.5.1"),
    ("NOOP", "250 2.0.0"),
    ("RSET", "250 2.0.0"),
    ("VRFY post@musterstadt.example", "252 2.5.0"),
    ("EXPN alle", "502 5.5.1"),
    ("AUTH PLAIN AGEAYg==", "538 5.7.11"),
    ("STARTTLS", "454"),
    ("UNSINN", "500 5.5.2"),
    ("", "500 5.5.2"),
    ("X" * 5_000, "500 5.5.2"),
    ("QUIT", "221 2.0.0"),
]


@pytest.mark.parametrize(("line", "answer"), COMMANDS, ids=[line[:30] for line, _ in COMMANDS])
async def test_answers_to_commands(accounts, recorder, line, answer):
    async with listening(accounts, recorder) as port, Talk.to(port) as talk:
        assert (await talk.say(line)).startswith(answer)


RECIPIENTS = [
    ("post@musterstadt.example", "250 2.1.5"),
    ("Post@MUSTERSTADT.example", "250 2.1.5"),
    ("rathaus+frage@musterstadt.example", "250 2.1.5"),
    ("bounce+0f9d5c0e-6d2b-5f5e-9d0f-000000000000@musterstadt.example", "250 2.1.5"),
    ("reply+abc@musterstadt.example", "250 2.1.5"),
    ("niemand@musterstadt.example", "550 5.1.1 No such address here"),
    ("post@anderswo.example", "550 5.1.1 No such address here"),
    ("pöst@musterstadt.example", "550 5.1.1"),
    ("postmaster", "250 2.1.5"),  # RFC 5321 §4.5.1: without a domain, and in any case
    ("PostMaster", "250 2.1.5"),
    ("postmaster@musterstadt.example", "250 2.1.5"),
    ("POSTMASTER@Kleindorf.example", "250 2.1.5"),
    ("postmaster@anderswo.example", "550 5.1.1"),
    ("post", "550 5.1.1"),
]


@pytest.mark.parametrize(("address", "answer"), RECIPIENTS)
async def test_answers_to_recipients(accounts, recorder, address, answer):
    async with listening(accounts, recorder) as port, Talk.to(port) as talk:
        await talk.say("MAIL FROM:<> SMTPUTF8")
        assert (await talk.say(f"RCPT TO:<{address}>")).startswith(answer)


async def test_the_greeting_tells_a_name_and_no_version(accounts, recorder):
    async with listening(accounts, recorder) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.readline() == b"220 mx.musterstadt.example ESMTP\r\n"
        writer.write(b"EHLO x\r\n")
        offered = [(await reader.readline()).decode().strip() for _ in range(6)]
        writer.close()
    assert offered == [
        "250-mx.musterstadt.example",
        "250-8BITMIME",
        "250-SMTPUTF8",
        f"250-SIZE {LIMIT}",
        "250-PIPELINING",
        "250 ENHANCEDSTATUSCODES",
    ]


TAIL = b"\r\n.\r\n"
SMUGGLED = (
    b"MAIL FROM:<x@evil.example>\r\nRCPT TO:<bauamt@musterstadt.example>\r\nDATA\r\nFrom: x\r\n"
)
BARE = "550 5.5.2 Refused: a line ends with a bare CR or LF"
LOST = "521 5.5.2 Refused: a line ends with a bare CR or LF"
# What stands in for the end of a mail, followed by a second one that must not arrive.
SMUGGLING = {
    "LF . LF": (b"\n.\n", BARE),
    "LF . CRLF": (b"\n.\r\n", BARE),
    "CRLF . LF": (b"\r\n.\n", BARE),
    "CR . CR": (b"\r.\r", BARE),
    "CR . CRLF": (b"\r.\r\n", BARE),
    "CRLF . CR": (b"\r\n.\r", BARE),
    "CRLF . CR CR LF": (b"\r\n.\r\r\n", BARE),
    "LF": (b"\n", BARE),
    "CR": (b"\r", BARE),
    "CRLF NUL . CRLF": (b"\r\n\0.\r\n", "250"),
    "CRLF .. CRLF": (b"\r\n..\r\n", "250"),
    "CRLF . blank CRLF": (b"\r\n. \r\n", "250"),
}


@pytest.mark.parametrize("case", SMUGGLING)
@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
async def test_no_second_mail_hides_in_the_first(accounts, recorder, protocol, case):
    between, answer = SMUGGLING[case]
    data = mail()[:-2] + between + SMUGGLED + b"zweite Mail" + TAIL
    hello = "LHLO x" if protocol == "lmtp" else "EHLO x"
    listener = listening(accounts, recorder, protocol)
    async with listener as port, Talk.to(port, hello) as talk:
        [reply] = await talk.hand_over(data)
        assert reply.startswith(answer)
        assert (await talk.say("NOOP")).startswith("250"), "and the session goes on in step"
    kept = recorder.events()
    assert len(kept) == (1 if answer == "250" else 0)
    assert not any(event.account == "bauamt" for event in kept)


@pytest.mark.parametrize("ending", [b"\n.\n", b"\n.\r\n", b"\r.\r"])
async def test_a_client_that_ends_lines_its_own_way_is_told_so_and_sent_away(
    accounts, recorder, ending
):
    async with listening(accounts, recorder) as port, Talk.to(port) as talk:
        [reply] = await talk.hand_over(mail().replace(b"\r\n", b"\n")[:-1] + ending)
        assert reply.startswith(LOST)
        assert await talk.reader.read() == b""
    assert len(recorder.arrivals) == 0


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 64])
async def test_the_end_is_found_however_the_bytes_are_cut(accounts, recorder, size):
    raw = mail(".\r\n..\r\n\r\n.x")
    stream = raw.replace(b"\r\n.", b"\r\n..") + b".\r\nNOOP\r\n"
    async with listening(accounts, recorder) as port, Talk.to(port) as talk:
        await talk.begin()
        for start in range(0, len(stream), size):
            await talk.send(stream[start : start + size])
            await asyncio.sleep(0)
        assert (await talk.hear()).startswith("250 2.0.0 Taken")
        assert (await talk.hear()).startswith("250 2.0.0 OK")
    assert [arrival.original for arrival in recorder.arrivals] == [raw]


async def test_an_empty_mail_is_a_mail(accounts, recorder):
    async with listening(accounts, recorder) as port, Talk.to(port) as talk:
        assert (await talk.hand_over(b".\r\n"))[0].startswith("250")
    [event] = recorder.events()
    assert event.size == 0


@pytest.mark.parametrize("size", [1_000_000, 100, 7])
async def test_everything_said_at_once_is_answered_in_order(accounts, recorder, size):
    envelope = f"MAIL FROM:<a@example.org>\r\nRCPT TO:<{POST}>\r\nDATA\r\n".encode()
    async with listening(accounts, recorder) as port, Talk.to(port) as talk:
        first, second = mail("eins", "1@x"), mail("zwei", "2@x")
        said = envelope + first + b".\r\n" + envelope + second + b".\r\nQUIT\r\n"
        for start in range(0, len(said), size):
            await talk.send(said[start : start + size])
            await asyncio.sleep(0)
        replies = [await talk.hear() for _ in range(9)]
    assert [reply[:9] for reply in replies] == [
        *["250 2.1.0", "250 2.1.5", "354 End d", "250 2.0.0"] * 2,
        "221 2.0.0",
    ]
    assert len(recorder.arrivals) == 2


SIZES = [
    (LIMIT, "250 2.0.0"),
    (LIMIT + 1, f"552 5.3.4 Mail is larger than the limit of {LIMIT} bytes"),
    (LIMIT + LIMIT // 2, "552 5.3.4"),
    (2 * LIMIT - 10, "552 5.3.4"),
]


@pytest.mark.parametrize(("size", "answer"), SIZES)
async def test_the_size_limit_is_exact_and_named(accounts, recorder, size, answer):
    frame = len(mail(""))
    raw = mail("." * (size - frame))
    assert len(raw) == size
    async with listening(accounts, recorder) as port, Talk.to(port) as talk:
        [reply] = await talk.hand_over(raw.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        assert reply.startswith(answer)
        assert (await talk.say("NOOP")).startswith("250")
    assert len(recorder.arrivals) == (1 if answer.startswith("250") else 0)


async def test_doubled_dots_do_not_count(accounts, recorder):
    raw = mail(".\r\n" * 100)
    raw += b"x" * (LIMIT - len(raw) - 2) + b"\r\n"
    async with listening(accounts, recorder) as port, Talk.to(port) as talk:
        [reply] = await talk.hand_over(raw.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        assert reply.startswith("250")
    [event] = recorder.events()
    assert event.size == LIMIT


async def test_an_endless_mail_is_cut_off(accounts, recorder):
    async with listening(accounts, recorder) as port, Talk.to(port) as talk:
        await talk.begin()
        with pytest.raises(ConnectionError):  # noqa: PT012 - any of these may meet the end
            for _ in range(100_000):
                await talk.send(b"noch eine Zeile\r\n" * 100)
            raise AssertionError("it went on and on")
    assert len(recorder.arrivals) == 0


async def test_few_large_mails_are_held_at_once_and_all_get_through(accounts, recorder):
    gate, inside, most = asyncio.Event(), 0, 0

    async def accept(arrival):
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await gate.wait()
        inside -= 1
        return await recorder(arrival)

    big = mail("x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 20_000) + b".\r\n"
    async with listening(accounts, accept, size_limit=2_000_000) as port, AsyncExitStack() as stack:
        talks = [
            await stack.enter_async_context(Talk.to(port)) for _ in range(Limits().large_mails + 4)
        ]
        sends = [asyncio.create_task(talk.hand_over(big)) for talk in talks]
        small = await stack.enter_async_context(Talk.to(port))
        small_send = asyncio.create_task(small.hand_over(mail() + b".\r\n"))

        async def full() -> bool:
            return inside == Limits().large_mails + 1

        await eventually(full)
        gate.set()
        replies = [reply for [reply] in await asyncio.gather(small_send, *sends)]
    assert most == Limits().large_mails + 1, "the small one is not kept waiting by the large ones"
    assert {reply[:9] for reply in replies} == {"250 2.0.0"}


async def test_copies_on_one_machine_share_a_port_if_they_say_so(accounts, recorder):
    async with listening(accounts, recorder, reuse_port=True) as port:
        with pytest.raises(ConfigurationError, match=rf"channel_email\.smtp: 127\.0\.0\.1:{port}"):
            Listener(
                "smtp", Listen("127.0.0.1", port), Deliver(accounts, recorder), EmailSettings()
            ).open()
        copy = Listener(
            "smtp",
            Listen("127.0.0.1", port),
            Deliver(accounts, recorder),
            EmailSettings(reuse_port=True),
        )
        assert copy.open() == port
        task = asyncio.create_task(copy.run())
        async with Talk.to(port) as talk:
            assert (await talk.hand_over(mail() + b".\r\n"))[0].startswith("250")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(("protocol", "hello"), [("smtp", "EHLO x"), ("lmtp", "LHLO x")])
@pytest.mark.parametrize(
    ("peers", "found"),
    [
        ((), []),
        (("10.0.0.0/8",), []),
        (("127.0.0.1",), ["pass"]),
        (("::1", "127.0.0.0/8"), ["pass"]),
    ],
)
async def test_only_our_own_mail_server_says_who_a_sender_is(
    recorder, protocol, hello, peers, found
):
    trusting = EmailAccount(address=POST, trusted_hosts=frozenset({"mx.musterstadt.example"}))
    accounts = Accounts([Account("musterstadt", "post", "", trusting)])
    said = b"Authentication-Results: mx.musterstadt.example; dmarc=pass\r\n"
    listener = listening(accounts, recorder, protocol, peers=peers)
    async with listener as port, Talk.to(port, hello) as talk:
        assert (await talk.hand_over(said + mail() + b".\r\n"))[0].startswith("250")
    [event] = recorder.events()
    assert [e.result for e in event.content.evidence] == found


async def test_a_mail_to_postmaster_is_one_to_its_account(accounts, recorder):
    async with listening(accounts, recorder) as port, Talk.to(port) as talk:
        data = mail() + b".\r\n"
        assert (await talk.hand_over(data, "Postmaster", "postmaster@kleindorf.example"))[
            0
        ].startswith("250")
    seen = {
        (event.tenant, event.account): [
            r.point.value for r in event.content.recipients if r.role == "envelope"
        ]
        for event in recorder.events()
    }
    assert seen == {
        ("musterstadt", "post"): ["Postmaster@musterstadt.example"],
        ("kleindorf", "post"): ["postmaster@kleindorf.example"],
    }


async def test_one_mail_for_two_tenants_is_two_arrivals(hub, accounts):
    async with listening(accounts, hub.ground.accept) as port, Talk.to(port) as talk:
        to = [POST, "rathaus@musterstadt.example", DORF, BAUAMT]
        [reply] = await talk.hand_over(mail() + b".\r\n", *to)
        assert reply.startswith("250")
    seen = {
        (event.tenant, event.account): [
            r.point.value for r in event.content.recipients if r.role == "envelope"
        ]
        for event in await hub.kept()
    }
    assert seen == {
        ("musterstadt", "post"): [POST, "rathaus@musterstadt.example"],
        ("musterstadt", "bauamt"): [BAUAMT],
        ("kleindorf", "post"): [DORF],
    }


class Refusing:
    """Takes in what is not for `accounts`, and fails for those."""

    def __init__(self, accept, error: Exception, *accounts: str) -> None:
        self.accept, self.error, self.accounts = accept, error, accounts

    async def __call__(self, arrival):
        if arrival.event.account in self.accounts:
            raise self.error
        return await self.accept(arrival)


FAULTS = [Temporary("database away"), Permanent("a row of ours"), TimeoutError(), ValueError("x")]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
async def test_by_lmtp_each_recipient_has_an_answer(hub, accounts, fault):
    accept = Refusing(hub.ground.accept, fault, "bauamt")
    async with listening(accounts, accept, "lmtp") as port, Talk.to(port, "LHLO x") as talk:
        await talk.begin(POST, BAUAMT, "nobody@x.example", DORF)
        await talk.send(mail() + b".\r\nNOOP\r\n")
        replies = [(await talk.hear())[:9] for _ in range(4)]
    assert replies == ["250 2.0.0", "451 4.3.0", "250 2.0.0", "250 2.0.0"]
    assert sorted(event.account for event in await hub.kept()) == ["post", "post"]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
async def test_by_smtp_one_fault_of_ours_asks_for_all_again(hub, accounts, fault):
    broken = Refusing(hub.ground.accept, fault, "bauamt")
    async with listening(accounts, broken) as port, Talk.to(port) as talk:
        [reply] = await talk.hand_over(mail() + b".\r\n", POST, BAUAMT)
        assert reply.startswith("451 4.3.0")
    async with listening(accounts, hub.ground.accept) as port, Talk.to(port) as talk:
        [reply] = await talk.hand_over(mail() + b".\r\n", POST, BAUAMT)
        assert reply.startswith("250")
    assert sorted(event.account for event in await hub.kept()) == ["bauamt", "post"]


async def test_a_refusal_by_lmtp_is_said_for_each_recipient(accounts, recorder):
    big = mail("x" * LIMIT) + b".\r\nNOOP\r\n"
    listener = listening(accounts, recorder, "lmtp")
    async with listener as port, Talk.to(port, "LHLO x") as talk:
        await talk.begin(POST, BAUAMT)
        await talk.send(big)
        replies = [(await talk.hear())[:9] for _ in range(3)]
    assert replies == ["552 5.3.4", "552 5.3.4", "250 2.0.0"]


async def test_a_database_that_is_away_means_try_again(hub, accounts):
    async with listening(accounts, hub.ground.accept) as port, Talk.to(port) as talk:
        await hub.shut_out()
        assert (await talk.hand_over(mail() + b".\r\n"))[0].startswith("451 4.3.0")
        await hub.let_in()
        assert (await talk.hand_over(mail() + b".\r\n"))[0].startswith("250")
    assert await hub.count() == 1


async def test_too_many_sessions_are_told_so(accounts, recorder):
    async with listening(accounts, recorder, sessions=2) as port:
        async with Talk.to(port), Talk.to(port) as second:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert (await reader.read()).startswith(b"421 4.3.2 Too many sessions")
            writer.close()
            await second.say("QUIT")
        async with Talk.to(port) as later:
            assert (await later.say("NOOP")).startswith("250")


async def test_a_silent_session_ends_with_a_word(accounts, recorder):
    begun = f"EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<{POST}>\r\nDATA\r\nFrom: a".encode()
    async with listening(accounts, recorder, timeout=0.5) as port:
        for said, heard in ((b"", b"220 "), (b"EHLO x\r\n", b"250 "), (begun, b"354 ")):
            # Said before the server looks, so that a machine that stands still is not the silent one.
            line = socket.create_connection(("127.0.0.1", port))
            line.sendall(said)
            reader, writer = await asyncio.open_connection(sock=line)
            *_, before, last = (await reader.read()).splitlines()
            writer.close()
            assert before.startswith(heard)
            assert last == b"421 4.4.2 Nothing heard for too long"
    assert len(recorder.arrivals) == 0


async def test_a_slow_session_that_goes_on_is_heard_out(accounts, recorder):
    raw = mail() + b".\r\n"
    # In all it takes longer than the timeout, and each pause is so short that a busy machine
    # makes none of them too long.
    async with listening(accounts, recorder, timeout=3) as port, Talk.to(port) as talk:
        await talk.begin()
        for start in range(0, len(raw), len(raw) // 8):
            await asyncio.sleep(0.4)
            await talk.send(raw[start : start + len(raw) // 8])
        assert (await talk.hear()).startswith("250")


async def test_a_client_that_leaves_in_the_middle_leaves_nothing(accounts, recorder):
    async with listening(accounts, recorder) as port:
        async with Talk.to(port) as talk:
            await talk.begin()
            await talk.send(mail())
        async with Talk.to(port) as talk:
            assert (await talk.say("NOOP")).startswith("250")
    assert len(recorder.arrivals) == 0


async def test_a_stop_lets_a_mail_in_transit_finish(hub, accounts):
    inside, gate = asyncio.Event(), asyncio.Event()

    async def slowly(arrival):
        inside.set()
        await gate.wait()
        return await hub.ground.accept(arrival)

    deliver = Deliver(accounts, slowly)
    listener = Listener("smtp", Listen("127.0.0.1", 0), deliver, EmailSettings())
    port = listener.open()
    task = asyncio.create_task(listener.run())
    async with Talk.to(port) as idle, Talk.to(port) as busy:
        await busy.begin()
        await busy.send(mail() + b".\r\n")
        await inside.wait()
        task.cancel()
        assert (await idle.hear()).startswith("421 4.3.2 Stopping")
        with pytest.raises(ConnectionError):
            await asyncio.open_connection("127.0.0.1", port)
        gate.set()
        assert (await busy.hear()).startswith("250")
        assert (await busy.hear()).startswith("421 4.3.2 Stopping")
        await asyncio.gather(task, return_exceptions=True)
    assert await hub.count() == 1


@pytest.mark.parametrize(("client", "protocol"), [(smtplib.SMTP, "smtp"), (smtplib.LMTP, "lmtp")])
async def test_a_library_of_others_talks_to_us(hub, accounts, client, protocol):
    def send(port: int) -> dict:
        with client("127.0.0.1", port) as session:
            return session.sendmail("a@example.org", [POST, "x@musterstadt.example"], mail())

    async with listening(accounts, hub.ground.accept, protocol) as port:
        refused = await asyncio.to_thread(send, port)
    assert refused == {"x@musterstadt.example": (550, b"5.1.1 No such address here")}
    assert await hub.count() == 1
