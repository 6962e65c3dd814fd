"""Erasing takes the content, then the person, and holds after a restore of the database."""

from uuid import UUID

import pytest

from conversation_store.erase import erase
from conversation_store.reply.answer import reply
from conversation_store.reply.compose import Answer
from hub_contract.errors import Temporary
from hub_kit.erasures import Erasures, list_of, read_lines
from hub_kit.tokens import Caller

A, B = "musterstadt", "kleindorf"
AGENT = Caller("agent-7", A, "agent")


def lines_of(world):
    with list_of(world.ground.settings).open(errors="replace") as file:
        return list(read_lines(file))


async def keys(world) -> set[UUID]:
    return {row["owner"] for row in await world.owner.fetch("select owner from hub.message_key")}


async def test_with_the_last_message_goes_the_person(world):
    first, second = await world.take_in(world.mail(), world.mail())
    [other] = await world.take_in(world.mail(tenant=B))
    answer, _ = await reply(world.store, AGENT, first["conversation_id"], Answer("Ja."), "")
    point = first["contact_point_id"]
    for entry_id in (first["id"], answer, second["id"]):
        assert point in await keys(world), "somebody can still be answered"
        assert await erase(world.ground, A, entry_id, answers=False) == 1
    assert await keys(world) == {other["id"], other["contact_point_id"]}
    assert {line.owner for line in lines_of(world)} == {first["id"], answer, second["id"], point}


async def test_what_was_answered_since_goes_along(world):
    """It repeats the subject, and the address; what was said before does not."""
    [first] = await world.take_in(world.mail())
    conversation = first["conversation_id"]
    before, _ = await reply(world.store, AGENT, conversation, Answer("Vorher."), "")
    [second] = await world.take_in(world.mail(external_id="<2>", answers=("<1>",)))
    await world.owner.execute(
        "update conversation_store.entry set conversation_id = $1, place = 3 where id = $2",
        *(conversation, second["id"]),
    )
    await world.owner.execute(
        "update conversation_store.conversation set next_place = 4 where id = $1", conversation
    )
    after, _ = await reply(world.store, AGENT, conversation, Answer("Nachher."), "")
    assert await erase(world.ground, A, second["id"]) == 2
    assert {before, after} & await keys(world) == {before}
    assert await erase(world.ground, A, first["id"]) == 2
    assert await keys(world) == set()


async def test_who_can_be_reached_goes_with_the_form_that_named_her(world):
    reachable = ({"kind": "email", "value": "erika@example.org"},)
    [form] = await world.take_in(world.mail("7", channel="web", reachable=reachable))
    assert len(await world.rows("contact_point", "id")) == 2
    await erase(world.ground, A, form["id"])
    assert await keys(world) == set()


async def test_who_writes_again_is_known_again_also_after_a_replay(world):
    [first] = await world.take_in(world.mail())
    await erase(world.ground, A, first["id"])
    [again] = await world.take_in(world.mail())
    assert again["contact_point_id"] == first["contact_point_id"]
    await restarted(world).replayed()
    assert await keys(world) == {again["id"], again["contact_point_id"]}


def restarted(world) -> Erasures:
    return Erasures(list_of(world.ground.settings), world.ground.pool, (A, B))


async def put_back(world, rows) -> None:
    """As a restore does it: the rows of a backup, with their time."""
    await world.owner.executemany(
        "insert into hub.message_key (owner, tenant, wrapped, reader, at, blob)"
        " values ($1, $2, $3, $4, $5, $6)",
        [(r["owner"], r["tenant"], r["wrapped"], r["reader"], r["at"], r["blob"]) for r in rows],
    )


async def test_what_a_restore_brings_back_is_erased_before_the_store_answers(world, desk):
    [first] = await world.take_in(world.mail(text="geheim", original=b"geheim"))
    [other] = await world.take_in(world.mail("karl@example.org", tenant=B, text="bleibt"))
    backup = await world.owner.fetch("select * from hub.message_key")
    await erase(world.ground, A, first["id"])
    await world.owner.execute("delete from hub.message_key; delete from hub.erased")
    await world.owner.execute("delete from hub.blob_left")
    await put_back(world, backup)
    world.ground.__dict__.pop("erasures", None)  # the store starts again
    answer = await desk.get(f"/entries/{first['id']}")
    assert "geheim" not in answer.text
    assert await keys(world) == {other["id"], other["contact_point_id"]}
    assert len(await world.owner.fetch("select * from hub.erased")) == 1
    assert len(await world.owner.fetch("select * from hub.blob_left")) == 1


async def test_a_database_that_has_erased_does_not_serve_without_its_list(world, desk):
    [first] = await world.take_in(world.mail())
    await erase(world.ground, A, first["id"])
    tenants = {A: world.ground.settings.tenants.get(A)}
    list_of(world.ground.settings).unlink()
    with pytest.raises(Temporary, match="put the list in its place"):
        await Erasures(list_of(world.ground.settings), world.ground.pool, tenants).replayed()


async def test_what_cannot_be_noted_is_not_erased(world):
    [first] = await world.take_in(world.mail())
    folder = list_of(world.ground.settings)
    folder.mkdir()
    with pytest.raises(Temporary, match="erased_file"):
        await erase(world.ground, A, first["id"])
    assert first["id"] in await keys(world)


@pytest.mark.parametrize(
    "torn",
    ["", "\n", "2026-03-01T12:00:00+00:00 musterstadt 0000", "\xff\xfe", "x " * 4 + "\n"],
)
async def test_a_line_that_was_cut_off_does_not_spoil_the_next(world, torn):
    [first] = await world.take_in(world.mail())
    list_of(world.ground.settings).write_text(torn, encoding="latin-1")
    await erase(world.ground, A, first["id"])
    assert {line.owner for line in lines_of(world)} == {first["id"], first["contact_point_id"]}


async def test_the_list_names_nobody(world):
    [first] = await world.take_in(world.mail("erika@example.org", name="Erika", text="geheim"))
    await erase(world.ground, A, first["id"])
    text = list_of(world.ground.settings).read_text()
    assert not [word for word in ("erika", "Erika", "geheim", "@") if word in text]
    assert list_of(world.ground.settings).stat().st_mode & 0o777 == 0o600
