"""The pretend mail server's ear: takes what a relay takes, refuses and bounces what one would."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address

from aiosmtpd.smtp import SMTP, Envelope, Session

from local_hub.peers.mail.compose import Letter, write_vacation
from local_hub.peers.mail.mailboxes import Mailboxes
from local_hub.peers.mail.post import Post
from local_hub.peers.mail.report import DELIVERED, UNKNOWN, About, Outcome, write_report
from local_hub.peers.settings import PeersSettings

HOST = "mx.draussen.example"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the sender asks to be told of one recipient (RFC 3461)."""

    notify: frozenset[str] = frozenset()  # SUCCESS, FAILURE, DELAY, NEVER; empty: as usual
    original_recipient: str = ""


class Server(SMTP):
    """aiosmtpd does not know the DSN extension: its parameters are taken off beforehand."""

    envelope_id = ""
    wishes: dict[str, Wish]

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - the library's name
        kept, taken = _take_off(arg or "", ("RET", "ENVID"))
        self.envelope_id, self.wishes = taken.get("ENVID", ""), {}
        await super().smtp_MAIL(kept)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        kept, taken = _take_off(arg or "", ("NOTIFY", "ORCPT"))
        await super().smtp_RCPT(kept)
        if self.envelope and self.envelope.rcpt_tos:
            notify = frozenset(taken.get("NOTIFY", "").upper().split(",")) - {""}
            self.wishes[self.envelope.rcpt_tos[-1]] = Wish(notify, taken.get("ORCPT", ""))


def _take_off(arg: str, names: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """Return the command's argument without these parameters, and the parameters."""
    kept, taken = [], {}
    for word in arg.split(" "):
        name, _, value = word.partition("=")
        if name.upper() in names:
            taken[name.upper()] = value
        else:
            kept.append(word)
    return " ".join(kept), taken


class Handler:
    """Decides per recipient: a mailbox, a bounce afterwards, or 550 at once."""

    def __init__(self, settings: PeersSettings, mailboxes: Mailboxes, post: Post) -> None:
        self._settings, self._mailboxes, self._post = settings, mailboxes, post
        self._domains = {address.rpartition("@")[2] for address in settings.mailboxes}

    async def handle_EHLO(  # noqa: N802
        self, _: Server, session: Session, __: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-DSN", responses[-1]]

    async def handle_RCPT(  # noqa: N802
        self, _: Server, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        if address.rpartition("@")[2].lower() not in self._domains:
            return "550 5.1.2 Domain not found"
        if address.lower() not in self._settings.mailboxes:
            return "550 5.1.1 User unknown in virtual mailbox table"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Server, _: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = envelope.original_content or b""
        sender = (envelope.mail_from or "").removeprefix("<>")  # how aiosmtpd writes an empty one
        for recipient in envelope.rcpt_tos:
            wish = server.wishes.get(recipient, Wish())
            about = About(
                sender,
                recipient,
                raw,
                server.envelope_id,
                wish.original_recipient,
            )
            await self._deliver(about, wish)
        return "250 2.0.0 OK: delivered"

    async def _deliver(self, about: About, wish: Wish) -> None:
        owner = self._settings.mailboxes[about.recipient.lower()]
        if owner.closed:
            if "NEVER" not in wish.notify:
                self._report(about, UNKNOWN)
            return
        trace = f"Return-Path: <{about.sender}>\r\nDelivered-To: {about.recipient}\r\n".encode()
        await asyncio.to_thread(self._mailboxes.keep, about.recipient, trace + about.raw)
        if "SUCCESS" in wish.notify:
            self._report(about, DELIVERED)
        if owner.vacation:
            me = Address(owner.name, addr_spec=about.recipient)
            answer = write_vacation(me, owner.vacation, about.raw, about.sender, datetime.now(UTC))
            if answer:
                self._post.leave(answer)

    def _report(self, about: About, outcome: Outcome) -> None:
        if about.sender:  # a report about a report would run for ever
            raw = write_report(about, outcome, HOST, datetime.now(UTC))
            self._post.leave(Letter("", about.sender, raw))


async def listen(settings: PeersSettings, handler: Handler) -> None:
    """Serve SMTP until cancelled."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Server(handler, hostname=HOST, data_size_limit=settings.size_limit, loop=loop),
        settings.smtp.host,
        settings.smtp.port,
    )
    async with server:
        await server.serve_forever()
