"""A real Postfix in front of our LMTP listener, and as the relay behind our sender."""

import asyncio
import smtplib
import tempfile
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from channel_email.receive.deliver import Deliver
from channel_email.receive.listen import Listener
from channel_email.send import RelaySender
from channel_email.settings import EmailSettings, Listen, RelayHost
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Temporary
from hub_contract.events import MessageRequested, RequestedContent
from hub_contract.words import Channel, ContactKind, ContactPoint
from hub_kit.find_port import free_port
from hub_kit.testing import eventually
from local_hub.debian_mail import start_postfix

pytestmark = pytest.mark.real("postfix")
LIMIT = 100_000
POST = "post@musterstadt.example"
LMTP = free_port()


@pytest.fixture(scope="module")
def postfix():
    """The authority's mail server: ours by LMTP, all else is taken, and some sent back later."""
    settings = {
        "virtual_mailbox_domains": "musterstadt.example",
        "virtual_mailbox_maps": "static:all",
        "virtual_transport": f"lmtp:inet:127.0.0.1:{LMTP}",
        "transport_maps": f"inline:{{ {{closed.example=lmtp:inet:127.0.0.1:{LMTP}}} }}",
        "default_transport": "discard",
        "minimal_backoff_time": "1s",
        "maximal_backoff_time": "1s",
        "queue_run_delay": "1s",
    }
    with (
        tempfile.TemporaryDirectory(prefix="faden-") as folder,
        start_postfix(Path(folder), settings=settings) as server,
    ):
        yield server


@asynccontextmanager
async def listening(accounts, accept):
    settings = EmailSettings(size_limit=LIMIT, hostname="hub.musterstadt.example")
    listener = Listener("lmtp", Listen("127.0.0.1", LMTP), Deliver(accounts, accept), settings)
    listener.open()
    task = asyncio.create_task(listener.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def mail(number: int, text: str = "Guten Tag") -> bytes:
    return (
        f"From: erika@example.org\r\nTo: {POST}\r\nSubject: Mail {number}\r\n"
        f"Message-ID: <{number}@example.org>\r\n\r\n{text}\r\n"
    ).encode()


async def post(postfix, *mails: bytes, to: str = POST) -> None:
    def send() -> None:
        with smtplib.SMTP("127.0.0.1", postfix.port) as session:
            for one in mails:
                session.sendmail("erika@example.org", [to], one)

    await asyncio.to_thread(send)


async def emptied(postfix) -> None:
    async def empty() -> bool:
        return postfix.queued() == 0

    await eventually(empty)


async def logged(postfix, *words: str) -> None:
    async def found() -> bool:
        lines = postfix.log.read_text().splitlines()
        return any(all(word in line for word in words) for line in lines)

    await eventually(found)


async def test_what_postfix_hands_over_is_kept_once(hub, accounts, postfix):
    async with listening(accounts, hub.ground.accept):
        await post(postfix, *(mail(number) for number in range(50)))
        await emptied(postfix)
    subjects = sorted(event.content.subject for event in await hub.kept())
    assert subjects == sorted(f"Mail {number}" for number in range(50))


async def test_what_we_cannot_keep_waits_in_its_queue(hub, accounts, postfix):
    away = True

    async def accept(arrival):
        if away:
            raise Temporary("database away")
        return await hub.ground.accept(arrival)

    async with listening(accounts, accept):
        await post(postfix, mail(101), mail(102))
        await logged(postfix, "status=deferred", "451 4.3.0")
        assert await hub.count() == 0
        away = False
        postfix.flush()
        await emptied(postfix)
    assert await hub.count() == 2


async def test_a_listener_that_is_not_there_is_waited_for(hub, accounts, postfix):
    await post(postfix, mail(201))
    await logged(postfix, "status=deferred", "Connection refused")
    async with listening(accounts, hub.ground.accept):
        postfix.flush()
        await emptied(postfix)
    assert await hub.count() == 1


@pytest.mark.parametrize(
    "case",
    [
        (POST, "x" * 70 + "\r\n" + "y" * LIMIT, f"size limit {LIMIT} of server"),
        ("niemand@musterstadt.example", "Guten Tag", "550 5.1.1 No such address here"),
    ],
    ids=["too large", "unknown"],
)
async def test_what_we_refuse_goes_back_to_its_sender(hub, accounts, postfix, case):
    to, text, said = case
    async with listening(accounts, hub.ground.accept):
        lines = text.replace("y" * LIMIT, ("y" * 70 + "\r\n") * (LIMIT // 72))
        await post(postfix, mail(301, lines), to=to)
        await logged(postfix, f"to=<{to}>", "status=bounced", said)
    assert await hub.count() == 0


@pytest.mark.parametrize(
    "case",
    [
        (1, "erika@open.example", Delivery.DELIVERED, Reason.NONE),
        (2, "karl@closed.example", Delivery.FAILED, Reason.ADDRESS_UNKNOWN),
    ],
)
async def test_what_becomes_of_our_mails_comes_back_as_a_report(hub, accounts, postfix, case):
    number, to, status, reason = case
    request = MessageRequested(
        id=UUID(int=number),
        tenant="musterstadt",
        channel=Channel.EMAIL,
        account="post",
        conversation_id=UUID(int=1),
        requested_at=datetime.now(UTC),
        content=RequestedContent(
            recipient=ContactPoint(kind=ContactKind.EMAIL, value=to), text="Guten Tag"
        ),
    )
    relay = RelayHost(host="127.0.0.1", port=postfix.port)
    sender = RelaySender(accounts, relay, "hub.musterstadt.example")
    async with listening(accounts, hub.ground.accept):
        accepted = await sender.send(request, ())
        assert accepted.status is Delivery.ACCEPTED
        await sender.close()
        await eventually(hub.count)
    [report] = await hub.kept()
    assert report.type == "delivery.reported"
    assert (report.message_id, report.status, report.reason) == (request.id, status, reason)
