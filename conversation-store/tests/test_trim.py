"""What the store trims by itself: the hub's log, the bytes of erased messages, notes of counts."""

from dataclasses import replace

from conversation_store.app import trimmer
from conversation_store.erase import erase
from conversation_store.reply.answer import reply
from conversation_store.reply.compose import Answer, File
from hub_kit.settings import TenantSection
from hub_kit.tokens import Caller

A, B = "musterstadt", "kleindorf"
AGENT = Caller("agent-7", A, "agent")


def trims(world):
    tenants = {tenant: TenantSection(name=tenant) for tenant in (A, B)}
    settings = world.ground.settings.model_copy(update={"tenants": tenants})
    return trimmer(replace(world.ground, settings=settings))


def objects(world) -> list[str]:
    """Return of every object in the blob store whose it is."""
    root = world.ground.blobs.root
    return sorted(p.relative_to(root).parts[0] for p in root.rglob("*") if p.is_file())


async def test_erasing_an_entry_deletes_its_bytes_and_those_of_its_answer(world):
    [first] = await world.take_in(world.mail(original=b"raw"))
    await world.take_in(world.mail(tenant=B, original=b"raw"))
    [other] = await world.take_in(world.mail(original=b"another"))
    file = File("Bescheid.pdf", "application/pdf", b"%PDF")
    message_id, _ = await reply(
        world.store, AGENT, first["conversation_id"], Answer("Ja.", files=(file,)), ""
    )
    assert objects(world) == [B, A, A, A]
    for entry_id in (first["id"], message_id):
        assert await erase(world.ground, A, entry_id, answers=False) == 1
    await world.owner.execute("update hub.blob_left set written_at = now() - interval '1 hour'")
    await trims(world).trim()
    assert objects(world) == [B, A]
    kept = await world.owner.fetchval(
        "select blob from hub.message_key where owner = $1", other["id"]
    )
    assert (world.ground.blobs.root / kept).is_file()


async def test_the_log_goes_once_it_is_old_and_the_timeline_stays(world, desk):
    first, _ = await world.take_in(world.mail(text="Guten Tag"), world.mail("karl@example.org"))
    await world.owner.execute(
        "insert into conversation_store.cursor values ('conversation_store', 'log', $1)",
        world.position,
    )
    await world.owner.execute("update hub.event_log set kept_at = now() - interval '29 days'")
    await trims(world).trim()
    left = await world.owner.fetch("select type from hub.event_log")
    assert {row["type"] for row in left} == {"entry.appended"}, "nobody has read those"
    path = f"/conversations/{first['conversation_id']}/entries"
    assert (await desk.get(path)).json()["entries"][0]["text"] == "Guten Tag"


async def test_notes_of_counts_are_folded(world):
    for number in range(12):
        await world.take_in(world.mail(f"p{number}@example.org"))
    assert len(await world.rows("tally")) == 12
    await trims(world).trim()
    assert [row["n"] for row in await world.rows("tally")] == [12]
