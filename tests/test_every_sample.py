"""Every real-world mail becomes exactly one entry, however often and by whichever door it comes."""

import re
import smtplib
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from channel_email.parse import Context, parse
from local_hub.testing import Town, eventually

SAMPLES = Path(__file__).parents[2] / "shared" / "samples" / "email"
MAILS = (
    "helpdesk/*.eml",
    "mime-enmime/mail/*.raw",
    "mime-enmime/low-quality/*.raw",
    "mime-zbateson/m[0-9]*.txt",
)
_LINE_END = re.compile(rb"\r\n|\r|\n")  # on the wire, lines end with CRLF
TO = "post@musterstadt.example"


@pytest.fixture(scope="module")
def mails() -> list[bytes]:
    if not SAMPLES.is_dir():
        pytest.skip(f"no samples at {SAMPLES}")
    paths = [path for pattern in MAILS for path in sorted(SAMPLES.glob(pattern))]
    found = [_LINE_END.sub(b"\r\n", path.read_bytes()) for path in paths]
    assert len(found) > 150
    return found


def ids_of(mails: list[bytes]) -> set[UUID]:
    context = Context("musterstadt", "post", datetime.now(UTC))
    return {parse(raw, context).event.id for raw in mails}


def send_all(town: Town, mails: list[bytes], door: str) -> None:
    host, _, port = town.listener("channel_email", door).rpartition(":")
    client = smtplib.SMTP if door == "smtp" else smtplib.LMTP
    with client(host, int(port), local_hostname="test.example", timeout=60) as server:
        for raw in mails:
            server.sendmail("", [TO], raw)


def test_each_is_one_entry_however_often_it_comes(town: Town, mails: list[bytes]):
    ids, before = ids_of(mails), town.count_entries()
    send_all(town, mails, "smtp")
    eventually(lambda: town.count_entries() >= before + len(ids))
    send_all(town, mails, "lmtp")
    send_all(town, mails[::-1], "smtp")
    time.sleep(1)  # what would come twice has its chance to
    standing = "select id from conversation_store.entry where id = any($1::uuid[])"
    assert {row["id"] for row in town.query(standing, list(ids))} == ids
    assert town.count_entries() == before + len(ids)
    assert not town.query("select 1 from conversation_store.parked")
    assert not town.query("select 1 from conversation_store.dead_letter")
