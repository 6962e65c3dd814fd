"""Contact points of the release before, which told T024@ and t024@ apart, become those of today."""

import asyncio
import json
from dataclasses import replace
from uuid import UUID

import pytest

from conversation_store.app import compose
from conversation_store.change import confirm
from conversation_store.link import contact_point_id, open_point
from conversation_store.queue.summaries import Search, search
from conversation_store.rearrange.merge import merge, undo
from conversation_store.rearrange.unite import unite
from conversation_store.renew import renew
from conversation_store.settings import StoreSettings
from conversation_store.store import Store
from hub_contract.contact_points import contact_point
from hub_contract.words import ContactKind, ContactPoint
from hub_kit.database import transaction
from hub_kit.keys import KeyRing
from hub_kit.settings import TenantSection
from hub_kit.testing import eventually
from hub_kit.tokens import Caller

A, B = "musterstadt", "kleindorf"
AGENT = Caller("agent-7", A, "agent")
BIG, SMALL = "T024@example.org", "t024@example.org"


class RingBefore(KeyRing):
    """The key ring as the release before used it: byte by byte."""

    def lookup_of(self, tenant: str, point: ContactPoint) -> str:
        return self.pseudonym_of(tenant, point.kind, point.value)


def id_of(world, text: str, kind: ContactKind = ContactKind.EMAIL, tenant: str = A) -> UUID:
    return contact_point_id(world.ground.ring.lookup_of(tenant, contact_point(kind, text, "DE")))


def id_before(world, value: str, kind: ContactKind = ContactKind.EMAIL, tenant: str = A) -> UUID:
    return contact_point_id(world.ground.ring.pseudonym_of(tenant, kind, value))


@pytest.fixture
def now(world):
    """Bring the world to the release of today, with the tenants that it knows."""
    ground, store = world.ground, world.store
    tenants = {name: TenantSection(name=name) for name in (A, B)}
    ground = replace(ground, settings=ground.settings.model_copy(update={"tenants": tenants}))

    async def now() -> None:
        sql = "update conversation_store.contact_point set spelling = 0"
        await world.owner.execute(sql)
        world.ground, world.store = ground, store

    before = RingBefore(ground.ring.wrapping, ground.ring.pseudonym, ground.ring.signing)
    world.ground = replace(ground, ring=before)
    world.store = Store.open(world.ground, StoreSettings())
    return now


async def find(world, text: str, kind: ContactKind = ContactKind.EMAIL) -> set[UUID]:
    found = await search(world.ground, A, Search(kind=kind, value=text))
    return {one["id"] for one in found}


async def points(world) -> dict[UUID, int]:
    return {row["id"]: row["spelling"] for row in await world.rows("contact_point")}


async def test_what_was_two_is_one_and_nothing_is_lost(world, now):
    [big] = await world.take_in(world.mail(BIG, name="Erika Muster"))
    [small] = await world.take_in(world.mail(SMALL, name="Muster, Erika"))
    [other] = await world.take_in(world.mail("karl@example.org"))
    [asked] = await world.rows("proposal")
    assert (asked["kind"], asked["other"]) == ("same_person", id_before(world, BIG))
    keys = {row["owner"] for row in await world.owner.fetch("select owner from hub.message_key")}
    await now()
    assert await renew(world.ground, A) == 1

    one = id_of(world, SMALL)
    assert await points(world) == {one: 1, other["contact_point_id"]: 1}
    for entry in (big, small):
        assert dict(await world.entry(entry["id"])) == {**entry, "contact_point_id": one}
    people = [
        (p["conversation_id"], p["contact_point_id"]) for p in await world.rows("participant")
    ]
    assert {p for p in people if p[1] == one} == {
        (entry["conversation_id"], one) for entry in (big, small)
    }
    sql = "select id, sealed, wrapped from contact_point join hub.message_key on owner = id where id = $1"
    [row] = await world.as_role(sql, one, tenant=A)
    assert open_point(world.ground.ring, row).value in {BIG, SMALL}
    # It joins no conversations, but both are found, however they are looked for.
    assert big["conversation_id"] != small["conversation_id"]
    for text in (BIG, SMALL, " T024@Example.ORG "):
        assert await find(world, text) == {big["conversation_id"], small["conversation_id"]}
    [asked] = await world.rows("proposal")
    assert (asked["other"], asked["decided"], asked["decided_by"]) == (one, "accepted", "faden")
    left = {row["owner"] for row in await world.owner.fetch("select owner from hub.message_key")}
    assert left == keys - {id_before(world, BIG)}


async def test_who_was_known_is_known_when_she_writes_again(world, now):
    [first] = await world.take_in(world.mail(BIG, name="Erika Muster"))
    await now()
    await renew(world.ground, A)
    [again] = await world.take_in(world.mail(SMALL))
    assert (again["conversation_id"], again["rule"]) == (first["conversation_id"], 4)
    [person] = [p for p in await world.rows("contact_point") if p["id"] == id_of(world, BIG)]
    assert (person["spelling"], person["name_lookup"] != "") == (1, True)


async def test_numbers_are_read_as_the_tenant_dials_them(world, now):
    [fax] = await world.take_in(world.mail("030901820", channel="fax", account="fax"))
    [sms] = await world.take_in(world.mail("0711 123-0", channel="sms", account="sms"))
    [call] = await world.take_in(world.mail("+497111230", channel="phone", account="line"))
    await now()
    assert await renew(world.ground, A) == 2
    both = {sms["conversation_id"], call["conversation_id"]}
    for text in ("+49 (0)711 1230", "0711/123-0", "07111230", "tel:+497111230"):
        assert await find(world, text, ContactKind.PHONE) == both
    # Who types a number does not know whether a fax machine answers there.
    assert await find(world, "030 901820", ContactKind.PHONE) == {fax["conversation_id"]}
    points = await world.rows("contact_point")
    assert {p["id"] for p in points} == {
        id_of(world, "0711 1230", ContactKind.PHONE),
        id_of(world, "030 901820", ContactKind.FAX),
    }


async def test_in_one_conversation_confirmed_once_is_confirmed(world, now):
    [first] = await world.take_in(world.mail(BIG))
    here = first["conversation_id"]
    digits = (await world.conversation(here))["reference"]
    await world.take_in(world.mail(SMALL, references=(digits,)))
    people = {p["contact_point_id"]: p for p in await world.rows("participant")}
    assert {p["verified"] for p in people.values()} == {True, False}
    await now()
    await renew(world.ground, A)
    [person] = await world.rows("participant")
    assert person["contact_point_id"] == id_of(world, BIG)
    assert (person["verified"], person["account"], person["open"]) == (True, "post", True)
    assert person["at"] == min(p["at"] for p in people.values())
    assert await confirm(world.ground, AGENT, here, id_of(world, BIG), confirmed=False)


async def test_links_of_both_spellings_lead_to_one_party(world, now):
    mails = (BIG, SMALL, "karl@example.org", "kim@example.org", "lea@example.org")
    await world.take_in(*map(world.mail, mails))
    big, small, karl, kim, lea = (id_before(world, mail) for mail in mails)
    pool = world.ground.pool
    await unite(pool, AGENT, big, karl, "same date of birth")
    await unite(pool, AGENT, small, kim, "said so")
    await unite(pool, AGENT, kim, lea, "said so too")
    before = await world.rows("party_link")
    await now()
    await renew(world.ground, A)
    links = await world.rows("party_link")
    assert {link["id"] for link in links} == {link["id"] for link in before}
    standing = [link for link in links if link["undone_at"] is None]
    assert {link["contact_point_id"] for link in standing} == {id_of(world, BIG), karl, kim, lea}
    assert len({link["party_id"] for link in standing}) == 1
    assert [link["undone_by"] for link in links if link["undone_at"]] == ["faden"]
    assert {(link["id"], link["reason"]) for link in links} == {
        (link["id"], link["reason"]) for link in before
    }


async def test_what_undoing_remembers_is_carried_too(world, now):
    [source] = await world.take_in(world.mail("karl@example.org"))
    [target] = await world.take_in(world.mail(BIG))
    digits = (await world.conversation(target["conversation_id"]))["reference"]
    await world.take_in(world.mail(SMALL, references=(digits,)))
    done = await merge(
        world.ground.pool, AGENT, source["conversation_id"], target["conversation_id"]
    )
    await now()
    await renew(world.ground, A)
    [row] = await world.rows("rearrangement")
    one = str(id_of(world, BIG))
    assert json.loads(row["before"])["participants"] == [[one, "email", True]]
    await undo(world.ground.pool, AGENT, done.rearrangement_id)
    here = {
        (p["conversation_id"], p["verified"])
        for p in await world.rows("participant")
        if str(p["contact_point_id"]) == one
    }
    assert here == {(target["conversation_id"], True)}


async def test_what_is_erased_or_locked_keeps_its_id(world, now):
    await world.take_in(world.mail(BIG), world.mail("Kim@example.org"), world.mail("Lea@x.de"))
    big, kim = id_before(world, BIG), id_before(world, "Kim@example.org")
    await world.erase(big)
    await world.owner.execute(
        "update hub.message_key set wrapped = '\\x09'::bytea where owner = $1", kim
    )
    await now()
    assert await renew(world.ground, A) == 1
    # The key of the second may be found again: it is looked at in the next run.
    assert await points(world) == {big: 1, kim: 0, id_of(world, "lea@x.de"): 1}


async def test_who_has_no_name_of_her_own_stays_apart_from_now_on(world, now):
    """Callers without a number were one person; what was written for one of them is kept there."""
    [old] = await world.take_in(world.mail("anonymous", channel="phone", account="line"))
    await now()
    assert await renew(world.ground, A) == 0
    assert await points(world) == {old["contact_point_id"]: 1}
    calls = [world.mail("anonymous", channel="phone", account="line") for _ in range(2)]
    entries = [*await world.take_in(calls[0]), *await world.take_in(calls[1])]
    assert {entry["contact_point_id"] for entry in entries} == {None}
    conversations = {entry["conversation_id"] for entry in (old, *entries)}
    assert len(conversations) == 3


async def test_tenants_stay_apart(world, now):
    await world.take_in(world.mail(BIG), world.mail(BIG, tenant=B))
    await now()
    await renew(world.ground, A)
    assert await points(world) == {id_of(world, BIG): 1, id_before(world, BIG, tenant=B): 0}
    await renew(world.ground, B)
    assert await points(world) == {id_of(world, BIG): 1, id_of(world, BIG, tenant=B): 1}


async def test_it_goes_on_where_it_broke_off(world, now):
    mails = [f"{letter}{number}@example.org" for number in range(10) for letter in "Xx"]
    await world.take_in(*map(world.mail, mails))
    await now()
    third = sorted(await points(world))[2]
    await world.owner.execute(
        f"""create function broken() returns trigger language plpgsql as
            $$ begin raise exception 'broken'; end $$;
            create trigger broken before delete or update on conversation_store.contact_point
            for each row when (old.id = '{third}') execute function broken()"""
    )
    with pytest.raises(Exception, match="broken"):
        await renew(world.ground, A, batch=1)
    assert list((await points(world)).values()).count(0) in range(1, 20)
    await world.owner.execute("drop function broken cascade")
    await renew(world.ground, A, batch=3)
    assert await points(world) == {
        id_of(world, f"x{number}@example.org"): 1 for number in range(10)
    }


async def test_several_stores_and_new_mails_do_not_disturb_it(world, now):
    mails = [f"{letter}{number}@example.org" for number in range(30) for letter in "Xx"]
    firsts = await world.take_in(*map(world.mail, mails))
    await now()

    async def write() -> list:
        return [e for m in mails for e in await world.take_in(world.mail(m, external_id=f"<2{m}>"))]

    *moved, seconds = await asyncio.gather(
        *(renew(world.ground, A, batch=2) for _ in range(3)), write()
    )
    assert sum(moved) == 30
    ids = {id_of(world, mail) for mail in mails}
    assert await points(world) == dict.fromkeys(ids, 1)
    entries = await world.rows("entry")
    assert {e["id"] for e in entries} == {e["id"] for e in (*firsts, *seconds)}
    people = {
        (p["conversation_id"], p["contact_point_id"]) for p in await world.rows("participant")
    }
    assert {(e["conversation_id"], e["contact_point_id"]) for e in entries} == people
    assert {point for _, point in people} == ids


async def test_a_store_renews_before_it_hears(world, now):
    [first] = await world.take_in(world.mail(BIG))
    await now()
    again = await world.ground.accept(world.mail(SMALL))
    app = compose(Store.open(world.ground, StoreSettings()))
    async with app.router.lifespan_context(app):

        async def heard() -> bool:
            return await world.entry(again.event_id) is not None

        await eventually(heard)
    entry = await world.entry(again.event_id)
    assert (entry["conversation_id"], entry["rule"]) == (first["conversation_id"], 4)
    assert await points(world) == {id_of(world, BIG): 1}


async def test_an_event_that_was_given_another_key_is_read_as_today(world):
    await world.ground.accept(world.mail(BIG))
    [one] = await world.read()
    before = {"sender_key": id_before(world, BIG).hex}
    async with world.transaction() as connection:
        event = one.event.model_copy(update=before)
        await world.store.append(connection, [replace(one, event=event)])
    assert (await world.entry(one.event.id))["contact_point_id"] == id_of(world, BIG)
    assert list(await points(world)) == [id_of(world, BIG)]


async def test_once_renewed_it_is_one_look_into_an_empty_index(world, now):
    await world.take_in(world.mail(BIG))
    await now()
    await renew(world.ground, A)
    queries = []
    assert await renew(world.logged(queries), A) == 0
    [look] = [query for query in queries if "contact_point" in query]
    async with transaction(world.ground.pool, A) as connection:
        await connection.execute("set local enable_seqscan = off")
        plan = await connection.fetch(f"explain {look}", A, UUID(int=0), 500)
    assert any("contact_point_older" in row[0] for row in plan)
