"""Turn the fields and files of a form into an event: pure, total, for `receive`.

Rule 1. The form's token and its content make the id: sent twice, it is one message.
Rule 2. The first message carries the reference that the citizen is told, and where answers may
        go. What comes later carries it as found: the sender is known, so it leads there.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from channel_web.parse.form import ASKED_FOR, HERE, Written
from channel_web.parse.uploads import Upload
from hub_contract.channels import CHANNELS, TEXTS
from hub_contract.contact_points import contact_point
from hub_contract.events import Arrival, MessageContent, MessageReceived
from hub_contract.ids import received_id
from hub_contract.problems import Problem, ProblemCode
from hub_contract.words import (
    Attachment,
    Automatic,
    Body,
    Channel,
    ContactKind,
    ContactPoint,
    Evidence,
    MessageKind,
)

__all__ = ["Context", "Inbox", "Sent", "parse", "parse_block"]

SUBJECT = 80  # letters of a chat's first line that stand for a subject


@dataclass(frozen=True, slots=True)
class Inbox:
    """An inbox of the portal; its id is the address that answers go to."""

    portal_id: UUID
    reference: str  # twelve bare digits


@dataclass(frozen=True, slots=True)
class Context:
    """What the form does not say itself."""

    tenant: str
    account: str
    inbox: Inbox
    received_at: datetime
    begins: bool = False  # the conversation, and the inbox with it
    language: str = "de"
    name: str = ""  # as she gave it before, for what she sends without


@dataclass(frozen=True, slots=True)
class Sent:
    """A form that is good; `token` is the one that its page was given."""

    token: str
    kind: MessageKind
    written: Written
    files: tuple[Upload, ...] = ()


def parse(sent: Sent, context: Context) -> Arrival:
    """Return what arrived. `original` is the form as JSON; the files are beside it, untouched."""
    original = _original(sent)
    digest = hashlib.sha256(original).hexdigest()
    event = MessageReceived(
        id=received_id(context.tenant, "web", context.account, sent.token, digest),
        tenant=context.tenant,
        channel=Channel.WEB,
        account=context.account,
        kind=sent.kind,
        received_at=context.received_at,
        size=len(original) + sum(len(file.data) for file in sent.files),
        content=_content(sent, context),
    )
    return Arrival(event, original, tuple(file.data for file in sent.files))


def parse_block(context: Context, until: datetime) -> Arrival:
    """Return what an agent reads in a conversation whose secret was wrong too often.

    A note, from a machine: it is shown to agents alone, answers nobody and opens nothing. `until`
    is in the zone of the authority, whose clock the agent reads.
    """
    moment = until.astimezone(UTC).isoformat()
    content = MessageContent(
        problems=(Problem(code=ProblemCode.ACCESS_BLOCKED, about=f"{until:%Y-%m-%d %H:%M}"),),
    )
    return _note(context, content, f"block {context.inbox.reference}", moment)


def parse_confirmed(context: Context, code: UUID, number: str) -> Arrival:
    """Return what the store must know once a number is confirmed: answers go there from now on.

    A note, from a machine, as above; `code` is the id of the code that confirmed it.
    """
    point = ContactPoint(kind=ContactKind.PHONE, value=number)
    content = MessageContent(
        reachable=(point,),
        answer_by=TEXTS,
        evidence=(_CODE,),
        problems=(Problem(code=ProblemCode.NUMBER_CONFIRMED, about=number),),
    )
    return _note(context, content, f"code {code}")


def _note(context: Context, content: MessageContent, *facts: str) -> Arrival:
    """Return what the machine notes of this inbox; `facts` make its id."""
    hers = {"sender": _point(context, ""), "references": (context.inbox.reference,)}
    return Arrival(
        MessageReceived(
            id=received_id(context.tenant, "web", context.account, *facts),
            tenant=context.tenant,
            channel=Channel.WEB,
            account=context.account,
            kind=MessageKind.NOTE,
            automatic=Automatic.GENERATED,
            received_at=context.received_at,
            content=content.model_copy(update=hers),
        )
    )


def _original(sent: Sent) -> bytes:
    written = sent.written
    fields = {
        "name": written.name,
        "subject": written.subject,
        "text": written.text,
        "answer": written.answer,
        "email": written.email,
        "files": [
            [file.sent_as or file.file_name, hashlib.sha256(file.data).hexdigest()]
            for file in sent.files
        ],
    }
    filled = {name: value for name, value in fields.items() if value}
    return json.dumps(filled, ensure_ascii=False, indent=1).encode()


def _content(sent: Sent, context: Context) -> MessageContent:
    inbox = context.inbox
    return MessageContent(
        sender=_point(context, sent.written.name or context.name),
        subject=_subject(sent.written, begins=context.begins),
        body=Body(text=sent.written.text),
        external_id=hashlib.sha256(sent.token.encode()).hexdigest(),  # the token itself opens more
        references=() if context.begins else (inbox.reference,),
        reference=inbox.reference if context.begins else "",
        reachable=_reachable(sent.written, context) if context.begins else (),
        language=context.language,
        attachments=tuple(
            Attachment(file_name=f.file_name, media_type=f.media_type, size=len(f.data))
            for f in sent.files
        ),
        evidence=() if context.begins else (_SESSION,),
        problems=tuple(
            Problem(code=ProblemCode.FILE_RENAMED, about=f"{f.sent_as} → {f.file_name}")
            for f in sent.files
            if f.sent_as
        ),
    )


# Whoever writes in the conversation has shown reference and secret before.
_SESSION = Evidence(
    kind="session",
    result="pass",
    by="channel_web",
    assurance=CHANNELS[Channel.WEB].assurance,
)


_CODE = Evidence(kind="one-time-code", result="pass", by="channel_web")


def _point(context: Context, name: str) -> ContactPoint:
    return ContactPoint(kind=ContactKind.PORTAL, value=str(context.inbox.portal_id), name=name)


def _reachable(written: Written, context: Context) -> tuple[ContactPoint, ...]:
    """Return where answers may go, the wished one first; the portal is always one of them."""
    portal = _point(context, written.name)
    if not written.email:
        return (portal,)
    named = contact_point(ASKED_FOR, written.email, name=written.name)
    return (portal, named) if written.answer == HERE else (named, portal)


def _subject(written: Written, *, begins: bool) -> str:
    if written.subject or not begins:
        return written.subject
    first = written.text.partition("\n")[0]
    return first if len(first) <= SUBJECT else first[: SUBJECT - 1].rpartition(" ")[0] + " …"
