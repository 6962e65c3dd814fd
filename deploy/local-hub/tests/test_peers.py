"""The pretend mail server behaves as real ones do: what it takes, refuses, bounces, answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default

import aiosmtplib
import httpx
import pytest
from aiosmtpd.smtp import SMTP

from hub_kit.find_port import free_port
from hub_kit.listen import Listen
from hub_kit.testing import eventually
from local_hub.peers.app import compose
from local_hub.peers.mail.compose import write_vacation
from local_hub.peers.settings import Mailbox, PeersSettings

ERIKA = "erika@buergerpost.example"
PETRA = "petra@buergerpost.example"
KARL = "karl@altpost.example"
OURS = "bounce+0a1b@musterstadt.example"


@dataclass
class Hub:
    """Our side of the street: a real SMTP listener that keeps what comes, or says `replies`."""

    got: list[tuple[str, str, EmailMessage]] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)  # said first, one a mail

    async def handle_DATA(self, _, __, envelope):  # noqa: N802
        if self.replies:
            return self.replies.pop(0)
        mail = message_from_bytes(envelope.content, policy=default)
        self.got.append((envelope.mail_from, envelope.rcpt_tos[0], mail))
        return "250 2.0.0 OK"

    async def wait(self, number=1):
        async def enough():
            return len(self.got) >= number

        await eventually(enough)
        return self.got[number - 1]


@dataclass
class World:
    hub: Hub
    http: httpx.AsyncClient
    smtp: Listen

    async def deliver(self, to, *, sender=OURS, mail_options=(), rcpt_options=(), headers=None):
        """Send a mail into the pretend world; return the code it got."""
        mail = EmailMessage()
        mail["From"] = "Stadt Musterstadt <post@musterstadt.example>"
        mail["Reply-To"] = "reply+token@musterstadt.example"
        mail["Subject"] = "Ihre Hundesteuer: Rückfrage"
        mail["Message-ID"] = "<0a1b@musterstadt.example>"
        for name, value in (headers or {}).items():
            mail[name] = value
        mail.set_content("Bitte senden Sie uns den Bescheid.\n")
        async with aiosmtplib.SMTP(hostname=self.smtp.host, port=self.smtp.port) as client:
            try:
                await client.sendmail(
                    sender, [to], mail.as_bytes(), mail_options=mail_options,
                    rcpt_options=rcpt_options,
                )  # fmt: skip
            except aiosmtplib.SMTPRecipientsRefused as error:
                return error.recipients[0].code, error.recipients[0].message[:5]
        return 250, ""

    async def mails(self, address):
        return (await self.http.get(f"/mailboxes/{address}")).raise_for_status().json()


@pytest.fixture
async def world(tmp_path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


@asynccontextmanager
async def open_world(folder, size_limit=1_000_000) -> AsyncIterator[World]:
    hub = Hub()
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(lambda: SMTP(hub, loop=loop), "127.0.0.1", 0)
    settings = PeersSettings(
        http="127.0.0.1:1",
        smtp=f"127.0.0.1:{free_port()}",
        identity=f"127.0.0.1:{free_port()}",
        hub=f"127.0.0.1:{listener.sockets[0].getsockname()[1]}",
        folder=folder,
        size_limit=size_limit,
        mailboxes={
            ERIKA: Mailbox(name="Erika Mustermann"),
            PETRA: Mailbox(name="Petra Urlaub", vacation="Ich bin im Urlaub."),
            KARL: Mailbox(name="Karl Verzogen", closed=True),
        },
    )
    app = compose(settings)
    async with (
        listener,
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://peers") as http,
    ):

        async def ready():
            return (await http.get("/readyz")).status_code == 200

        await eventually(ready)
        yield World(hub, http, settings.smtp)


@pytest.mark.parametrize(
    ("to", "answer"),
    [
        (ERIKA, (250, "")),
        (ERIKA.upper(), (250, "")),
        (KARL, (250, "")),
        ("niemand@buergerpost.example", (550, "5.1.1")),
        ("erika@nirgends.example", (550, "5.1.2")),
    ],
)
async def test_who_is_taken(world, to, answer):
    assert await world.deliver(to) == answer


async def test_a_mail_lies_in_its_mailbox(world):
    await world.deliver(ERIKA)
    (mail,) = await world.mails(ERIKA)
    expected = {
        "subject": "Ihre Hundesteuer: Rückfrage",
        "reply_to": "reply+token@musterstadt.example",
        "message_id": "<0a1b@musterstadt.example>",
        "text": "Bitte senden Sie uns den Bescheid.",
        "automatic": "no",
    }
    assert expected.items() <= mail.items()
    raw = (await world.http.get(f"/mailboxes/{ERIKA}/{mail['id']}")).content
    assert f"Return-Path: <{OURS}>".encode() in raw


async def test_an_oversized_mail_is_refused(tmp_path):
    async with open_world(tmp_path, size_limit=500) as world:
        with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
            await world.deliver(ERIKA, headers={"X-Long": "x" * 600})
    assert refused.value.code == 552


ASKED = {
    "mail_options": ("RET=HDRS", "ENVID=AbC-0a1b"),
    "rcpt_options": ("NOTIFY=SUCCESS,FAILURE", f"ORCPT=rfc822;{KARL}"),
}


@pytest.mark.parametrize(
    ("to", "asked", "action", "status"),
    [
        (KARL, {}, "failed", "5.1.1"),
        (KARL, ASKED, "failed", "5.1.1"),
        (ERIKA, ASKED, "delivered", "2.0.0"),
    ],
)
async def test_reports(world, to, asked, action, status):
    await world.deliver(to, **asked)
    sender, recipient, report = await world.hub.wait()
    assert (sender, recipient) == ("<>", OURS)
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "delivery-status"
    whole, one = report.get_payload(1).get_payload()
    assert (one["Action"], one["Status"]) == (action, status)
    assert one["Final-Recipient"] == f"rfc822; {to}"
    assert whole["Original-Envelope-Id"] == ("AbC-0a1b" if asked else None)
    assert one["Original-Recipient"] == (f"rfc822;{KARL}" if asked else None)
    assert "<0a1b@musterstadt.example>" in report.get_payload(2).as_string()


async def test_no_report_where_none_is_wanted(world):
    await world.deliver(KARL, rcpt_options=("NOTIFY=NEVER",))
    await world.deliver(KARL, sender="")
    await world.deliver(ERIKA)
    await world.deliver(KARL)
    await world.hub.wait()
    assert len(world.hub.got) == 1  # only the last one's


@pytest.mark.parametrize(
    ("headers", "sender", "answered"),
    [
        ({}, OURS, True),
        ({"Auto-Submitted": "no"}, OURS, True),
        ({"Auto-Submitted": "auto-generated"}, OURS, False),
        ({"Precedence": "bulk"}, OURS, False),
        ({"List-Id": "<news.musterstadt.example>"}, OURS, False),
        ({}, "", False),
    ],
)
def test_whom_a_vacation_answers(headers, sender, answered):
    lines = {"Message-ID": "<0a1b@musterstadt.example>"} | headers
    raw = "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode() + b"\r\nHallo"
    petra = Address("Petra Urlaub", addr_spec=PETRA)
    letter = write_vacation(petra, "Ich bin im Urlaub.", raw, sender, datetime.now(UTC))
    assert (letter is not None) == answered


async def test_a_vacation_answer_arrives(world):
    await world.deliver(PETRA)
    sender, to, answer = await world.hub.wait()
    assert (sender, to, answer["Auto-Submitted"]) == ("<>", OURS, "auto-replied")
    assert answer["In-Reply-To"] == "<0a1b@musterstadt.example>"
    assert answer.get_content().strip() == "Ich bin im Urlaub."


async def test_a_citizen_answers(world):
    await world.deliver(ERIKA)
    (mail,) = await world.mails(ERIKA)
    answer = {"text": "Anbei der Bescheid.", "answers": mail["id"]}
    said = await world.http.post(f"/mailboxes/{ERIKA}/send", json=answer)
    assert said.json()["code"] == 250
    sender, to, got = await world.hub.wait()
    assert (sender, to) == (ERIKA, "reply+token@musterstadt.example")
    assert got["In-Reply-To"] == "<0a1b@musterstadt.example>"
    assert got["Subject"] == "AW: Ihre Hundesteuer: Rückfrage"
    lines = got.get_content().splitlines()
    assert (lines[0], lines[1], lines[2][:3]) == ("Anbei der Bescheid.", "", "Am ")
    assert lines[3] == "> Bitte senden Sie uns den Bescheid."


async def test_a_citizen_writes_with_a_file(world):
    mail = {
        "to": "post@musterstadt.example",
        "subject": "Anmeldung für Bello",
        "text": "Grüße",
        "attachments": [
            {"file_name": "Impfpaß.pdf", "media_type": "application/pdf", "base64": "JVBERg=="}
        ],
    }
    await world.http.post(f"/mailboxes/{ERIKA}/send", json=mail)
    _, _, got = await world.hub.wait()
    (file,) = got.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("Impfpaß.pdf", b"%PDF")


async def test_what_the_hub_refuses_comes_back(world):
    world.hub.replies.append("550 5.1.1 No such address here")
    mail = {"to": "weg@musterstadt.example", "subject": "Frage", "text": "…"}
    said = await world.http.post(f"/mailboxes/{ERIKA}/send", json=mail)
    assert said.json()["code"] == 550
    (back,) = await world.mails(ERIKA)
    assert back["subject"] == "Undelivered Mail Returned to Sender"


async def test_what_the_hub_puts_off_is_tried_again(world):
    world.hub.replies += ["451 4.3.0 Try again later"]
    mail = {"to": "post@musterstadt.example", "subject": "Frage", "text": "…"}
    said = await world.http.post(f"/mailboxes/{ERIKA}/send", json=mail)
    assert said.json()["code"] == 451
    _, _, got = await world.hub.wait()
    assert got["Subject"] == "Frage"


async def test_nobody_writes_from_a_mailbox_that_is_not_there(world):
    raw = {"to": "post@musterstadt.example", "subject": "x", "text": "y"}
    answers = [
        await world.http.get("/mailboxes/niemand@buergerpost.example"),
        await world.http.post("/mailboxes/niemand@buergerpost.example/send", json=raw),
        await world.http.get(f"/mailboxes/{ERIKA}/nothing"),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]


async def test_raw_bytes_go_as_they_are(world):
    raw = b"Subject: =?gb2312?B?broken\r\n\r\n\xff\xfe\r\n"
    answer = await world.http.post(
        f"/mailboxes/{ERIKA}/send-raw", params={"to": "post@musterstadt.example"}, content=raw
    )
    assert answer.json()["code"] == 250
    _, _, got = await world.hub.wait()
    assert got.get_payload(decode=True).startswith(b"\xff\xfe")
