"""What is accepted is kept once, sealed and in order; what is not is said so, and leaves nothing."""

import asyncio
import os
import signal
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from hub_contract.errors import Permanent, Temporary
from hub_contract.events import Arrival
from hub_contract.topics import from_wire
from hub_contract.words import Body
from hub_kit.accept import Accept
from hub_kit.blobs import SMALL, FolderBlobs, read_blob
from hub_kit.database import open_pool
from hub_kit.embedded import start_postgresql
from hub_kit.migrate import migrate
from hub_kit.sealing import fetch_content, open_event
from hub_kit.testing import eventually, new_ring, open_ground

CANARY = "geheim-4711"


async def opened(owner, ring) -> list:
    """Return every event of the log, opened, in the order it is read in."""
    rows = await owner.fetch(
        "select body, wrapped from hub.event_log join hub.message_key on owner = event_id"
        " order by xid, seq"
    )
    events = [from_wire(row["body"]) for row in rows]
    keys = [ring.unwrap(r["wrapped"], e.id) for r, e in zip(rows, events, strict=True)]
    return [(open_event(event, key), key) for event, key in zip(events, keys, strict=True)]


def objects(ground) -> list[Path]:
    return [path for path in Path(ground.settings.blobs).rglob("*") if path.is_file()]


async def count(owner) -> int:
    return await owner.fetchval("select count(*) from hub.event_log")


async def test_many_at_once_are_kept_once_in_the_order_they_came(channel, owner, arrive):
    accepted = await channel.accept.all([arrive(n) for n in (*range(300), *range(300))])
    assert sum(a.new for a in accepted) == 300
    assert all(a.new for a in accepted[:300]), "the first of two is the new one"
    again = await channel.accept(arrive(5))
    assert (again.new, again.event_id) == (False, accepted[5].event_id)
    events = await opened(owner, channel.ring)
    assert [e.content.subject for e, _ in events] == [str(n) for n in range(300)]


async def test_no_event_is_too_large_for_the_bus(channel, owner, arrive):
    """A mail of a thousand files, each with a name of 16,000 characters; its bytes go as one."""
    arrival = arrive(1, CANARY, (b"pdf",) * 1_000)
    files = tuple(
        one.model_copy(update={"file_name": CANARY + "ä" * 8_000})
        for one in arrival.event.content.attachments
    )
    content = arrival.event.content.model_copy(update={"attachments": files})
    event = arrival.event.model_copy(update={"content": content})
    await channel.accept.all([Arrival(event, arrival.original, arrival.files), arrive(2)])
    rows = await owner.fetch("select length(body) as size from hub.event_log")
    assert max(row["size"] for row in rows) < 2_000
    assert CANARY.encode() not in b"".join(path.read_bytes() for path in objects(channel))
    [sealed, _] = [
        from_wire(r["body"]) for r in await owner.fetch("select body from hub.event_log")
    ]
    [row] = await owner.fetch("select * from hub.message_key where owner = $1", event.id)
    key = channel.ring.unwrap(row["wrapped"], event.id)
    got = open_event(await fetch_content(sealed, channel.blobs, key), key).content
    assert [one.file_name for one in got.attachments] == [one.file_name for one in files]
    assert await read_blob(channel.blobs, got.attachments[-1].blob, key) == b"pdf"
    assert {sealed.content.blob.name, sealed.original.name} == {row["blob"]}, "erased as one"


async def test_everything_comes_back_and_nothing_is_readable(channel, owner, arrive):
    long = arrive(1, CANARY * 1000, (b"\x00pdf" + CANARY.encode(), b"png", b""))
    large = arrive(2, CANARY, (os.urandom(100_000),))
    await channel.accept.all([long, large, arrive(3, CANARY)])
    rows = await owner.fetch("select * from hub.event_log")
    stored = b"".join(row["body"] for row in rows) + repr([dict(r) for r in rows]).encode()
    stored += b"".join(path.read_bytes() for path in objects(channel))
    assert CANARY.encode() not in stored
    assert b"erika" not in stored
    (first, key), (second, second_key), _ = await opened(owner, channel.ring)
    for event, its_key, arrival in ((first, key, long), (second, second_key, large)):
        files = [await read_blob(channel.blobs, a.blob, its_key) for a in event.content.attachments]
        assert tuple(files) == arrival.files
        assert await read_blob(channel.blobs, event.original, its_key) == arrival.original
    whole = Body.model_validate_json(await read_blob(channel.blobs, first.content.whole, key))
    assert whole.text == CANARY * 1000
    assert len(first.content.body.text) == 2000
    with pytest.raises(Permanent):
        await read_blob(channel.blobs, first.original, second_key)


async def test_small_messages_share_one_synced_object_and_large_ones_do_not(channel, arrive):
    await channel.accept.all([arrive(n) for n in range(100)] + [arrive(100, "x" * SMALL)])
    sizes = sorted(path.stat().st_size for path in objects(channel))
    assert len(sizes) == 2
    assert sizes[0] < SMALL < sizes[1]


async def test_many_arrivals_share_few_commits(channel, owner, arrive):
    async def peer(first: int) -> None:
        for number in range(first, first + 20):
            await channel.accept(arrive(number))

    await asyncio.gather(*(peer(1000 * n) for n in range(32)))
    commits = await owner.fetchval("select count(distinct xid) from hub.event_log")
    assert await count(owner) == 640
    assert commits <= 64, "ten or more peers share a commit, where 32 wait for one"


async def test_what_stood_already_leaves_no_bytes_behind(channel, arrive):
    await channel.accept(arrive(1))
    before = objects(channel)
    await channel.accept.all([arrive(1), arrive(1)])

    async def tidied_up() -> bool:
        return objects(channel) == before

    await eventually(tidied_up)


async def test_two_processes_that_take_in_the_same_keep_it_once(
    channel, database, tmp_path, owner, arrive
):
    """And it opens: whoever came second has deleted nothing but its own bytes."""
    async with open_ground("probe_channel", database, tmp_path) as other:

        async def one_way(ground, numbers) -> list:
            return await ground.accept.all([arrive(n, f"text {n}") for n in numbers])

        numbers = range(1500)
        both = await asyncio.gather(
            one_way(channel, numbers), one_way(other, reversed(numbers)), return_exceptions=True
        )
        accepted = [a for answers in both for a in answers]
    assert sum(a.new for a in accepted) == 1500
    events = await opened(owner, channel.ring)
    assert sorted(int(e.content.subject) for e, _ in events) == list(numbers)
    for event, key in events[::100]:
        original = await read_blob(channel.blobs, event.original, key)
        assert original.decode() == f"original text {event.content.subject}"


async def test_two_that_meet_in_a_deadlock_get_past_each_other(channel, database, owner, arrive):
    sql = "insert into hub.event_id values ($1) on conflict do nothing"
    first, second, third = arrive(1), arrive(2), arrive(3)
    # The server throws out whoever has waited longest: that is to be us, on a busy machine too.
    name = await owner.fetchval("select current_database()")
    await owner.execute(
        f'alter role probe_channel in database "{name}" set deadlock_timeout = 3000'
    )
    other = await asyncpg.connect(database, server_settings={"deadlock_timeout": "60000"})
    transaction = other.transaction()
    await transaction.start()
    await other.execute(sql, second.event.id)
    accepted = asyncio.create_task(channel.accept.all([first, second, third]))

    async def waits() -> bool:
        return await owner.fetchval("select count(*) from pg_locks where not granted") > 0

    await eventually(waits)
    await other.execute(sql, first.event.id)  # each waits for the other until one is thrown out
    await transaction.commit()
    await other.close()
    news = [a.new for a in await accepted]
    assert news[1:] == [False, True]  # the first is whoever's takes its turn first afterwards
    assert await count(owner) == sum(news), "the other has taken ids only"


async def test_one_that_the_database_refuses_does_not_sink_the_others(channel, owner, arrive):
    poison = arrive(50)
    # A key without its event, as after a log was cut: this event can never be appended again.
    await owner.execute(
        "insert into hub.message_key (owner, tenant, wrapped) values ($1, 't', '')", poison.event.id
    )
    last = arrive(51)
    answers = await asyncio.gather(
        *(channel.accept(a) for a in [*(arrive(n) for n in range(50)), poison, last]),
        return_exceptions=True,
    )
    assert [a.new for a in answers[:50]] == [True] * 50
    assert isinstance(answers[50], Permanent)
    assert str(answers[50]) == "database: UniqueViolationError while keeping an event"
    assert answers[51].new
    assert await count(owner) == 51


@pytest.mark.parametrize("account", ["nul \x00", "half a \ud800"])
async def test_what_cannot_be_written_down_fails_alone(channel, owner, arrive, account):
    """`parse` cannot make such an event; a bug could."""
    answers = await asyncio.gather(
        channel.accept(arrive(1)),
        channel.accept(arrive(2, tenant=account)),
        channel.accept(arrive(3)),
        return_exceptions=True,
    )
    assert [getattr(a, "new", None) for a in answers] == [True, None, True]
    assert isinstance(answers[1], Exception)
    assert not isinstance(answers[1], Temporary), "trying again cannot help"


@pytest.mark.parametrize("files", [(), (b"one", b"two")])
async def test_attachments_without_their_bytes_are_refused(channel, owner, arrive, files):
    with pytest.raises(ValueError, match="zip"):
        await channel.accept(Arrival(arrive(1, files=(b"one",)).event, b"original", files))
    assert await count(owner) == 0


async def test_a_fault_of_ours_is_temporary_and_leaves_no_bytes(channel, owner, arrive):
    await owner.execute("revoke insert on hub.event_log from hub_writer")
    with pytest.raises(Temporary, match="InsufficientPrivilegeError"):
        await channel.accept(arrive(1))

    async def tidied_up() -> bool:
        return objects(channel) == []

    await eventually(tidied_up)
    await owner.execute("grant insert on hub.event_log to hub_writer")
    assert (await channel.accept(arrive(1))).new


async def test_no_place_for_bytes_is_temporary_and_nothing_is_kept(
    channel, owner, arrive, tmp_path
):
    (tmp_path / "blobs").write_text("a file where the folder should be")
    with pytest.raises(Temporary, match="blobs: "):
        await channel.accept(arrive(1))
    assert await count(owner) == 0
    (tmp_path / "blobs").unlink()
    assert (await channel.accept(arrive(1))).new


class Undeletable(FolderBlobs):
    async def delete_all(self, names: list[str]) -> None:
        raise Temporary("blobs: read-only")


async def test_what_cannot_be_tidied_up_does_not_take_the_yes_back(channel, owner, arrive):
    blobs = Undeletable(Path(channel.settings.blobs))
    accept = Accept(channel.pool, blobs, channel.ring, "test")
    first = await accept.all([arrive(1), arrive(2)])
    second = await accept.all([arrive(1), arrive(3, "x" * 70_000), arrive(2, "x" * 70_000)])
    assert [a.new for a in first + second] == [True, True, False, True, False]
    for event, key in await opened(owner, channel.ring):
        assert await read_blob(blobs, event.original, key)


async def test_a_peer_that_goes_away_does_not_take_others_with_it(channel, owner, arrive):
    tasks = [asyncio.create_task(channel.accept(arrive(n))) for n in range(20)]
    await asyncio.sleep(0)
    tasks[3].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(answers.pop(3), asyncio.CancelledError)
    assert all(a.new for a in answers)
    assert (await channel.accept(arrive(30))).new, "the lane goes on"


async def kept_in_the_end(accept: Accept, arrival) -> None:
    """Half a second may be too short for a busy machine, also where nothing stands in the way."""

    async def kept() -> bool:
        try:
            await accept(arrival)
        except Temporary:
            return False
        return True

    await eventually(kept)


async def test_behind_a_lock_everybody_gets_a_temporary_in_time(channel, database, owner, arrive):
    accept = Accept(channel.pool, channel.blobs, channel.ring, "test", timeout=0.5)
    other = await asyncpg.connect(database)
    async with other.transaction():
        await other.execute("lock table hub.event_log in access exclusive mode")
        first = asyncio.create_task(accept(arrive(1)))
        await asyncio.sleep(0.1)
        behind = [asyncio.create_task(accept(arrive(n))) for n in range(2, 600)]
        async with asyncio.timeout(300):
            answers = await asyncio.gather(first, *behind, return_exceptions=True)
        assert {str(a) for a in answers} == {"not kept within 0.5 s"}
    await other.close()
    await kept_in_the_end(accept, arrive(1))  # the lane goes on


@contextmanager
def stopped(pids: list[int]):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def test_a_server_that_hangs_is_temporary_in_time(channel, owner, arrive):
    accept = Accept(channel.pool, channel.blobs, channel.ring, "test", timeout=0.5)
    await kept_in_the_end(accept, arrive(1))
    sql = "select pid from pg_stat_activity where application_name = 'probe_channel'"
    pids = [row["pid"] for row in await owner.fetch(sql)]
    assert pids
    with stopped(pids):
        async with asyncio.timeout(300):
            with pytest.raises(Temporary):
                await accept(arrive(2))
    await kept_in_the_end(accept, arrive(3))  # with a connection of its own again


class Held:
    """Blobs that keep the first batch back, so that the next one is ready before it."""

    def __init__(self, blobs) -> None:
        self._blobs, self.batches, self.free = blobs, 0, asyncio.Event()

    def has_begun(self, batches: int):
        async def begun() -> bool:
            return self.batches >= batches

        return begun

    async def put_all(self, objects) -> None:
        self.batches += 1
        if self.batches == 1:
            await self.free.wait()
        await self._blobs.put_all(objects)


async def test_the_log_keeps_the_order_of_arrivals_also_where_two_batches_are_under_way(
    channel, owner, arrive
):
    held = Held(channel.blobs)
    accept = Accept(channel.pool, held, channel.ring, "test")
    first = [asyncio.create_task(accept(arrive(n))) for n in range(40)]
    await eventually(held.has_begun(1))
    second = [asyncio.create_task(accept(arrive(n))) for n in range(40, 80)]
    await eventually(held.has_begun(2))
    await asyncio.sleep(0.3)  # long enough for the second to be kept, if it did not wait
    assert (held.batches, await count(owner)) == (2, 0)
    held.free.set()
    async with asyncio.timeout(300):
        assert all(one.new for one in await asyncio.gather(*first, *second))
    rows = await owner.fetch("select event_id, xid::text from hub.event_log order by xid, seq")
    assert [row["event_id"] for row in rows] == [arrive(n).event.id for n in range(80)]
    assert len({row["xid"] for row in rows}) == 2


class Cutter:
    """Stands between us and the server; swallows the answer to this word once, and cuts the line."""

    def __init__(self, server: str) -> None:
        self.server, self.swallow, self.armed = server, b"", False

    async def __call__(self, reader, writer) -> None:
        from_server, to_server = await asyncio.open_unix_connection(self.server)
        forth = asyncio.create_task(self._pump(reader, to_server))
        while data := await from_server.read(65536):
            if self.armed:
                self.armed = False
                break
            writer.write(data)
        writer.transport.abort()
        to_server.close()
        await forth

    async def _pump(self, reader, writer) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if self.swallow and self.swallow in data:
                    self.swallow, self.armed = b"", True
                writer.write(data)


async def test_after_a_lost_answer_nothing_is_deleted_and_twice_is_once(
    channel, owner, arrive, tmp_path
):
    """The commit went through, its answer did not: the bytes are pointed to, though nobody knows."""
    host = channel.settings.database.partition("host=")[2]
    with tempfile.TemporaryDirectory() as folder:
        cutter = Cutter(f"{host}/.s.PGSQL.5432")
        server = await asyncio.start_unix_server(cutter, f"{folder}/.s.PGSQL.5432")
        dsn = channel.settings.database.replace(host, folder)
        pool = await open_pool(dsn, "probe_channel")
        accept = Accept(pool, channel.blobs, channel.ring, "test")
        assert (await accept(arrive(1))).new, "the statement is prepared"
        cutter.swallow = b"COMMIT"
        with pytest.raises(Temporary, match="database: ConnectionDoesNotExistError"):
            await accept(arrive(2))
        assert await count(owner) == 2
        assert not (await accept(arrive(2))).new
        pool.terminate()
        server.close()
        await server.wait_closed()
    for event, key in await opened(owner, channel.ring):
        assert await read_blob(channel.blobs, event.original, key)


async def test_the_database_goes_away_and_comes_back(tmp_path, arrive):
    with tempfile.TemporaryDirectory(prefix="faden-pg-") as folder:
        Path(folder).chmod(0o755)
        data = Path(folder) / "data"
        with start_postgresql(data) as dsn:
            await migrate(dsn, {"probe_channel": Path(__file__).parent / "chains/probe_channel"})
            own = dsn.replace("postgres@", "probe_channel@")
            pool = await open_pool(own, "probe_channel")
            blobs = FolderBlobs(tmp_path / "blobs")
            accept = Accept(pool, blobs, new_ring(tmp_path), "test")
            assert (await accept(arrive(1))).new
        await asyncio.sleep(0.1)  # stopping it kept the loop from hearing that the line is dead
        size = sum(1 for path in blobs.root.rglob("*") if path.is_file())
        for _ in range(3):
            with pytest.raises(Temporary, match="database: "):
                await accept(arrive(2))
        assert sum(1 for path in blobs.root.rglob("*") if path.is_file()) == size
        with start_postgresql(data) as dsn:

            async def kept() -> bool:
                try:
                    return (await accept(arrive(2))).new
                except Temporary:
                    return False

            await eventually(kept)
            assert not (await accept(arrive(1))).new
            pool.terminate()
