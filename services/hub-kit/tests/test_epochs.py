"""Wrapping keys turn over: what is new has a new one, what is old is wrapped anew, then it is gone."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from hub_contract.errors import Permanent
from hub_kit.epochs import EVER, LEAD, NUMBERS, Epoch, current_of, next_epoch, settle
from hub_kit.keys import KeyRing, read_document
from hub_kit.migrate import migrate
from hub_kit.rewrap import turn
from hub_kit.testing import fresh_database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY, MONTH = timedelta(days=1), timedelta(days=30)
MINE = UUID(int=1)


@pytest.mark.parametrize(
    ("begins", "current"),
    [
        ({1: EVER}, 1),
        ({1: EVER, 2: NOON}, 2),
        ({1: EVER, 2: NOON + DAY}, 1),
        ({255: NOON - DAY, 1: NOON}, 1),  # numbers come round
        ({3: NOON + DAY}, 3),  # a clock that is behind
    ],
)
def test_the_last_that_has_begun_wraps(begins, current):
    assert current_of({n: Epoch(at) for n, at in begins.items()}, NOON) == current


@pytest.mark.parametrize(
    ("begins", "length", "made"),
    [
        ({1: EVER}, MONTH, (2, NOON + LEAD)),  # of a release before there were epochs
        ({1: NOON}, MONTH, None),
        ({1: NOON - MONTH + LEAD + DAY}, MONTH, None),
        ({1: NOON - MONTH + LEAD}, MONTH, (2, NOON + LEAD)),
        ({1: NOON - 5 * MONTH}, MONTH, (2, NOON + LEAD)),  # nobody asked for long
        ({1: NOON - MONTH, 2: NOON + LEAD}, MONTH, None),
        ({NUMBERS: NOON - MONTH}, MONTH, (1, NOON + LEAD)),
        ({NUMBERS: NOON - MONTH, 1: NOON - 2 * MONTH}, MONTH, (2, NOON + LEAD)),
        ({1: NOON - DAY}, DAY, (2, NOON + DAY / 2)),
        (dict.fromkeys(range(1, NUMBERS + 1), NOON - MONTH), MONTH, None),
    ],
)
def test_the_next_one_is_made_before_it_begins(begins, length, made):
    found = next_epoch({n: Epoch(at) for n, at in begins.items()}, NOON, length)
    assert found == (made and (made[0], Epoch(made[1])))


OLD, NEW = Epoch(NOON - MONTH), Epoch(NOON - DAY)


@pytest.mark.parametrize(
    ("old", "found", "kept"),
    [
        (OLD, {1: 7}, Epoch(OLD.begins, NOON)),
        (OLD, {}, Epoch(OLD.begins, NOON)),  # a backup of just now needs it
        (Epoch(OLD.begins, NOON - MONTH + DAY), {}, Epoch(OLD.begins, NOON - MONTH + DAY)),
        (Epoch(OLD.begins, NOON - MONTH), {}, None),
        (Epoch(OLD.begins, NOON - MONTH), {1: 1}, Epoch(OLD.begins, NOON)),  # after a restore
    ],
)
def test_an_old_one_is_destroyed_once_no_backup_needs_it(old, found, kept):
    later = Epoch(NOON + DAY)
    epochs, destroyed = settle({1: old, 2: NEW, 3: later}, found, NOON, MONTH)
    assert epochs.get(1) == kept
    assert destroyed == ([] if kept else [1])
    assert (epochs[2], epochs[3]) == (NEW, later)


def test_a_service_that_runs_takes_what_another_has_added(tmp_path, monkeypatch):
    monkeypatch.setattr("hub_kit.epochs._LOOK_EVERY", 3600)
    path = tmp_path / "keys.json"
    KeyRing.create(path)
    ring, before = KeyRing.read(path), KeyRing.read(path)
    raw = json.loads(path.read_text())
    raw["wrapping"]["2"] = raw["signing"]
    raw["epochs"]["2"] = {"begins": datetime.now(UTC).isoformat()}
    path.write_text(json.dumps(raw))
    new = KeyRing.read(path).wrap(b"k" * 32, MINE)
    assert new[0] == 2
    assert before.unwrap(new, MINE) == b"k" * 32, "it looks when it meets a number"
    assert ring.wrap(b"k" * 32, MINE)[0] == 1
    monkeypatch.setattr("hub_kit.epochs._LOOK_EVERY", -1)
    assert ring.wrap(b"k" * 32, MINE)[0] == 2, "and once in a while"
    path.write_text("{")
    assert ring.wrap(b"k" * 32, MINE)[0] == 2, "what was good stays good"


@pytest.fixture
async def hub(cluster, tmp_path):
    """A database with 1,200 wrapped keys of two tenants, and its ring; yields (dsn, path, keys)."""
    path = tmp_path / "keys.json"
    KeyRing.create(path)
    raw = json.loads(path.read_text())
    raw["epochs"]["1"]["begins"] = (NOON - MONTH).isoformat()
    path.write_text(json.dumps(raw))
    ring = KeyRing.read(path)
    async with fresh_database(cluster, {}) as dsn:
        await migrate(dsn, {})
        keys = {uuid4(): ring.new_key() for _ in range(1_200)}
        connection = await asyncpg.connect(dsn)
        await connection.executemany(
            "insert into hub.message_key (owner, tenant, wrapped) values ($1, $2, $3)",
            [(o, "ab"[o.int % 2], ring.wrap(k, o)) for o, k in keys.items()],
        )
        await connection.close()
        yield dsn, path, keys


async def rows_of(dsn):
    connection = await asyncpg.connect(dsn)
    try:
        return dict(await connection.fetch("select owner, wrapped from hub.message_key"))
    finally:
        await connection.close()


async def test_what_a_backup_has_is_unreadable_once_its_epoch_is_destroyed(hub):
    dsn, path, keys = hub
    backup, first = await rows_of(dsn), path.read_bytes()

    async def turned(day):
        return await turn(dsn, path, epoch=MONTH, backup=10 * DAY, now=NOON + timedelta(days=day))

    assert (await turned(0)).begun == 2
    assert (await turned(0)).rewrapped == 0, "the next one has not begun"
    done = await turned(1)
    assert (done.current, done.rewrapped, done.unreadable, done.destroyed) == (2, 1_200, 0, ())
    ring, live = KeyRing.read(path), await rows_of(dsn)
    assert {wrapped[0] for wrapped in live.values()} == {2}
    assert {owner: ring.unwrap(wrapped, owner) for owner, wrapped in live.items()} == keys
    assert {owner: ring.unwrap(wrapped, owner) for owner, wrapped in backup.items()} == keys
    assert (await turned(10)).destroyed == (), "a backup of day 1 may need it until day 11"
    assert (await turned(11)).destroyed == (1,)
    ring = KeyRing.read(path)
    for owner, wrapped in backup.items():
        with pytest.raises(Permanent, match="not in keys_file"):
            ring.unwrap(wrapped, owner)
    assert {o: ring.unwrap(w, o) for o, w in (await rows_of(dsn)).items()} == keys
    old = json.loads(first)["wrapping"]["1"]
    assert not [p for p in path.parent.rglob("*") if p.is_file() and old in p.read_text()]


async def test_what_was_written_by_an_old_one_meanwhile_is_wrapped_anew(hub):
    """A service may not have seen the new one yet; a restore brings old rows back."""
    dsn, path, _ = hub
    late = KeyRing.read(path).wrap(b"k" * 32, MINE, 1)
    for day in (0, 1):
        await turn(dsn, path, epoch=MONTH, backup=DAY, now=NOON + timedelta(days=day))
    connection = await asyncpg.connect(dsn)
    insert = "insert into hub.message_key (owner, tenant, wrapped) values ($1, 'a', $2)"
    await connection.execute(insert, MINE, late)
    await connection.close()
    done = await turn(dsn, path, epoch=MONTH, backup=DAY, now=NOON + timedelta(days=9))
    assert (done.rewrapped, done.destroyed) == (1, ())
    done = await turn(dsn, path, epoch=MONTH, backup=DAY, now=NOON + timedelta(days=10))
    assert (done.rewrapped, done.destroyed) == (0, (1,))
    assert KeyRing.read(path).unwrap((await rows_of(dsn))[MINE], MINE) == b"k" * 32


async def test_no_key_is_destroyed_that_a_table_unseen_may_need(hub):
    dsn, path, _ = hub
    connection = await asyncpg.connect(dsn)
    await connection.execute("create schema other; create table other.t (id uuid, wrapped bytea)")
    await connection.close()
    with pytest.raises(Permanent, match=r"^other\.t: hub_rewrapper may not see it"):
        await turn(dsn, path, epoch=MONTH, backup=DAY, now=NOON)
    assert set(read_document(path).wrapping) == {1, 2}


async def test_what_no_key_opens_is_counted_and_stays(hub):
    dsn, path, _ = hub
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "update hub.message_key set wrapped = decode('07', 'hex') || substr(wrapped, 2)"
        " where tenant = 'a'"
    )
    await connection.close()
    await turn(dsn, path, epoch=MONTH, backup=DAY, now=NOON)
    done = await turn(dsn, path, epoch=MONTH, backup=DAY, now=NOON + DAY)
    assert done.unreadable == sum(owner.int % 2 == 0 for owner in await rows_of(dsn))
    assert done.unreadable + done.rewrapped == 1_200


async def test_every_table_of_every_service_is_seen(cluster):
    """Those of all services that are installed, so that a later one is not forgotten."""
    from importlib import import_module
    from pathlib import Path

    from hub_kit.about import names
    from hub_kit.rewrap import _TABLES, ROLE

    folders = {n: Path(import_module(n).__file__).parent / "migrations" for n in names()}
    async with fresh_database(cluster, folders) as dsn:
        connection = await asyncpg.connect(dsn)
        rows = await connection.fetch(_TABLES, ROLE)
        await connection.close()
    assert {"hub.message_key", "workspace.draft"} <= {row["name"] for row in rows}
    assert {row["name"] for row in rows if not row["seen"]} == set()
