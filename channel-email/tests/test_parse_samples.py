"""Every sample goes through, nothing of it is lost, and the ugly ones say what a person reads."""

import email
import html
import re
import tomllib
from datetime import UTC, datetime
from email.message import Message
from email.policy import compat32
from pathlib import Path

import pytest

from channel_email.parse import Context, parse, read
from channel_email.parse.mime import Part, read_tree
from hub_contract.events import Arrival, MessageContent, MessageReceived

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[2] / "shared" / "samples" / "email"
SAMPLES = sorted(path for path in SHARED.rglob("*") if path.is_file())
MAILS = [
    path
    for path in SAMPLES
    if path.suffix in {".eml", ".raw"} or re.match(r"(m\d{4}|github-|invalid)", path.name)
]
TABLE = tomllib.loads((HERE / "mails.toml").read_text())["mail"]
CONTEXT = Context(
    tenant="musterstadt",
    account="post",
    received_at=datetime(2026, 3, 12, 10, 11, tzinfo=UTC),
    trusted_hosts=frozenset({"mx.google.com"}),
)

pytestmark = pytest.mark.skipif(not SAMPLES, reason=f"no samples at {SHARED}")


def opened(arrival: Arrival) -> MessageContent:
    assert isinstance(arrival.event, MessageReceived)
    assert isinstance(arrival.event.content, MessageContent)
    return arrival.event.content


def squeezed(text: str) -> str:
    return "".join(re.sub(r"[\s\u00a0>]", "", text))


def name_of(path: Path) -> str:
    return str(path.relative_to(SHARED))


@pytest.mark.parametrize("path", SAMPLES, ids=name_of)
def test_every_sample_goes_through_and_keeps_its_original(path: Path) -> None:
    raw = path.read_bytes()
    arrival = read(raw, CONTEXT)  # without the net that `parse` has below it
    content = opened(arrival)
    assert arrival.original == raw
    assert [a.size for a in content.attachments] == [len(f) for f in arrival.files]
    assert all(a.file_name for a in content.attachments)
    assert arrival == parse(raw, CONTEXT)  # and twice is once: nothing in it is random


@pytest.mark.parametrize("path", MAILS, ids=name_of)
def test_every_leaf_is_shown_or_a_file(path: Path) -> None:
    raw = path.read_bytes()
    arrival = parse(raw, CONTEXT)
    content = opened(arrival)
    body = content.body
    shown = squeezed(body.text + body.quoted + body.signature)
    page = squeezed(html.unescape(re.sub(r"<[^>]*>", "", body.html)))
    for leaf in (part for part in read_tree(raw).walk() if not part.parts):
        data = leaf.content()
        if data in arrival.files or not data.strip():
            continue
        assert leaf.media_type in {"text/plain", "text/html"}, leaf.media_type
        missing = [word for word in words_of(leaf, data) if word not in shown and word not in page]
        assert missing == []


def words_of(leaf: Part, data: bytes) -> list[str]:
    """Return the runs of ASCII letters: how other letters are read is tested elsewhere."""
    if leaf.params.get("charset", "").lower() == "utf-7" or b"begin 6" in data:
        return []
    if leaf.headers.raw(b"content-transfer-encoding") == b"base64" and b" " in leaf.encoded():
        data = leaf.encoded()  # it says base64 and is not
    if leaf.media_type == "text/html":
        hidden = rb"(?is)<(style|script|title|head)\b.*?</\1>|<!--.*?-->|<[^>]*>"
        data = html.unescape(re.sub(hidden, b"", data).decode("latin-1")).encode(
            "latin-1", "ignore"
        )
    return [word.decode() for word in re.findall(rb"[A-Za-z0-9]{4,}", data)]


def _leaves_of(message: Message) -> list[tuple[str, bytes | None]]:
    """List what Python's own parser finds; a mail inside a mail counts as one leaf."""
    if message.get_content_maintype() == "message":
        return [(message.get_content_type(), None)]
    if message.is_multipart():
        children = message.get_payload()
        assert isinstance(children, list)
        return [leaf for child in children for leaf in _leaves_of(child)]
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return [(message.get_content_type(), payload)]


def test_the_tree_is_byte_for_byte_that_of_python_where_a_mail_is_well_formed() -> None:
    compared = 0
    for path in MAILS:
        raw = path.read_bytes()
        reference = email.message_from_bytes(raw, policy=compat32)
        leaves = _leaves_of(reference)
        readable_types = all(re.fullmatch(r"[\w.+-]+/[\w.+-]+", kind) for kind, _ in leaves)
        said = [str(part.get("content-type", "")) for part in reference.walk()]
        sound = not any(part.defects for part in reference.walk())
        if not sound or not readable_types or any("<" in kind for kind in said):
            continue
        ours = [
            (p.media_type, None if p.media_type.startswith("message/") else p.content())
            for p in read_tree(raw).walk()
            if not p.parts
        ]
        assert ours == leaves, name_of(path)
        compared += 1
    assert compared > 180


def test_the_table_is_long_enough() -> None:
    assert len(TABLE) >= 60
    assert len({row["file"] for row in TABLE}) == len(TABLE)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["file"])
def test_ugly_mails_say_what_a_person_reads(row: dict) -> None:
    arrival = parse((SHARED / row["file"]).read_bytes(), CONTEXT)
    content = opened(arrival)
    assert content.subject == row["subject"]
    assert (content.sender.value if content.sender else "") == row["sender"]
    assert (content.sender.name if content.sender else "") == row.get("name", "")
    assert arrival.event.happened_at == row.get("date")
    assert [[a.file_name, a.size] for a in content.attachments] == row["attachments"]
    assert content.body.text.split("\n")[0][:60] == row["text"]
    assert arrival.event.automatic == row.get("automatic", "no")
    said = [f"{p.code}: {p.about}" if p.about else p.code for p in content.problems]
    assert said == row.get("problems", [])
