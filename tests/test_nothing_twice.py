"""The same mails by SMTP, again by SMTP, and out of a Dovecot mailbox, all at once: one entry each."""

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from local_hub.debian_mail import Dovecot, start_dovecot
from local_hub.testing import Town, deliver, eventually, model

TO = "post@musterstadt.example"
MAILS = 300


def mail(number: int) -> bytes:
    return (
        f"From: anna{number % 7}@example.org\r\nTo: {TO}\r\nSubject: {number}\r\n"
        f"Message-ID: <{number}.twice@example.org>\r\n\r\nText {number}\r\n"
    ).encode()


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    # Not below pytest's folders: the server's own users may not enter those.
    with (
        tempfile.TemporaryDirectory(prefix="faden-") as folder,
        start_dovecot(Path(folder)) as server,
    ):
        yield server


@pytest.fixture
def town(tmp_path: Path, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    """A hub whose post account also fetches from Dovecot."""
    document = model()
    document["tenants"]["musterstadt"]["accounts"]["post"]["imap"] = {
        "host": "127.0.0.1",
        "port": dovecot.port,
        "tls": "none",
        "user": "post",
        "password_env": "IMAP_PASSWORD",
    }
    config = tmp_path / "faden.yaml"
    config.write_text(yaml.safe_dump(document), encoding="utf-8")
    monkeypatch.setenv("IMAP_PASSWORD", dovecot.password)
    # Not below pytest's folders: another run shuts them to the database's own user.
    with (
        tempfile.TemporaryDirectory(prefix="faden-town-") as folder,
        Town(Path(folder), config=config) as town,
    ):
        yield town


@pytest.mark.real("dovecot")
def test_by_smtp_and_imap_at_once_is_one_entry_each(town: Town, dovecot: Dovecot):
    mails = [mail(number) for number in range(MAILS)]
    with ThreadPoolExecutor(3) as pool:
        work = [
            pool.submit(dovecot.put, "post", mails),
            pool.submit(deliver, town, [("a@example.org", raw) for raw in mails], TO),
            pool.submit(deliver, town, [("b@example.org", raw) for raw in reversed(mails)], TO),
        ]
        for one in work:
            one.result()
    fetched = "select 1 from channel_email.checkpoint where value = $1"
    eventually(lambda: town.query(fetched, str(MAILS)))
    eventually(lambda: town.count_entries() >= MAILS)
    time.sleep(1)  # what would come twice has its chance to
    assert town.count_entries() == MAILS
    events = town.query("select 1 from hub.event_log where type = 'message.received'")
    assert len(events) == MAILS
