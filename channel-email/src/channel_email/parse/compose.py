"""Compose the event of a mail from what the readers found, for `parse`."""

from collections.abc import Sequence
from datetime import datetime

from channel_email.parse.addresses import read_address, read_addresses
from channel_email.parse.attachments import describe
from channel_email.parse.authenticity import read_authenticity
from channel_email.parse.automatic import asks_for_silence, find_loop, is_automatic
from channel_email.parse.bounce import Report
from channel_email.parse.context import Context
from channel_email.parse.dates import read_date
from channel_email.parse.forms import is_filled_in
from channel_email.parse.gathered import Gathered, Words
from channel_email.parse.headers import Headers
from channel_email.parse.identify import content_hash, message_id_of, read_ids
from channel_email.parse.mark import marked_text
from channel_email.parse.mime import Part
from channel_email.parse.ours import find_bounced, find_token
from channel_email.parse.pictures import carry_over, number_pictures
from channel_email.parse.reply import is_reply_subject, split_reply, unmark
from channel_email.parse.shared import find_reply_to, find_submitter, is_shared
from channel_email.parse.words import decode_words
from hub_contract.contact_points import compared
from hub_contract.email_address import normal_domain
from hub_contract.events import (
    Arrival,
    DeliveryContent,
    DeliveryReported,
    MessageContent,
    MessageReceived,
)
from hub_contract.ids import received_id, reported_id
from hub_contract.problems import Problem, ProblemCode
from hub_contract.references import find_references
from hub_contract.words import (
    Attachment,
    Automatic,
    Body,
    Channel,
    ContactKind,
    ContactPoint,
    Evidence,
    Recipient,
    RecipientRole,
)

_LONGEST_SUBJECT = 2000
_MOST_ANSWERS = 100


def reported(raw: bytes, root: Part, report: Report, context: Context) -> Arrival:
    """Return the arrival of a delivery report."""
    content = DeliveryContent(
        recipient=report.recipient,
        external_id=message_id_of(root),
        diagnostic=report.diagnostic,
        evidence=report.evidence,
    )
    event = DeliveryReported(
        # By mailbox and by SMTP, once or each day anew: the same word is said once.
        id=reported_id(
            context.tenant, "email", context.account, report.message_id, report.status, report.code
        ),
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


def received(raw: bytes, root: Part, seen: Gathered, context: Context, *, bounce: bool) -> Arrival:
    """Return the arrival of a message."""
    headers = root.headers
    happened_at = read_date(headers.text(b"date"), context.received_at)
    content = _content(root, seen, context)
    readable = bool(headers.fields) or bool(content.body.text.strip())
    problems = [*_unreadable(raw, readable=readable), *_date_problem(headers, happened_at)]
    event = MessageReceived(
        id=received_id(
            context.tenant, "email", context.account, content.external_id, content_hash(root)
        ),
        tenant=context.tenant,
        channel=Channel.EMAIL,
        account=context.account,
        happened_at=happened_at,
        received_at=context.received_at,
        automatic=Automatic.BOUNCE if bounce else is_automatic(root, content.subject, context),
        no_automatic_answer=asks_for_silence(headers, context),
        readable=readable,
        size=len(raw),
        content=content.model_copy(update={"problems": (*problems, *content.problems)})
        if problems
        else content,
    )
    return Arrival(event, raw, tuple(file.content for file in seen.files))


def _content(root: Part, seen: Gathered, context: Context) -> MessageContent:
    headers = root.headers
    subject = headers.words(b"subject")[:_LONGEST_SUBJECT]
    sender, sender_problems = _sender(headers, context)
    html = seen.html()
    files = describe(seen.files, html)
    answers = _answers(headers, context)
    token = find_token(headers, context)
    wants = _reply_to(headers, sender)
    body = split_reply(
        _text(seen, files),
        html,
        is_reply=bool(answers or token) or is_reply_subject(subject),
        authors=[*([sender.value.lower()] if sender else []), *(w.result.lower() for w in wants)],
    )
    if seen.appointments:
        body = body.model_copy(update={"text": _with_appointments(seen, body)})
    loop = find_loop(headers, context)
    recipients = _recipients(headers, context)
    return MessageContent(
        sender=sender,
        recipients=recipients,
        subject=subject,
        body=body,
        external_id=message_id_of(root),
        answers=answers,
        reply_token=token,
        references=_references(subject, body.text, body.signature),
        attachments=files,
        evidence=(
            *read_authenticity(root.raw[: root.start], headers, sender, context),
            *seen.evidence,
            *wants,
            *_submitter(headers, sender),
            *dict.fromkeys(proof for one in seen.appointments for proof in one.evidence),
            *loop,
        ),
        problems=(*sender_problems, *_loop_problem(loop), *seen.problems),
        reply_to=find_reply_to(headers, sender, [r.point for r in recipients], context),
        shared=is_shared(headers, sender, subject, context)
        or bool(sender and not (answers or token) and is_filled_in(body, sender)),
    )


def _references(*texts: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found for text in texts for found in find_references(text)))


def _text(seen: Gathered, files: Sequence[Attachment]) -> str:
    texts = (_marked(words).strip("\n") for words in seen.words)
    return number_pictures("\n\n".join(filter(str.strip, texts)), files)


def _marked(words: Words) -> str:
    """Return a stretch as text; what its HTML declares to be quotation or signature is marked."""
    if not words.plain.strip():
        return marked_text(words.html)
    return unmark(carry_over(words.plain, words.html) if "cid:" in words.html else words.plain)


def _with_appointments(seen: Gathered, body: Body) -> str:
    """Return the appointments, and below them what else was written; a mail without says more."""
    alone = not body.text.strip()
    texts = [
        f"{one.text}\n\n{one.description}" if alone and one.description else one.text
        for one in seen.appointments
    ]
    return "\n\n".join(filter(None, [*texts, body.text]))


def _unreadable(raw: bytes, *, readable: bool) -> tuple[Problem, ...]:
    if readable:
        return ()
    return (Problem(code=ProblemCode.NOT_A_MAIL if raw.strip() else ProblemCode.EMPTY),)


def _sender(headers: Headers, context: Context) -> tuple[ContactPoint | None, tuple[Problem, ...]]:
    """Return who claims to have written, and what is wrong with the claim."""
    if found := headers.people(b"from"):
        if len(found) > 1:
            return found[0], (Problem(code=ProblemCode.SEVERAL_SENDERS),)
        return found[0], ()
    point = (
        next(iter(headers.people(b"sender")), None)
        or read_address(context.envelope_from)
        or read_address(headers.text(b"return-path"))
    )
    name = _name_alone(headers)
    if point:
        point = point if point.name else point.model_copy(update={"name": name})
        return point, (Problem(code=ProblemCode.SENDER_UNREADABLE),)
    # A name is shown; a contact point without a value is nobody's (`hub_contract.contact_points`).
    nobody = ContactPoint(kind=ContactKind.EMAIL, value="", name=name, as_written=True)
    return nobody if name else None, (Problem(code=ProblemCode.NO_SENDER),)


def _name_alone(headers: Headers) -> str:
    """Return the name in a From that has no address."""
    written = (decode_words(text).strip(" \t<>()\"'") for text in headers.texts(b"from"))
    return next(filter(None, written), "")[:200]


def _date_problem(headers: Headers, happened_at: datetime | None) -> tuple[Problem, ...]:
    if happened_at or not headers.text(b"date"):
        return ()
    return (Problem(code=ProblemCode.DATE_IMPOSSIBLE),)


def _loop_problem(loop: tuple[Evidence, ...]) -> tuple[Problem, ...]:
    return (Problem(code=ProblemCode.LOOP),) if loop else ()


def _recipients(headers: Headers, context: Context) -> tuple[Recipient, ...]:
    named = [
        (RecipientRole.TO, headers.people(b"to")),
        (RecipientRole.CC, headers.people(b"cc")),
        (RecipientRole.ENVELOPE, read_addresses(context.envelope_to)),
    ]
    return tuple(Recipient(role=role, point=point) for role, points in named for point in points)


def _reply_to(headers: Headers, sender: ContactPoint | None) -> tuple[Evidence, ...]:
    """Say where an answer is wanted, if not at the sender's; whether to follow is not ours."""
    points = headers.people(b"reply-to")
    if not points or (sender and compared(points[0]) == compared(sender)):
        return ()
    return (Evidence(kind="reply-to", result=points[0].value),)


def _submitter(headers: Headers, sender: ContactPoint | None) -> tuple[Evidence, ...]:
    found = find_submitter(headers, sender)
    return (Evidence(kind="sender", result=found.value),) if found else ()


def _answers(headers: Headers, context: Context) -> tuple[str, ...]:
    """Return the ids this answers, nearest first; what came back to a bounce address names one."""
    nearest = [i for value in headers.texts(b"in-reply-to") for i in read_ids(value)]
    thread = [i for value in headers.texts(b"references") for i in read_ids(value)]
    bounced = find_bounced(headers, context)
    returned = [f"{bounced}@{normal_domain(context.domain)}"] if bounced else []
    return tuple(dict.fromkeys([*nearest, *reversed(thread), *returned]))[:_MOST_ANSWERS]
