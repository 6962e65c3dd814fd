"""What a relay may answer, and what we make of it: certainly not sent, failed, unknown, accepted."""

import asyncio
import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import pytest

from channel_email.render import Outgoing
from channel_email.send import Pool, RelaySender
from channel_email.settings import Account, Accounts, EmailAccount, RelayHost, Tls
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import MessageRequested, RequestedContent
from hub_contract.fit import Lack
from hub_contract.words import Attachment, Channel, ContactKind, ContactPoint
from hub_kit.find_port import free_port
from hub_kit.testing import eventually

ID = UUID("0f9d5c0e-6d2b-5f5e-9d0f-000000000007")
HANG_UP = ""


class PretendRelay:
    """Answers by a script: verb → reply; an empty reply hangs up. `END` is the final dot."""

    def __init__(self, replies=(), extensions=("PIPELINING", "ENHANCEDSTATUSCODES")) -> None:
        self.replies = {
            "CONNECT": "220 relay.example ESMTP",
            "EHLO": "\r\n".join(
                ["250-relay.example", *(f"250-{e}" for e in extensions), "250 HELP"]
            ),
            "MAIL": "250 2.1.0 Ok",
            "RCPT": "250 2.1.5 Ok",
            "DATA": "354 Go on",
            "END": "250 2.0.0 Ok: queued as 4711",
            "RSET": "250 2.0.0 Ok",
            "STARTTLS": "220 Go on",
            "QUIT": "221 2.0.0 Bye",
        } | dict(replies)
        self.heard: list[str] = []
        self.mails: list[bytes] = []
        self.inside = self.most_inside = self.connections = 0
        self.port = 0
        self.context: ssl.SSLContext | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    @asynccontextmanager
    async def run(self, *, implicit: bool = False):
        context = self.context if implicit else None
        server = await asyncio.start_server(self._serve, "127.0.0.1", ssl=context, limit=2**24)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader, writer) -> None:
        self.connections += 1
        self.inside += 1
        self.most_inside = max(self.inside, self.most_inside)
        try:
            if await self._answer(writer, "CONNECT"):
                while line := (await reader.readline()).decode().strip():
                    self.heard.append(line)
                    if not await self._obey(line.split()[0].upper(), reader, writer):
                        break
        except ConnectionError:
            pass
        finally:
            self.inside -= 1
            writer.close()

    async def _obey(self, verb: str, reader, writer) -> bool:
        if not await self._answer(writer, verb):
            return False
        if verb == "STARTTLS":
            await writer.start_tls(self.context)
        if verb == "DATA" and self.replies[verb].startswith("354"):
            self.mails.append(await reader.readuntil(b"\r\n.\r\n"))
            await self.gate.wait()
            return await self._answer(writer, "END")
        return verb != "QUIT"

    async def _answer(self, writer, verb: str) -> bool:
        reply = self.replies.get(verb, "500 5.5.1 What?")
        if reply:
            writer.write(reply.encode() + b"\r\n")
            await writer.drain()
        return bool(reply)

    async def is_full(self) -> bool:
        return self.inside == 2

    def settings(self, **more) -> RelayHost:
        return RelayHost(**{"host": "127.0.0.1", "port": self.port, "timeout": 60} | more)


def outgoing(raw: bytes = b"Subject: Hallo\r\n\r\nGuten Tag\r\n", to: str = "erika@example.org"):
    return Outgoing(raw, f"bounce+{ID}@musterstadt.example", to, f"{ID}@musterstadt.example")


@asynccontextmanager
async def pool_for(relay: RelayHost):
    pool = Pool(relay, "hub.musterstadt.example")
    try:
        yield pool
    finally:
        await pool.close()


async def test_a_mail_that_is_taken_is_accepted_with_its_id():
    async with PretendRelay().run() as relay, pool_for(relay.settings()) as pool:
        outcome = await pool.send(
            outgoing(b"Subject: x\r\n\r\n.Punkt\r\n..zwei\r\nohne Ende"), str(ID)
        )
    assert (outcome.status, outcome.reason, outcome.code) == (
        Delivery.ACCEPTED,
        Reason.NONE,
        "2.0.0",
    )
    assert outcome.external_id == f"{ID}@musterstadt.example"
    assert "4711" in outcome.diagnostic
    assert relay.mails == [b"Subject: x\r\n\r\n..Punkt\r\n...zwei\r\nohne Ende\r\n.\r\n"]
    assert relay.heard[1:4] == [
        f"MAIL FROM:<bounce+{ID}@musterstadt.example>",
        "RCPT TO:<erika@example.org>",
        "DATA",
    ]


async def test_what_the_relay_offers_is_used():
    offers = ("SIZE 1000", "DSN", "SMTPUTF8")
    async with PretendRelay(extensions=offers).run() as relay, pool_for(relay.settings()) as pool:
        await pool.send(outgoing(to="jörg@exämple.org"), str(ID))
    assert relay.heard[1:3] == [
        f"MAIL FROM:<bounce+{ID}@musterstadt.example> SIZE=29 SMTPUTF8 RET=HDRS ENVID={ID}",
        "RCPT TO:<jörg@exämple.org> NOTIFY=SUCCESS,FAILURE,DELAY",
    ]


async def test_an_address_the_relay_cannot_write_fails():
    async with PretendRelay().run() as relay, pool_for(relay.settings()) as pool:
        outcome = await pool.send(outgoing(to="jörg@example.org"), str(ID))
    said = (Delivery.FAILED, Reason.ADDRESS_NOT_CARRIED, "5.6.7")
    assert (outcome.status, outcome.reason, outcome.code) == said


class ToldError(Exception):
    """All is noted that a round learns."""


async def test_the_store_is_told_what_each_relay_takes():
    noted = {}

    async def note(tenant, account, lack, *, lacking):
        assert (tenant, lack) == ("musterstadt", Lack.INTERNATIONAL)
        noted[account] = lacking
        if len(noted) == 2:
            raise ToldError

    async with PretendRelay(extensions=("SMTPUTF8",)).run() as new, PretendRelay().run() as old:
        accounts = Accounts(
            Account("musterstadt", name, name, EmailAccount(address=f"{name}@m.example", relay=own))
            for name, own in (
                ("dead", RelayHost(host="127.0.0.1", port=free_port())),
                ("post", new.settings()),
                ("amt", None),
            )
        )
        sender = RelaySender(accounts, old.settings(), "hub.musterstadt.example", note=note)
        with pytest.raises(ToldError):
            await sender.learn()
    assert noted == {"post": False, "amt": True}


F = Delivery.FAILED
FAILED = [
    ("MAIL", "550 5.7.1 Sender not allowed", Reason.SENDER_REJECTED, "5.7.1"),
    ("MAIL", "550 5.1.1 User unknown", Reason.SENDER_REJECTED, "5.1.1"),
    ("MAIL", "552 5.3.4 Message size exceeds fixed limit", Reason.TOO_LARGE, "5.3.4"),
    ("MAIL", "552 Too much", Reason.TOO_LARGE, "552"),
    ("RCPT", "550 5.1.1 <erika@example.org>: User unknown", Reason.ADDRESS_UNKNOWN, "5.1.1"),
    ("RCPT", "550-5.1.1 Sorry\r\n550 5.1.1 no such person", Reason.ADDRESS_UNKNOWN, "5.1.1"),
    ("RCPT", "550 no", Reason.ADDRESS_UNKNOWN, "550"),
    ("RCPT", "550 5.1.1 Over quota", Reason.MAILBOX_FULL, "5.1.1"),
    ("RCPT", "554 5.7.1 Relay access denied", Reason.SENDER_REJECTED, "5.7.1"),
    ("RCPT", "552 5.2.2 Mailbox full", Reason.MAILBOX_FULL, "5.2.2"),
    ("RCPT", "552 full", Reason.MAILBOX_FULL, "552"),
    ("RCPT", "550 5.2.1 Mailbox disabled", Reason.MAILBOX_DISABLED, "5.2.1"),
    ("RCPT", "556 5.1.10 Null MX", Reason.ADDRESS_UNKNOWN, "5.1.10"),
    ("RCPT", "599 something new", Reason.OTHER, "599"),
    ("DATA", "554 5.5.1 No valid recipients", Reason.OTHER, "5.5.1"),
    ("END", "554 5.7.1 Blocked as spam", Reason.REFUSED_AS_SPAM, "5.7.1"),
    ("END", "554 no", Reason.REFUSED_BY_POLICY, "554"),
    ("END", "552 5.2.3 Too large", Reason.TOO_LARGE, "5.2.3"),
]


@pytest.mark.parametrize(("verb", "reply", "reason", "code"), FAILED)
async def test_what_is_said_about_the_mail_is_its_end(verb, reply, reason, code):
    async with PretendRelay({verb: reply}).run() as relay, pool_for(relay.settings()) as pool:
        outcome = await pool.send(outgoing(), str(ID))
        assert (outcome.status, outcome.reason, outcome.code) == (Delivery.FAILED, reason, code)
        relay.replies |= PretendRelay().replies
        assert (await pool.send(outgoing(), str(ID))).status is Delivery.ACCEPTED
    assert relay.connections == 1, "a refusal does not cost the connection"


TEMPORARY = [
    ("CONNECT", "554 5.3.2 Go away"),
    ("CONNECT", "421 4.3.2 Later"),
    ("CONNECT", HANG_UP),
    ("CONNECT", "What is this"),
    ("EHLO", HANG_UP),
    ("MAIL", "451 4.3.0 Later"),
    ("MAIL", "421 4.3.2 Stopping"),
    ("MAIL", HANG_UP),
    ("RCPT", "450 4.2.0 Greylisted"),
    ("RCPT", "452 4.2.2 Full for now"),
    ("RCPT", HANG_UP),
    ("RCPT", "gibberish"),
    ("DATA", "451 4.3.0 Later"),
    ("DATA", HANG_UP),
    ("END", "451 4.3.0 Disk full"),
    ("END", "452 4.3.1 Disk full"),
]


@pytest.mark.parametrize(("verb", "reply"), TEMPORARY)
async def test_what_is_certainly_not_sent_is_tried_again(verb, reply):
    async with PretendRelay({verb: reply}).run() as relay, pool_for(relay.settings()) as pool:
        with pytest.raises(Temporary):
            await pool.send(outgoing(), str(ID))
        relay.replies |= PretendRelay().replies
        assert (await pool.send(outgoing(), str(ID))).status is Delivery.ACCEPTED


@pytest.mark.parametrize("reply", [HANG_UP, "gibberish"])
async def test_an_answer_that_is_lost_means_unknown(reply):
    async with PretendRelay({"END": reply}).run() as relay, pool_for(relay.settings()) as pool:
        outcome = await pool.send(outgoing(), str(ID))
    assert outcome.status is Delivery.UNKNOWN
    assert len(relay.mails) == 1


async def test_a_relay_that_is_not_there_is_temporary():
    async with PretendRelay().run() as relay:
        settings = relay.settings()
    async with pool_for(settings) as pool:
        with pytest.raises(Temporary, match="out of reach"):
            await pool.send(outgoing(), str(ID))


async def test_connections_are_few_and_used_again():
    async with PretendRelay().run() as relay, pool_for(relay.settings(connections=2)) as pool:
        relay.gate.clear()
        sends = [asyncio.create_task(pool.send(outgoing(), str(ID))) for _ in range(6)]
        await eventually(relay.is_full)
        relay.gate.set()
        outcomes = await asyncio.gather(*sends)
    assert {outcome.status for outcome in outcomes} == {Delivery.ACCEPTED}
    assert (relay.connections, relay.most_inside, len(relay.mails)) == (2, 2, 6)


async def test_a_connection_the_relay_gave_up_is_replaced():
    async with PretendRelay({"RSET": HANG_UP}).run() as relay, pool_for(relay.settings()) as pool:
        for _ in range(3):
            assert (await pool.send(outgoing(), str(ID))).status is Delivery.ACCEPTED
    assert (relay.connections, len(relay.mails)) == (3, 3)


@pytest.mark.parametrize(
    ("tls", "trusted", "offered", "sent"),
    [
        (Tls.IF_OFFERED, False, True, True),
        (Tls.IF_OFFERED, False, False, True),
        (Tls.STARTTLS, True, True, True),
        (Tls.STARTTLS, False, True, False),
        (Tls.STARTTLS, True, False, False),
        (Tls.IMPLICIT, True, True, True),
        (Tls.IMPLICIT, False, True, False),
        (Tls.NONE, False, True, True),
    ],
)
async def test_what_tls_demands(certificate, tls, trusted, offered, sent):
    relay = PretendRelay(extensions=("STARTTLS",) if offered else ())
    relay.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    relay.context.load_cert_chain(certificate)
    async with relay.run(implicit=tls is Tls.IMPLICIT):
        settings = relay.settings(tls=tls, ca_file=certificate if trusted else None)
        async with pool_for(settings) as pool:
            if sent:
                assert (await pool.send(outgoing(), str(ID))).status is Delivery.ACCEPTED
            else:
                with pytest.raises(Temporary):
                    await pool.send(outgoing(), str(ID))
    assert ("STARTTLS" in relay.heard) == (offered and tls in (Tls.STARTTLS, Tls.IF_OFFERED))


@pytest.mark.parametrize(("answer", "sent"), [("235 2.7.0 Ok", True), ("535 5.7.8 No", False)])
async def test_a_password_is_said_and_a_refusal_is_waited_out(monkeypatch, answer, sent):
    monkeypatch.setenv("RELAY_PASSWORD", "geheim")
    relay = PretendRelay({"AUTH": answer}, extensions=("AUTH PLAIN",))
    async with relay.run():
        login = {"user": "hub", "password_env": "RELAY_PASSWORD"}
        async with pool_for(relay.settings(**login)) as pool:
            if sent:
                assert (await pool.send(outgoing(), str(ID))).status is Delivery.ACCEPTED
            else:
                with pytest.raises(Temporary, match="does not let us in: 535"):
                    await pool.send(outgoing(), str(ID))
    assert "AUTH PLAIN AGh1YgBnZWhlaW0=" in relay.heard


def request(account: str = "post", files: int = 0, **content) -> MessageRequested:
    attachments = tuple(
        Attachment(file_name=f"Bescheid-{n}.pdf", media_type="application/pdf", size=3)
        for n in range(files)
    )
    return MessageRequested(
        id=ID,
        tenant="musterstadt",
        channel=Channel.EMAIL,
        account=account,
        conversation_id=UUID(int=1),
        requested_at=datetime.now(UTC),
        content=RequestedContent(
            recipient=ContactPoint(kind=ContactKind.EMAIL, value="erika@example.org"),
            text="Guten Tag",
            attachments=attachments,
            **content,
        ),
    )


async def test_a_request_leaves_under_its_accounts_name_by_its_accounts_relay():
    async with PretendRelay().run() as of_account, PretendRelay().run() as of_service:
        own = EmailAccount(address="post@musterstadt.example", relay=of_account.settings())
        accounts = Accounts(
            [
                Account("musterstadt", "post", "Stadt Musterstadt", own),
                Account(
                    "musterstadt", "bauamt", "Bauamt", EmailAccount(address="b@musterstadt.example")
                ),
            ]
        )
        sender = RelaySender(accounts, of_service.settings(), "hub.musterstadt.example")
        await sender.send(request(files=1), (b"x" * 200_000,))
        await sender.send(request("bauamt", subject="Bauantrag"), ())
        await sender.close()
    assert b'From: "Stadt Musterstadt" <post@musterstadt.example>' in of_account.mails[0]
    assert b'filename="Bescheid-0.pdf"' in of_account.mails[0]
    assert b'From: "Bauamt" <b@musterstadt.example>' in of_service.mails[0]
    assert f"MAIL FROM:<bounce+{ID}@musterstadt.example>" in of_service.heard
    assert await sender.look_up(request()) is None


@pytest.mark.parametrize(
    ("account", "says"),
    [("fremd", "account fremd of musterstadt is not configured"), ("post", "no relay; set")],
)
async def test_what_is_not_configured_is_said(accounts, account, says):
    sender = RelaySender(accounts, None, "hub.musterstadt.example")
    with pytest.raises(Permanent, match=says) as said:
        await sender.send(request(account), ())
    assert said.value.reason is Reason.NOT_CONFIGURED
