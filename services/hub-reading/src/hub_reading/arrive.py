"""What was read, as the event that tells of it, and the bytes that go with it."""

import json
from datetime import datetime

from hub_contract.events import Arrival, MessageRead, MessageReceived, ReadContent
from hub_contract.ids import read_id
from hub_contract.words import Attachment, Body, Page
from hub_reading.values import PageReading, Reading

SEARCHABLE = "durchsuchbar.pdf"


def arrival(received: MessageReceived, reading: Reading, at: datetime) -> Arrival:
    """Return the `MessageRead` of this message; read twice, it has the same id."""
    files = [reading.searchable] if reading.searchable else []
    for page in reading.pages:
        files += [page.small, page.large, words_json(page)]
    event = MessageRead(
        id=read_id(received.tenant, received.id),
        tenant=received.tenant,
        channel=received.channel,
        account=received.account,
        message_id=received.id,
        at=at,
        readable=reading.readable,
        confidence=reading.confidence,
        pages=reading.pages_in_file,
        content=_content(reading),
    )
    return Arrival(event, files=tuple(files))


def _content(reading: Reading) -> ReadContent:
    return ReadContent(
        body=Body(text=reading.text),
        references=reading.references,
        codes=reading.codes,
        attachments=_attachments(reading),
        pages=tuple(map(_page, reading.pages)),
        problems=reading.problems,
    )


def _attachments(reading: Reading) -> tuple[Attachment, ...]:
    if not reading.searchable:
        return ()
    size = len(reading.searchable)
    return (
        Attachment(file_name=SEARCHABLE, media_type="application/pdf", size=size, derived=True),
    )


def _page(page: PageReading) -> Page:
    return Page(
        number=page.number,
        width=page.width,
        height=page.height,
        fingerprint=page.fingerprint,
        blank=page.blank,
        turned=page.turned,
        confidence=page.confidence,
    )


def words_json(page: PageReading) -> bytes:
    """Return [[text, left, top, right, bottom, confidence 0-100], …]; b"" where there is none."""
    if not page.words:
        return b""
    rows = [[word.text, *word.box, word.confidence] for word in page.words]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
