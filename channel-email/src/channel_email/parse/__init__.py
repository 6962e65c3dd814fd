"""Turn the bytes of a mail into an event: pure, total, for `receive` and for `faden parse`.

Rule 1. Never raise. What cannot be read is still an arrival, with its original and the reason.
Rule 2. Nothing is lost. Every leaf of the mail is in the text, in the HTML or among the files.
Rule 3. A bounce about a mail of ours is a delivery report; any other bounce is a message.
"""

from channel_email.parse.addresses import ascii_domain, read_address, read_addresses
from channel_email.parse.attachments import describe
from channel_email.parse.authenticity import read_authenticity
from channel_email.parse.automatic import find_loop, is_automatic
from channel_email.parse.bounce import Report, read_report
from channel_email.parse.context import Context
from channel_email.parse.dates import read_date
from channel_email.parse.gather import Gathered, gather
from channel_email.parse.headers import Headers
from channel_email.parse.identify import content_hash, message_id_of, read_ids
from channel_email.parse.mark import marked_text
from channel_email.parse.mime import Part, read_tree
from channel_email.parse.ours import find_bounced, find_token
from channel_email.parse.reply import MARKS, split_reply
from channel_email.parse.words import decode_words
from hub_contract.events import (
    Arrival,
    DeliveryContent,
    DeliveryReported,
    MessageContent,
    MessageReceived,
)
from hub_contract.ids import received_id, reported_id
from hub_contract.references import find_references
from hub_contract.words import (
    Body,
    Channel,
    ContactPoint,
    Recipient,
    RecipientRole,
)

__all__ = ["Context", "parse"]


def parse(raw: bytes, context: Context) -> Arrival:
    """Return what arrived. Never raises, whatever the bytes are."""
    return read(raw, context)


def read(raw: bytes, context: Context) -> Arrival:
    root = read_tree(raw)
    seen = gather(root)
    report = read_report(root, seen, context)
    if report:
        return _reported(raw, root, report, context)
    return _received(raw, root, seen, context)


def _reported(raw: bytes, root: Part, report: Report, context: Context) -> Arrival:
    content = DeliveryContent(
        recipient=report.recipient,
        external_id=message_id_of(root),
        diagnostic=report.diagnostic,
    )
    event = DeliveryReported(
        id=reported_id(report.message_id, report.status, "email", report.code),
        tenant=context.tenant,
        channel=Channel.EMAIL,
        account=context.account,
        message_id=report.message_id,
        status=report.status,
        reason=report.reason,
        code=report.code,
        at=read_date(root.headers.text(b"date"), context.received_at) or context.received_at,
        content=content,
    )
    return Arrival(event, raw)


def _received(raw: bytes, root: Part, seen: Gathered, context: Context) -> Arrival:
    headers = root.headers
    subject = decode_words(headers.text(b"subject"))
    sender = _sender(headers, context)
    html = seen.html()
    body = _split(seen, html)
    external_id = message_id_of(root)
    content = MessageContent(
        sender=sender,
        recipients=_recipients(headers, context),
        subject=subject,
        body=body,
        external_id=external_id,
        answers=_answers(headers, context),
        reply_token=find_token(headers, context),
        references=find_references(f"{subject}\n{body.text}\n{body.signature}"),
        attachments=describe(seen.files, html),
        evidence=(*read_authenticity(headers, context), *find_loop(headers, context)),
        problems=tuple(seen.problems),
    )
    event = MessageReceived(
        id=received_id(context.tenant, "email", context.account, external_id, content_hash(root)),
        tenant=context.tenant,
        channel=Channel.EMAIL,
        account=context.account,
        happened_at=read_date(headers.text(b"date"), context.received_at),
        received_at=context.received_at,
        automatic=is_automatic(headers, subject, sender.value if sender else "", context),
        size=len(raw),
        content=content,
    )
    return Arrival(event, raw, tuple(file.content for file in seen.files))


def _split(seen: Gathered, html: str) -> Body:
    markup = seen.only_html()
    text = marked_text(markup) if markup else MARKS.sub("", seen.plain())
    return split_reply(text, html)


def _sender(headers: Headers, context: Context) -> ContactPoint | None:
    for name in (b"from", b"sender"):
        if found := read_addresses(headers.texts(name)):
            return found[0]
    return read_address(context.envelope_from) or read_address(headers.text(b"return-path"))


def _recipients(headers: Headers, context: Context) -> tuple[Recipient, ...]:
    to = [Recipient(role=RecipientRole.TO, point=p) for p in read_addresses(headers.texts(b"to"))]
    cc = [Recipient(role=RecipientRole.CC, point=p) for p in read_addresses(headers.texts(b"cc"))]
    envelope = [
        Recipient(role=RecipientRole.ENVELOPE, point=p) for p in read_addresses(context.envelope_to)
    ]
    return (*to, *cc, *envelope)


def _answers(headers: Headers, context: Context) -> tuple[str, ...]:
    """Return the ids this answers, nearest first; what came back to a bounce address names one."""
    nearest = [i for value in headers.texts(b"in-reply-to") for i in read_ids(value)]
    thread = [i for value in headers.texts(b"references") for i in read_ids(value)]
    bounced = find_bounced(headers, context)
    returned = [f"{bounced}@{ascii_domain(context.domain)}"] if bounced else []
    return tuple(dict.fromkeys([*nearest, *reversed(thread), *returned]))[:100]
