"""The tables as migrated: what SQLAlchemy believes, and what row-level security lets through."""

import asyncpg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

from conversation_store.app import MIGRATIONS
from conversation_store.tables import METADATA
from hub_kit.migrate import migrate

READERS_OWN = {"cursor", "parked", "dead_letter", "alembic_version"}
TENANT_TABLES = sorted(table.name for table in METADATA.tables.values())


async def test_the_migrations_and_the_metadata_say_the_same(world, owner_dsn):
    engine = create_async_engine(owner_dsn.replace("postgresql://", "postgresql+asyncpg://", 1))
    async with engine.connect() as connection:
        differences = await connection.run_sync(compare)
    await engine.dispose()
    assert differences == []


def compare(connection: sa.Connection) -> list[object]:
    options = {
        "include_schemas": True,
        "include_name": lambda name, kind, _: (
            name == METADATA.schema if kind == "schema" else name not in READERS_OWN
        ),
        "compare_type": True,
    }
    context = MigrationContext.configure(connection, opts=options)
    return compare_metadata(context, METADATA)


async def test_every_table_has_a_tenant_or_is_the_readers_own(world):
    rows = await world.owner.fetch(
        "select relname from pg_class where relnamespace = 'conversation_store'::regnamespace and relkind = 'r'"
    )
    assert {row["relname"] for row in rows} - READERS_OWN == set(TENANT_TABLES)


async def test_row_level_security_is_forced(world):
    rows = await world.owner.fetch(
        """select relname, relrowsecurity and relforcerowsecurity as forced,
             pg_get_userbyid(relowner) as owner
           from pg_class
           where relnamespace = 'conversation_store'::regnamespace and relkind = 'r'"""
    )
    found = {row["relname"]: row for row in rows}
    assert {name for name in TENANT_TABLES if not found[name]["forced"]} == set()
    assert "conversation_store" not in {row["owner"] for row in rows}


async def fill(world) -> None:
    for tenant in ("musterstadt", "kleindorf"):
        await world.take_in(
            world.mail(tenant=tenant, name="Erika Mustermann"),
            world.mail(
                "karl@example.org", tenant=tenant, public_service="hund", name="Mustermann Erika"
            ),
        )


async def test_a_row_is_seen_by_its_tenant_only(world):
    await fill(world)
    filled = ("contact_point", "conversation", "entry", "participant", "reference")
    for table in (*filled, "external_ref", "transaction", "hub.message_key"):
        sql = f"select distinct tenant from {table}"
        assert await world.as_role(sql) == [], table
        assert await world.as_role(sql, tenant="neustadt") == [], table
        for tenant in ("musterstadt", "kleindorf"):
            rows = await world.as_role(sql, tenant=tenant)
            assert [row["tenant"] for row in rows] == [tenant], table


async def test_a_row_of_another_tenant_can_be_neither_written_nor_touched(world):
    await fill(world)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await world.as_role(
            "insert into reference values ('kleindorf', '1', gen_random_uuid())",
            tenant="musterstadt",
        )
    for statement in (
        "update conversation set unread = 99 where tenant = 'kleindorf' returning 1",
        "delete from entry where tenant = 'kleindorf' returning 1",
        "delete from hub.message_key where tenant = 'kleindorf' returning 1",
    ):
        assert await world.as_role(statement, tenant="musterstadt") == []


async def test_the_role_may_not_lift_the_policy(world):
    for statement in (
        "alter table entry disable row level security",
        "drop policy by_tenant on entry",
        "truncate entry",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await world.as_role(statement)


async def test_nothing_personal_lies_in_any_table(world):
    """Everything an owner, a backup or a replica would see, as text."""
    canaries = ("canary", "Zeisig", "4917642")
    await world.take_in(
        world.mail(
            "canary@example.org",
            "Text canary",
            name="Canary Zeisig",
            subject="canary",
            external_id="<canary@example.org>",
            answers=("<canary-2@example.org>",),
            contributions=({"requirement": "dog", "value": "canary", "source": "form"},),
            public_service="hund",
            original=b"canary raw",
            files=(b"canary file",),
            attachments=({"file_name": "canary.pdf", "media_type": "a/b", "size": 11},),
        ),
        world.mail("+4917642", channel="sms", text="canary"),
    )
    [first, _] = await world.rows("entry", "channel")
    from conversation_store.reply.answer import reply
    from conversation_store.reply.compose import Answer, File
    from conversation_store.reply.note import note
    from hub_contract.delivery import Delivery
    from hub_contract.events import DeliveryContent
    from hub_kit.tokens import Caller

    agent = Caller("agent-7", "musterstadt", "agent")
    wanted = Answer("canary", subject="canary", files=(File("canary.pdf", "a/b", b"canary"),))
    message_id, _ = await reply(world.store, agent, first["conversation_id"], wanted, "canary-key")
    await note(world.store, agent, first["conversation_id"], "canary", "")
    report = world.report(message_id, Delivery.FAILED, external_id="<canary>")
    content = DeliveryContent(recipient="canary@example.org", diagnostic="550 canary")
    event = report.event.model_copy(update={"content": content})
    await world.ground.accept(type(report)(event))
    await world.append()
    tables = await world.owner.fetch(
        """select format('%I.%I', schemaname, tablename) as name from pg_tables
           where schemaname in ('hub', 'conversation_store')"""
    )
    seen = 0
    for table in tables:
        # bytea is shown as hex and as its letters, where it has any.
        for row in await world.owner.fetch(f"select * from {table['name']}"):
            dump = b" ".join(v if isinstance(v, bytes) else str(v).encode() for v in row.values())
            assert not [c for c in canaries if c.lower().encode() in dump.lower()], table["name"]
            seen += 1
    assert seen > 20
    blobs = [p for p in world.folder.rglob("*") if p.is_file() and p.name != "keys.json"]
    assert blobs
    assert not [p for p in blobs if b"canary" in p.read_bytes()]


async def test_migrating_twice_changes_nothing(world, owner_dsn, services):
    await migrate(owner_dsn, services)
    assert await world.rows("entry") == []


async def test_questions_of_before_keep_their_place_under_an_id_with_the_tenant(world, owner_dsn):
    """A question asked before the upgrade is not asked again after it."""
    await fill(world)
    rows = "select id, tenant, kind, other, conversation_id from conversation_store.proposal order by id"
    asked = await world.owner.fetch(rows)
    await world.owner.execute(
        """update conversation_store.proposal set id = gen_random_uuid();
           drop table conversation_store.opted_out;  -- of later steps
           drop table conversation_store.ringing, conversation_store.callback;
           drop table conversation_store.wish_answered, conversation_store.reading;
           drop table conversation_store.held_file;
           update conversation_store.alembic_version set version_num = 'conversation_store_0003'"""
    )
    await migrate(owner_dsn, {"conversation_store": MIGRATIONS})
    assert asked
    assert await world.owner.fetch(rows) == asked
    assert "proposal" in {
        row["relname"]
        for row in await world.owner.fetch("select relname from pg_class where relforcerowsecurity")
    }
