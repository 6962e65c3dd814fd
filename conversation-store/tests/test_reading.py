"""What a machine has read stands beside the entry, goes with it, and leads on where nobody has worked."""

import json

import pytest

from conversation_store.change import Change, change
from conversation_store.erase import erase
from conversation_store.rearrange.merge import undo
from hub_kit.erasures import Erasures, list_of
from hub_kit.tokens import Caller

A, B = "musterstadt", "kleindorf"
AGENT = Caller("agent-7", A, "agent")
WORDS = b'[["Hund",1,2,3,4,90]]'


async def keys(world):
    return {row["owner"] for row in await world.owner.fetch("select owner from hub.message_key")}


async def shown(desk, entry_id):
    return (await desk.get(f"/entries/{entry_id}")).raise_for_status().json()


async def line_of(desk, entry):
    [line] = await desk.pages(f"/conversations/{entry['conversation_id']}/entries")
    return line


async def test_an_entry_waits_then_shows_what_was_read(world, desk):
    fax = world.fax()
    [entry] = await world.take_in(fax)
    waiting = (await shown(desk, entry["id"]))["reading"]
    assert (waiting["state"], waiting["count"], waiting["pages"]) == ("waiting", 2, [])
    assert (await line_of(desk, entry))["reading"]["state"] == "waiting"
    text = "Widerspruch gegen den Bescheid. " * 500
    await world.take_in(world.reading(fax, text, codes=("FADEN:1",)))
    whole = await shown(desk, entry["id"])
    assert (whole["text"], whole["reading"]["text"]) == ("", text), "never as the original's words"
    assert (whole["reading"]["state"], whole["reading"]["confidence"]) == ("read", 0.9)
    assert [(p["number"], p["parts"]) for p in whole["reading"]["pages"]] == [
        (1, ["small", "large", "words"]),
        (2, ["small", "large", "words"]),
    ]
    line = await line_of(desk, entry)
    assert line["text"] == ""
    assert text.startswith(line["reading"]["text"])
    assert line["reading"]["text"]
    assert (line["reading"]["more"], line["files"]) == (True, ["durchsuchbar.pdf"])
    [summary] = (await desk.get("/conversations")).json()["conversations"]
    assert summary["excerpt"].startswith("Widerspruch")
    assert summary["excerpt_by_machine"]
    [queued] = (await desk.get("/queue", params={"view": "unassigned"})).json()["conversations"]
    assert queued["excerpt_by_machine"]
    said = await world.said("faden.entry.appended")
    assert [(one.change, one.entry_id) for one in said] == [
        ("appended", entry["id"]),
        ("pages", entry["id"]),
    ]


async def test_pages_and_the_searchable_copy_are_downloaded(world, desk):
    fax = world.fax(
        files=(b"own",), attachments=({"file_name": "a", "media_type": "a/b", "size": 3},)
    )
    [entry] = await world.take_in(fax)
    await world.take_in(world.reading(fax))
    path = f"/entries/{entry['id']}"
    files = (await shown(desk, entry["id"]))["attachments"]
    assert [(one["number"], one["derived"]) for one in files] == [(0, False), (1, True)]
    got = [(await desk.get(f"{path}/attachments/{n}")).content for n in (0, 1)]
    assert got == [b"own", b"pdf"]
    parts = {p: await desk.get(f"{path}/pages/2/{p}") for p in ("small", "large", "words")}
    assert [one.content for one in parts.values()] == [b"small", b"large", WORDS]
    assert [one.headers["content-type"] for one in parts.values()] == [
        *("image/webp", "image/webp", "application/json")
    ]
    missing = [f"{path}/pages/3/small", f"{path}/pages/1/huge", f"{path}/pages/0/small"]
    assert [(await desk.get(one)).status_code for one in missing] == [404, 422, 422]


async def test_what_could_not_be_read_says_so_until_it_can(world, desk):
    fax = world.fax()
    [entry] = await world.take_in(fax)
    await world.take_in(world.reading(fax, readable=False, again="gave up"))
    assert (await shown(desk, entry["id"]))["reading"]["state"] == "unreadable"
    gave_up = (await world.rows("reading"))[0]["event_id"]
    better = world.reading(fax, "Endlich")
    await world.take_in(better)
    assert (await shown(desk, entry["id"]))["reading"]["text"] == "Endlich"
    assert gave_up not in await keys(world), "what is not shown any more is erased"
    worse = world.reading(fax, readable=False, again="worse")
    await world.take_in(worse, better)
    assert (await shown(desk, entry["id"]))["reading"]["text"] == "Endlich"
    assert worse.event.id not in await keys(world)
    assert better.event.id in await keys(world)


async def test_what_overtakes_its_message_waits_for_it(world, desk):
    """On Kafka two topics have no common order."""
    [first] = await world.take_in(world.mail())
    reference = (await world.conversation(first["conversation_id"]))["reference"]
    fax = world.fax()
    await world.ground.accept.all([fax, world.reading(fax, references=(reference,))])
    arrived, read = await world.read()
    for one in (read, arrived):
        async with world.transaction() as connection:
            await world.store.append(connection, [one])
    entry = await world.entry(fax.event.id)
    assert (await shown(desk, entry["id"]))["reading"]["text"] == "Widerspruch"
    assert entry["conversation_id"] == first["conversation_id"]


@pytest.mark.parametrize("first", [True, False], ids=["erased before", "erased after"])
async def test_erasing_takes_what_was_read(world, desk, first):
    """Also what is being read just then, and again after a restore."""
    fax = world.fax()
    [entry] = await world.take_in(fax)
    said = world.reading(fax)
    if first:
        await erase(world.ground, A, entry["id"])
        await world.take_in(said)
    else:
        await world.take_in(said)
        assert said.event.id in await keys(world)
        assert await erase(world.ground, A, entry["id"]) == 2
    assert await keys(world) == set()
    whole = await shown(desk, entry["id"])
    assert (whole["erased"], (whole["reading"] or {}).get("text", "")) == (True, "")
    page = await desk.get(f"/entries/{entry['id']}/pages/1/small")
    assert page.status_code == 410
    left = await world.owner.fetch("select name from hub.blob_left")
    assert len(left) >= 1, "the bytes follow"
    # A backup from before brings the key back; it goes again.
    await world.owner.execute(
        "insert into hub.message_key (owner, tenant, wrapped, at)"
        " values ($1, $2, '', now() - interval '1 day')",
        *(said.event.id, A),
    )
    await Erasures(list_of(world.ground.settings), world.ground.pool, (A, B)).replayed()
    assert await keys(world) == set()


async def known_fax(world, sender: str = "+4930901820"):
    """Return a conversation with a fax in it, and its reference."""
    [entry] = await world.take_in(world.fax(sender))
    return entry, (await world.conversation(entry["conversation_id"]))["reference"]


async def test_a_reference_that_only_reading_has_found_leads_on(world, desk):
    """Unknown sender, right reference: rule 3, and nobody is confirmed by it."""
    home, reference = await known_fax(world)
    fax = world.fax("+4940123456")
    [entry] = await world.take_in(fax)
    assert (entry["rule"], entry["verified"]) == (5, True)
    was = entry["conversation_id"]
    await world.take_in(world.reading(fax, references=(reference,)))
    entry = await world.entry(entry["id"])
    assert entry["conversation_id"] == home["conversation_id"]
    assert (entry["rule"], entry["reason"], entry["verified"]) == (3, "reference_unverified", False)
    assert set(entry["marks"].split()) == {"sender_unknown", "reference_read"}
    [person] = [
        row
        for row in await world.rows("participant")
        if row["contact_point_id"] == entry["contact_point_id"]
        and row["conversation_id"] == home["conversation_id"]
    ]
    assert not person["verified"], "she is answered only once an agent has confirmed her"
    [done] = await world.rows("rearrangement")
    assert (done["kind"], done["made_by"]) == ("merge", "")
    await undo(world.ground.pool, AGENT, done["id"])
    back = await world.entry(entry["id"])
    assert (back["conversation_id"], back["rule"], back["reason"]) == (was, 5, "new")
    assert (back["verified"], back["marks"]) == (True, "")
    assert (await world.conversation(was))["state"] == "open"


async def test_who_is_known_there_is_known_still(world):
    home, reference = await known_fax(world)
    await change(world.ground, AGENT, home["conversation_id"], Change(state="closed"))
    fax = world.fax()
    [entry] = await world.take_in(fax)
    assert entry["rule"] == 5, "closed ones are not found by the sender"
    await world.take_in(world.reading(fax, references=(reference,)))
    entry = await world.entry(entry["id"])
    assert (entry["rule"], entry["verified"], entry["conversation_id"]) == (
        *(2, True),
        home["conversation_id"],
    )
    conversation = await world.conversation(home["conversation_id"])
    assert (conversation["state"], conversation["unread"] > 0) == ("open", True)


async def take(world, entry):
    await change(
        world.ground, AGENT, entry["conversation_id"], Change(assign=True, assignee="agent-7")
    )


async def look(world, entry):
    await change(world.ground, AGENT, entry["conversation_id"], Change(read=True))


async def more(world, _):
    await world.take_in(world.fax("+4940123456"))


@pytest.mark.parametrize("work", [take, look, more])
async def test_what_somebody_has_worked_on_stays_and_is_asked_about(world, work):
    home, reference = await known_fax(world)
    fax = world.fax("+4940123456")
    [entry] = await world.take_in(fax)
    await work(world, entry)
    await world.take_in(world.reading(fax, references=(reference,)))
    assert (await world.entry(entry["id"]))["conversation_id"] == entry["conversation_id"]
    [proposal] = await world.rows("proposal")
    assert (proposal["kind"], proposal["reason"]) == ("same_concern", "named")
    assert {proposal["conversation_id"], proposal["other"]} == {
        *(entry["conversation_id"], home["conversation_id"])
    }


async def test_a_reference_of_another_authority_leads_nowhere(world):
    [theirs] = await world.take_in(world.fax(tenant=B))
    reference = (await world.conversation(theirs["conversation_id"]))["reference"]
    fax = world.fax()
    [entry] = await world.take_in(fax)
    await world.take_in(world.reading(fax, references=(reference,)))
    assert (await world.entry(entry["id"]))["conversation_id"] == entry["conversation_id"]
    assert await world.rows("proposal") == []


async def test_a_reading_of_another_authoritys_message_shows_nowhere(world, desk):
    fax = world.fax()
    [entry] = await world.take_in(fax)
    said = world.reading(fax, "fremd")
    forged = said.event.model_copy(update={"tenant": B})
    await world.take_in(type(said)(forged, files=said.files))
    assert (await shown(desk, entry["id"]))["reading"]["state"] == "waiting"
    assert await world.rows("reading") == []


async def test_a_citizen_sees_her_own_letter_as_it_was_read(world, desk):
    inbox = {"kind": "portal", "value": "inbox-1"}
    fax = world.fax(reachable=({"kind": "fax", "value": "+4930901820"}, inbox))
    [entry] = await world.take_in(fax)
    await world.take_in(world.reading(fax))
    path = f"/mine/{entry['conversation_id']}/entries"
    async with desk.as_(role="citizen", who="inbox-1") as citizen:
        [line] = (await citizen.get(path)).json()["entries"]
        page = await citizen.get(f"{path}/{entry['id']}/pages/1/large")
        whole = (await citizen.get(f"{path}/{entry['id']}")).json()
    assert (line["text"], line["reading"]["text"]) == ("", "Widerspruch")
    assert "fingerprint" not in json.dumps(line)
    assert (page.content, whole["reading"]["text"]) == (b"large", "Widerspruch")
    async with desk.as_(role="citizen", who="inbox-2") as stranger:
        assert (await stranger.get(f"{path}/{entry['id']}/pages/1/large")).status_code == 404
