"""A form with a reference of its own, and the addresses it names for answers."""

from dataclasses import replace

import pytest

from conversation_store.reply.answer import reply
from conversation_store.reply.choose import Target
from conversation_store.reply.compose import Answer
from conversation_store.settings import StoreSettings
from conversation_store.store import Store
from hub_contract.words import Channel, ContactKind, ContactPoint
from hub_kit.settings import Account, TenantSection
from hub_kit.tokens import Caller

AGENT = Caller("agent-7", "musterstadt", "agent")
GIVEN, OTHER = "912345678933", "998765432160"
ERIKA = ContactPoint(kind=ContactKind.EMAIL, value="erika@example.org", name="Erika Mustermann")
INBOX = ContactPoint(kind=ContactKind.PORTAL, value="p-1")


def form(world, sender="p-1", reachable=(ERIKA,), reference=GIVEN, **more):
    return world.mail(
        sender,
        channel=Channel.WEB,
        account="portal",
        reference=reference,
        reachable=reachable,
        **more,
    )


@pytest.fixture
def store(world):
    """The store of a tenant that has two mailboxes and a portal."""
    accounts = {
        "post": Account(channel="email", address="post@musterstadt.example"),
        "amt": Account(channel="email", address="amt@musterstadt.example"),
        "portal": Account(channel="web", address="portal@musterstadt.example"),
    }
    tenants = {"musterstadt": TenantSection(name="Musterstadt", accounts=accounts)}
    settings = world.ground.settings.model_copy(update={"tenants": tenants})
    return Store.open(replace(world.ground, settings=settings), StoreSettings())


async def people(world, conversation_id):
    """Return channel, account, confirmed and preferred of everyone in it, by the kind of address."""
    rows = await world.owner.fetch(
        """select c.kind, p.* from conversation_store.participant p
           join conversation_store.contact_point c on c.id = p.contact_point_id
           where conversation_id = $1""",
        conversation_id,
    )
    return {
        row["kind"]: (row["channel"], row["account"], row["verified"], bool(row["preferred_at"]))
        for row in rows
    }


async def test_the_reference_that_the_citizen_knows_leads_there(world, desk):
    [entry] = await world.take_in(form(world))
    assert (entry["rule"], entry["reason"], entry["marks"]) == (5, "new_given", "")
    conversation = await world.conversation(entry["conversation_id"])
    assert conversation["reference"] == GIVEN
    found = (await desk.post("/search", json={"reference": GIVEN})).json()["conversations"]
    assert [one["id"] for one in found] == [str(entry["conversation_id"])]


@pytest.mark.parametrize("together", [True, False])
async def test_a_reference_given_out_twice_leads_to_the_first(world, together):
    arrivals = [form(world), form(world, "p-2")]
    batches = [arrivals] if together else [[one] for one in arrivals]
    first, second = [entry for batch in batches for entry in await world.take_in(*batch)]
    assert first["conversation_id"] != second["conversation_id"]
    assert (first["marks"], second["marks"]) == ("", "reference_taken")
    assert (await world.conversation(first["conversation_id"]))["reference"] == GIVEN
    drawn = (await world.conversation(second["conversation_id"]))["reference"]
    assert drawn[0] in "12345678"


async def test_tenants_do_not_share_references(world):
    entries = await world.take_in(form(world), form(world, tenant="kleindorf"))
    assert [entry["marks"] for entry in entries] == ["", ""]


@pytest.mark.parametrize("reference", ["912345678934", "384291770608", "9", "x"])
async def test_what_no_channel_can_have_given_out_is_not_believed(world, reference):
    [entry] = await world.take_in(form(world, reference=reference))
    assert entry["reason"] == "new"
    assert (await world.conversation(entry["conversation_id"]))["reference"][0] in "12345678"


async def test_it_opens_a_conversation_whatever_else_it_names(world):
    [before] = await world.take_in(world.mail("karl@example.org"))
    named = (await world.conversation(before["conversation_id"]))["reference"]
    [entry] = await world.take_in(form(world, references=(named, GIVEN)))
    assert (entry["rule"], entry["marks"]) == (5, "")
    [proposal] = await world.rows("proposal")
    assert (proposal["kind"], proposal["other"]) == ("same_concern", before["conversation_id"])


@pytest.mark.parametrize("together", [True, False])
async def test_what_names_it_finds_it_and_is_known_there(world, together):
    arrivals = [
        form(world, name="Erika Mustermann"),
        world.mail("p-1", channel=Channel.WEB, account="portal", references=(GIVEN,)),
        world.mail("erika@example.org", references=(GIVEN,)),
        world.mail("karl@example.org", references=(GIVEN,)),
    ]
    batches = [arrivals] if together else [[one] for one in arrivals]
    first, *rest = [entry for batch in batches for entry in await world.take_in(*batch)]
    assert {entry["conversation_id"] for entry in rest} == {first["conversation_id"]}
    assert [(e["rule"], e["verified"]) for e in rest] == [(2, True), (2, True), (3, False)]
    assert await world.rows("proposal") == [], "that she named herself is no question"
    rows = await world.rows("participant")
    assert len(rows) == 3
    accounts = (await people(world, first["conversation_id"]))["portal"]
    assert accounts == ("web", "portal", True, False)


async def test_who_only_named_it_brings_no_mail_of_its_owner_into_it(world):
    """Else whoever names the address of another would read in the portal what she writes."""
    [first] = await world.take_in(form(world, "p-9"))
    [mail] = await world.take_in(world.mail("erika@example.org"))
    assert (mail["rule"], mail["conversation_id"]) == (5, mail["id"])
    [answered] = await world.take_in(world.mail("erika@example.org", references=(GIVEN,)))
    assert answered["conversation_id"] == first["conversation_id"]
    kept = await people(world, first["conversation_id"])
    assert kept["email"] == ("email", "post", True, True), "she has written by it now"


async def test_the_default_is_where_she_asked_to_be_answered(world, store):
    [entry] = await world.take_in(form(world, reachable=(ERIKA, INBOX)))
    assert await people(world, entry["conversation_id"]) == {
        "portal": ("web", "portal", True, False),
        "email": ("email", "", True, True),
    }
    message_id, _ = await reply(store, AGENT, entry["conversation_id"], Answer("Ja."), "")
    sent = await world.entry(message_id)
    assert (sent["channel"], sent["account"]) == ("email", "post")
    wish = Target(channel="web")
    by_web, _ = await reply(store, AGENT, entry["conversation_id"], Answer("Ja.", wish=wish), "")
    assert ((await world.entry(by_web))["account"]) == "portal"


async def test_the_latest_wish_holds(world, store):
    [entry] = await world.take_in(form(world))
    await world.take_in(
        world.mail(
            "p-1", channel=Channel.WEB, account="portal", references=(GIVEN,), reachable=(INBOX,)
        )
    )
    message_id, _ = await reply(store, AGENT, entry["conversation_id"], Answer("Ja."), "")
    assert (await world.entry(message_id))["channel"] == "web"


async def test_a_stranger_cannot_name_whom_we_answer(world):
    [first] = await world.take_in(form(world, reachable=()))
    [second] = await world.take_in(
        world.mail("karl@example.org", references=(GIVEN,), reachable=(ERIKA,))
    )
    assert (second["conversation_id"], second["verified"]) == (first["conversation_id"], False)
    rows = await people(world, first["conversation_id"])
    assert rows["email"] == ("email", "post", False, False)
    assert len(await world.rows("participant")) == 2


async def test_her_wish_follows_a_merge(world, desk, store):
    first, second = await world.take_in(
        form(world), world.mail("p-1", channel=Channel.WEB, account="portal", reference=OTHER)
    )
    assert second["conversation_id"] != first["conversation_id"]
    path = f"/conversations/{first['conversation_id']}/merge"
    merged = (await desk.post(path, json={"into": str(second["conversation_id"])})).json()
    assert (await people(world, second["conversation_id"]))["email"] == ("email", "", True, True)
    await desk.post(f"/rearrangements/{merged['rearrangement_id']}/undo")
    assert set(await people(world, second["conversation_id"])) == {"portal"}
