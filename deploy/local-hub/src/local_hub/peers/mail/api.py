"""Lets demo, tests and the citizen's table look into mailboxes and write as a citizen, by HTTP."""

import asyncio
import base64
from datetime import UTC, datetime
from email.headerregistry import Address

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel

from local_hub.peers.mail.compose import File, Letter, Words, write_answer, write_mail
from local_hub.peers.mail.mailboxes import Mail, Mailboxes
from local_hub.peers.mail.post import Post, Reply
from local_hub.peers.mail.receive import HOST
from local_hub.peers.mail.report import About, refused, write_report
from local_hub.peers.settings import Mailbox, PeersSettings


class FileIn(BaseModel):
    file_name: str
    media_type: str = "application/octet-stream"
    base64: str


class MailIn(BaseModel):
    """A citizen's mail: new with `to` and `subject`, or an answer to a mail of the mailbox."""

    to: str = ""
    subject: str = ""
    text: str
    answers: str = ""  # the id of the mail it answers; then `to` and `subject` come from that
    attachments: list[FileIn] = []


class Sent(BaseModel):
    code: int  # what the hub said; 4xx is tried again, 5xx comes back as a bounce
    text: str


def make_router(settings: PeersSettings, mailboxes: Mailboxes, post: Post) -> APIRouter:
    citizens = Citizens(settings, mailboxes, post)
    router = APIRouter(prefix="/mailboxes")
    router.add_api_route("", citizens.names)
    router.add_api_route("/{address}", citizens.mails)
    router.add_api_route("/{address}/{mail}", citizens.original)
    router.add_api_route("/{address}/send", citizens.send, methods=["POST"])
    router.add_api_route("/{address}/send-raw", citizens.send_raw, methods=["POST"])
    return router


class Citizens:
    """What can be seen and done in the citizens' mailboxes."""

    def __init__(self, settings: PeersSettings, mailboxes: Mailboxes, post: Post) -> None:
        self._settings, self._mailboxes, self._post = settings, mailboxes, post

    async def names(self) -> dict[str, str]:
        return {address: owner.name for address, owner in self._settings.mailboxes.items()}

    async def mails(self, address: str) -> list[Mail]:
        self._owner_of(address)
        return await asyncio.to_thread(self._mailboxes.listing, address)

    async def original(self, address: str, mail: str) -> Response:
        self._owner_of(address)
        if raw := await asyncio.to_thread(self._mailboxes.raw, address, mail):
            return Response(raw, media_type="message/rfc822")
        raise HTTPException(404, "No such mail in this mailbox")

    async def send(self, address: str, mail: MailIn) -> Sent:
        me = Address(self._owner_of(address).name, addr_spec=address)
        return await self._carry(await self._compose(me, mail))

    async def send_raw(self, address: str, to: str, request: Request) -> Sent:
        """Send bytes as they are: for mails that no program of ours would write."""
        self._owner_of(address)
        return await self._carry(Letter(address, to, await request.body()))

    def _owner_of(self, address: str) -> Mailbox:
        if owner := self._settings.mailboxes.get(address.lower()):
            return owner
        raise HTTPException(404, "No such mailbox; services.peers.mailboxes lists them")

    async def _compose(self, me: Address, mail: MailIn) -> Letter:
        now = datetime.now(UTC)
        if not mail.answers:
            words = Words(mail.to, mail.subject, mail.text)
            return write_mail(me, words, now, _files(mail))
        answered = await asyncio.to_thread(self._mailboxes.find, me.addr_spec, mail.answers)
        if answered is None:
            raise HTTPException(404, "No such mail to answer in this mailbox")
        return write_answer(me, answered, mail.text, now)

    async def _carry(self, letter: Letter) -> Sent:
        reply = await self._post.try_once(letter)
        if reply.later:
            self._post.leave(letter)
        elif reply.code >= 500:
            await asyncio.to_thread(self._bring_back, letter, reply)
        return Sent(code=reply.code, text=reply.text)

    def _bring_back(self, letter: Letter, reply: Reply) -> None:
        about = About(letter.sender, letter.recipient, letter.raw)
        report = write_report(about, refused(reply.code, reply.text), HOST, datetime.now(UTC))
        self._mailboxes.keep(letter.sender, report)


def _files(mail: MailIn) -> list[File]:
    return [
        File(one.file_name, one.media_type, base64.b64decode(one.base64))
        for one in mail.attachments
    ]
