"""One deleted key row makes a message unreadable in the log, on Kafka, in blobs and timeline."""

from pathlib import Path

import pytest

from hub_contract.errors import Permanent
from hub_contract.topics import from_wire
from hub_kit.sealing import open_event
from local_hub.testing import Town, deliver, eventually

CANARY = "Geheimnis-4711-Zwiebelturm"
TO = "post@musterstadt.example"
MAIL = (
    f"From: Kanari <kanari@example.org>\r\nTo: {TO}\r\nSubject: {CANARY}\r\n"
    f"Message-ID: <canary@example.org>\r\n\r\n{CANARY}\r\n" + f"{CANARY} lang\r\n" * 1000
).encode()
HOME = "select conversation_id from conversation_store.entry where id = $1"
LATEST = """
select event_id, body from hub.event_log where type = 'message.received' order by seq desc limit 1
"""


def read(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.is_file() else b""
    except FileNotFoundError:  # a server at work takes files away, and gives them other names
        return b""


def stores(town: Town) -> dict[str, bytes]:
    """Return all that lies on disk, by what it is."""
    folders = {"blobs": "blobs", "Kafka": "kafka/events", "database": "postgresql"}
    return {
        name: b"".join(map(read, (town.folder / folder).rglob("*")))
        for name, folder in folders.items()
        if (town.folder / folder).exists()
    }


def test_nothing_is_readable_on_disk_and_a_deleted_key_erases(town: Town):
    count = town.count_entries()
    deliver(town, [("kanari@example.org", MAIL)], TO)
    eventually(lambda: town.count_entries() == count + 1)
    [row] = town.query(LATEST)
    wrapped = town.query("select wrapped from hub.message_key where owner = $1", row["event_id"])
    sealed = from_wire(row["body"])
    opened = open_event(sealed, town.ring.unwrap(wrapped[0]["wrapped"], sealed.id))
    assert opened.content.subject == CANARY, "with its key it can be read"
    town.query("checkpoint")
    for name, data in stores(town).items():
        assert data, name
        for personal in (CANARY, "kanari@example.org"):
            assert personal.encode() not in data, f"{name} holds plain text"

    with town.api(role="supervisor") as api:
        [home] = town.query(HOME, row["event_id"])
        conversation = home["conversation_id"]
        before = api.get(f"/conversations/{conversation}/entries").raise_for_status()
        assert CANARY in before.text
        entry = before.json()["entries"][0]["id"]
        api.post(f"/entries/{entry}/erase").raise_for_status()
        after = api.get(f"/conversations/{conversation}/entries").raise_for_status()
        assert CANARY not in after.text
        assert "kanari@example.org" not in after.text
    assert not town.query("select 1 from hub.message_key where owner = $1", row["event_id"])
    with pytest.raises(Permanent):
        open_event(sealed, b"\0" * 32)


def test_no_log_line_names_a_person(town: Town, tmp_path: Path):
    said = "\n".join(line for _, line in town.lines)
    assert "started" in said
    for personal in (CANARY, "kanari", TO):
        assert personal not in said
