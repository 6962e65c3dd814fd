"""Strangers are never in one conversation without an agent: by one address, by one circular."""

from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversation_store.append.names import fuller, is_another
from conversation_store.change import share
from conversation_store.rearrange.merge import merge, move, split, undo
from conversation_store.reply.answer import reply
from conversation_store.reply.compose import Answer
from hub_contract.errors import Permanent
from hub_contract.words import (
    Automatic,
    ContactKind,
    ContactPoint,
    Evidence,
    Recipient,
    RecipientRole,
)
from hub_kit.tokens import Caller

TOWNS = count(1)
FORM, GROUP = "formular@town.example", "gruppe@town.example"
ANNA, PAUL, ROSA = "anna.mueller@post.example", "paul@post.example", "rosa@post.example"


def point(value: str, name: str = "") -> ContactPoint:
    return ContactPoint(kind=ContactKind.EMAIL, value=value, name=name)


def mail(sender=ANNA, name="", reply_to="", to=(), **more):
    """Return what `World.mail` must be told of a mail."""
    wanted = {"reply_to": point(reply_to)} if reply_to else {}
    people = tuple(Recipient(role=RecipientRole.TO, point=point(one)) for one in to)
    return {"sender": sender, "name": name, "recipients": people, **wanted, **more}


def answer(sender, *, answers=("<circular>",), **more):
    return mail(sender, answers=answers, **more)


def copy(sender=ANNA, *, generated=False, **more):
    event = {"automatic": Automatic.GENERATED} if generated else {}
    return mail(sender, external_id="<one>", event=event, **more)


BY_A_PORTAL = (Evidence(kind="sender", result="dienst@portal.example"),)
FORGED = (Evidence(kind="dmarc", result="fail"),)
# The mails, and the conversation of each one: the number of the first mail in it.
IN_ANY_ORDER = {
    "a form, the answer wanted elsewhere": (
        [mail(FORM, reply_to=PAUL), mail(FORM, reply_to=ROSA)],
        (0, 1),
    ),
    "a form of one name, the answer wanted elsewhere": (
        [mail(FORM, "Formular", PAUL), mail(FORM, "Formular", ROSA)],
        (0, 1),
    ),
    "a form where one gave no address": ([mail(FORM), mail(FORM, reply_to=ROSA)], (0, 1)),
    "a form without Reply-To, by its sign": (
        [mail(FORM, shared=True), mail(FORM, shared=True)],
        (0, 1),
    ),
    "a portal that writes names before its address": (
        [mail(FORM, "Paul Probst"), mail(FORM, "Rosa Richter")],
        (0, 1),
    ),
    "a couple": ([mail(ANNA, "Anna Müller"), mail(ANNA, "Peter Müller")], (0, 1)),
    "one person, spelt in many ways": (
        [mail(name=n) for n in ("Müller, Anna", "A. Müller", "", "Dr. Anna Mueller", "Anna")],
        (0, 0, 0, 0, 0),
    ),
    "one person who has married": (
        [mail(name="Anna Müller"), mail(name="Anna Sommer"), mail(name="Anna Sommer")],
        (0, 0, 0),
    ),
    "one person whose answers go elsewhere": (
        [mail(ANNA, reply_to=ROSA), mail(ANNA, reply_to=ROSA)],
        (0, 0),
    ),
    "a service that says who handed it in, and nothing else": (
        [mail(GROUP, evidence=BY_A_PORTAL), mail(GROUP, evidence=BY_A_PORTAL)],
        (0, 1),
    ),
    "three families answer a circular": ([answer(who) for who in (ANNA, PAUL, ROSA)], (0, 1, 2)),
    "one of them twice": ([answer(ANNA), answer(PAUL), answer(ANNA)], (0, 1, 0)),
    "a form answers it for two": (
        [answer(FORM, shared=True), answer(FORM, shared=True)],
        (0, 1),
    ),
    "two who write to each other": ([answer(ANNA, to=[PAUL]), answer(PAUL, to=[ANNA])], (0, 0)),
    "two who write to the same office": (
        [answer(ANNA, to=["amt@town.example"]), answer(PAUL, to=["amt@town.example"])],
        (0, 1),
    ),
    "two copies, one with a footer": ([copy(), copy(text="Guten Tag\n-- \nListe")], (0, 0)),
    "two copies, one by a list": ([copy(), copy(generated=True)], (0, 0)),
    "two copies, one by a list in its own name": (
        [copy(), copy(GROUP, name="Anna via Gruppe", reply_to=ANNA, shared=True, generated=True)],
        (0, 0),
    ),
    "one id for all mails of a form": (
        [copy(FORM, reply_to=PAUL, shared=True), copy(FORM, reply_to=ROSA, shared=True)],
        (0, 1),
    ),
}
IN_THIS_ORDER = {
    "what came before it was learnt stays": (
        [mail(FORM, n) for n in ("Paul Probst", "Paul Probst", "Rosa Richter", "Paul Probst")],
        (0, 0, 2, 3),
    ),
    "she wrote by a portal once, and then herself": (
        [mail(evidence=BY_A_PORTAL), mail(), mail()],
        (0, 0, 0),
    ),
    "a name behind none": ([mail(FORM, n) for n in ("", "Paul Probst", "Rosa Richter")], (0, 0, 2)),
    "an initial behind a name": (
        [mail(FORM, n) for n in ("A. Müller", "Anna Müller", "Andreas Müller")],
        (0, 0, 2),
    ),
    "a Reply-To dropped": ([mail(FORM, reply_to=PAUL), mail(FORM)], (0, 1)),
    "a sign once, and none then": ([mail(FORM, shared=True), mail(FORM)], (0, 1)),
    "who may be forged teaches nothing": (
        [mail(name="Anna Müller"), mail(name="Erster Schurke", evidence=FORGED), mail()],
        (0, 1, 2),
    ),
    "whom the other wrote to, and who answers": (
        [answer(ANNA, to=[PAUL]), answer(PAUL)],
        (0, 0),
    ),
    "the message that strangers answer comes in later": (
        [answer(ANNA, answers=["<q>"]), mail(PAUL, external_id="<q>")],
        (0, 1),
    ),
    "the message comes in later, and was answered to its sender": (
        [answer(ANNA, answers=["<q>"], to=[PAUL]), mail(PAUL, external_id="<q>")],
        (0, 0),
    ),
}


async def places(world, mails, *, together) -> tuple[int, ...]:
    """Return for each mail the number of the first one in its conversation."""
    entries = await take_in(world, mails, together=together)
    found = [e["conversation_id"] for e in entries]
    return tuple(map(found.index, found))


async def take_in(world, mails, *, together=False, tenant=""):
    tenant = tenant or f"town-{next(TOWNS)}"
    arrivals = [world.mail(**{"tenant": tenant, **one}) for one in mails]
    if together:
        return await world.take_in(*arrivals)
    return [entry for one in arrivals for entry in await world.take_in(one)]


def backwards(expected) -> tuple[int, ...]:
    """Return the same, where the last mail comes first."""
    found = list(reversed(expected))
    return tuple(map(found.index, found))


async def test_which_mails_are_one_conversation(world):
    """All shapes in one database, each an authority of its own: alone and together, both ways."""
    found, expected = {}, {}
    for name, (mails, right) in {**IN_ANY_ORDER, **IN_THIS_ORDER}.items():
        for together in (False, True):
            key = name, "in one batch" if together else "in many"
            expected[key] = right
            found[key] = await places(world, mails, together=together)
            if name in IN_ANY_ORDER:
                key = (*key, "backwards")
                expected[key] = backwards(right)
                found[key] = await places(world, mails[::-1], together=together)
    assert found == expected


async def test_what_was_erased_before_it_came_joins_no_shared_address(world):
    sent = [
        world.mail(**mail(FORM, shared=True)),
        world.mail(**mail(FORM)),
        world.mail(**mail(FORM)),
    ]
    _, soon, later = await world.ground.accept.all(sent)
    await world.erase(soon.event_id, later.event_id)
    await world.append(limit=2)
    entries = [await world.entry(one.event_id) for one in (soon, later)]
    assert [e["rule"] for e in entries] == [5, 5]


# Marks of the last mail, and which mails' conversations are proposed there.
ASKED = {
    "the answer wanted elsewhere": (
        [mail(FORM, reply_to=PAUL), mail(FORM, reply_to=ROSA)],
        ("sender_shared", [0]),
    ),
    "once it is known, strangers are not proposed": (
        [mail(FORM, reply_to=r) for r in (PAUL, ROSA, ANNA)],
        ("sender_shared", []),
    ),
    "the same person by the form again": (
        [mail(FORM, reply_to=r) for r in (PAUL, ROSA, PAUL)],
        ("sender_shared", [0]),
    ),
    "a scanner proposes nothing": (
        [mail(FORM, shared=True), mail(FORM, shared=True)],
        ("sender_shared", []),
    ),
    "a couple": ([mail(name="Anna Ott"), mail(name="Peter Ott")], ("sender_shared", [0])),
    "one person": ([mail(name="Anna Ott"), mail(name="A. Ott")], ("", [])),
    "a circular": ([answer(ANNA), answer(PAUL)], ("", [0])),
    "she wrote by the form, and then herself": (
        [mail(FORM, reply_to=ROSA), mail(ROSA)],
        ("", [0]),
    ),
}


async def test_what_is_said_and_proposed(world):
    found = {}
    for name, (mails, _) in ASKED.items():
        entries = await take_in(world, mails)
        sql = "select other from conversation_store.proposal where conversation_id = $1"
        asked = await world.owner.fetch(sql, entries[-1]["conversation_id"])
        homes = [e["conversation_id"] for e in entries]
        found[name] = entries[-1]["marks"], [homes.index(row["other"]) for row in asked]
    assert found == {name: right for name, (_, right) in ASKED.items()}


AGENT = Caller("agent-7", "musterstadt", "agent")


@pytest.mark.parametrize("act", ["split", "move"])
async def test_whom_a_reply_to_names_goes_with_the_entry_that_names_her(world, act):
    paul, rosa, other = await take_in(
        world,
        [mail(FORM, shared=True, reply_to=PAUL), mail(FORM, shared=True, reply_to=ROSA), mail()],
        tenant=AGENT.tenant,
    )
    pool, home = world.ground.pool, paul["conversation_id"]
    assert await merge(pool, AGENT, rosa["conversation_id"], home)
    if act == "split":
        done = await split(world.ground, AGENT, home, [rosa["id"]])
    else:
        done = await move(world.ground, AGENT, rosa["id"], other["conversation_id"])
    sql = (
        "select p.claimed from conversation_store.participant p where p.conversation_id = $1"
        " and p.contact_point_id = $2"
    )
    who = await _who_is_claimed(world, rosa["conversation_id"])
    # To be confirmed first where somebody else's conversation was there before.
    claimed = await world.owner.fetchval(sql, done.conversation_id, who)
    assert claimed is (act == "split")
    await undo(pool, AGENT, done.rearrangement_id)
    assert await world.owner.fetchval(sql, done.conversation_id, who) is None


async def _who_is_claimed(world, conversation_id):
    sql = "select contact_point_id from conversation_store.participant"
    return await world.owner.fetchval(
        f"{sql} where claimed and conversation_id = $1", conversation_id
    )


# What an agent says of the address after the first mails, and where the later ones go.
TOLD = {
    "one person, whatever the sign": (
        [mail(FORM, shared=True)],
        False,
        [mail(FORM, shared=True)],
        0,
    ),
    "one person, whatever the name": (
        [mail(ANNA, "Anna Ott"), mail(ANNA, "Peter Ott")],
        False,
        [mail(ANNA, "Hans Ott", answers=())],
        None,  # two are open
    ),
    "one person who learnt nobody's name": (
        [mail(ANNA, "Anna Ott")],
        False,
        [mail(ANNA, "Peter Ott"), mail(ANNA, "Hans Ott", reply_to=ROSA)],
        0,
    ),
    "many people, by one name": ([mail(ANNA, "Anna Ott")], True, [mail(ANNA, "Anna Ott")], None),
}


async def test_what_an_agent_says_of_an_address_outweighs_all_signs(world):
    for name, (before, shared, after, right) in TOLD.items():
        tenant = f"town-{next(TOWNS)}"
        first, *_ = entries = await take_in(world, before, tenant=tenant)
        home, who = first["conversation_id"], first["contact_point_id"]
        agent = Caller("agent-7", tenant, "agent")
        assert await share(world.ground, agent, home, who, shared=shared) == home, name
        homes = [e["conversation_id"] for e in entries]
        for one in await take_in(world, after, tenant=tenant):
            found = one["conversation_id"]
            assert (homes.index(found) if found in homes else None) == right, name
        sql = "select reason, author from conversation_store.entry where conversation_id = $1"
        said = await world.owner.fetch(f"{sql} and kind = 'change'", home)
        assert [tuple(row) for row in said] == [("shared" if shared else "single", "agent-7")]


async def test_only_a_mail_address_of_this_conversation_can_be_said_to_be_shared(world):
    tenant = f"town-{next(TOWNS)}"
    one, other = await take_in(world, [mail(ANNA), mail(PAUL)], tenant=tenant)
    home, stranger = one["conversation_id"], other["contact_point_id"]
    agent, elsewhere = (Caller("agent-7", town, "agent") for town in (tenant, "elsewhere"))
    assert await share(world.ground, agent, home, stranger, shared=True) is None
    own = one["contact_point_id"]
    assert await share(world.ground, elsewhere, home, own, shared=True) is None
    sql = "select count(*) from conversation_store.contact_point where tenant = $1 and shared"
    assert await world.owner.fetchval(sql, tenant) == 0


async def sent_to(world, entry) -> str:
    """Return to whom an answer without a choice goes, or why it is refused."""
    try:
        message_id, _ = await reply(world.store, AGENT, entry["conversation_id"], Answer("Ja."), "")
    except Permanent as refused:
        return refused.code
    point_id = (await world.entry(message_id))["contact_point_id"]
    sql = "select id from conversation_store.participant p join conversation_store.contact_point c"
    assert await world.owner.fetchval(
        f"{sql} on c.id = p.contact_point_id where c.id = $1", point_id
    )
    return point_id


async def test_whom_a_reply_to_names_gets_the_answer_and_is_found(world, desk):
    """Claimed, not confirmed; once she answers that mail, it is she who was meant."""
    at = world.mail().event.received_at
    [asked] = await take_in(
        world, [mail(FORM, "Webseite", ROSA, account="amt")], tenant="musterstadt"
    )
    path = f"/conversations/{asked['conversation_id']}"
    ways = (await desk.get(f"{path}/ways")).json()["ways"]
    offered = [
        (w["address"], w["account"], w["reason"]["code"], w["preferred"])
        for w in ways
        if w["offered"]
    ]
    assert offered == [(FORM, "amt", "wrote_last", False), (ROSA, "amt", "claimed", True)]
    found = (await desk.post("/search", json={"address": {"kind": "email", "value": ROSA}})).json()
    assert [(c["id"], c["person"]["value"]) for c in found["conversations"]] == [
        (str(asked["conversation_id"]), ROSA)
    ]
    people = (await desk.get(path)).json()["contact_points"]
    assert [(p["value"], p["verified"], p["shared"]) for p in people] == [
        (FORM, True, False),
        (ROSA, False, False),
    ]
    message_id, _ = await reply(world.store, AGENT, asked["conversation_id"], Answer("Ja."), "")
    token = world.store.signer.make("musterstadt", asked["conversation_id"], at)
    [hers] = await take_in(world, [mail(ROSA, reply_token=token)], tenant="musterstadt")
    sent = await world.entry(message_id)
    assert (sent["contact_point_id"], hers["verified"]) == (hers["contact_point_id"], True)


async def test_who_writes_by_the_same_form_names_nobody_in_anothers_conversation(world, desk):
    """Neither gets an answer there unasked, nor does whoever the first one has named."""
    first, _ = await take_in(
        world, [mail(FORM, reply_to=ROSA), mail(FORM, reply_to=ANNA)], tenant="musterstadt"
    )
    reference = (await world.conversation(first["conversation_id"]))["reference"]
    [other] = await take_in(
        world, [mail(FORM, reply_to=PAUL, references=(reference,))], tenant="musterstadt"
    )
    assert (other["conversation_id"], other["verified"]) == (first["conversation_id"], False)
    assert other["marks"] == "sender_shared sender_unknown"
    answering = reply(world.store, AGENT, first["conversation_id"], Answer("Ja."), "")
    with pytest.raises(Permanent) as refused:
        await answering
    assert refused.value.code == "not_confirmed"
    path = f"/conversations/{first['conversation_id']}"
    people = (await desk.get(path)).json()["contact_points"]
    assert [(p["value"], p["verified"], p["shared"]) for p in people] == [
        (FORM, True, True),
        (ROSA, False, False),
        (PAUL, False, False),
    ]
    assert (await desk.get(f"{path}/others")).json()["conversations"] == []


# Two names by one address, and whether they are those of two people.
NAMES = [
    ("Anna Müller", "Müller, Anna", False),
    ("Anna Müller", "A. Müller", False),
    ("A. M.", "Anna Müller", False),
    ("Anna Müller", "", False),
    ("Anna Müller", "Frau Dr. Anna Mueller", False),
    ("Anna Müller", "Anna Müller (Stadt X)", False),
    ("Anna Müller", "anna.mueller@post.example", False),
    ("Anna Müller", "Anna Müller-Sommer", False),
    ("Anna Müller", "Anna Sommer", False),  # the address says Anna, too
    ("René Groß", "Rene Gross", False),
    ("Anna Müller", "Peter Müller", True),
    ("Anna Müller", "Paul Probst", True),
    ("Petra Müller", "Petra Sommer", True),  # the address says nothing of her
    ("Kontaktformular", "Paul Probst", True),
    ("Paul via Portal", "Rosa via Portal", True),
    ("Анна", "Пётр", True),
]


@pytest.mark.parametrize(("one", "other", "two"), NAMES)
def test_two_names_are_told_from_two_spellings(one, other, two):
    assert is_another(one, other, ANNA) is two
    assert is_another(other, one, ANNA) is two


def test_the_fuller_name_stays():
    names = ["", "A. Müller", "Anna Müller", ANNA]
    assert {fuller(one, other, ANNA) for one in names for other in names[2:3]} == {"Anna Müller"}


IDS = [f"<{n}>" for n in range(4)]
PEOPLE = [ANNA, PAUL, FORM]
MAILS = st.fixed_dictionaries(
    {
        "sender": st.sampled_from(PEOPLE),
        "name": st.sampled_from(["", "Paul Probst", "Rosa Richter"]),
        "reply_to": st.sampled_from(["", "", PAUL, ROSA]),
        "to": st.lists(st.sampled_from(PEOPLE), max_size=1),
        "answers": st.lists(st.sampled_from(IDS), max_size=2),
        "external_id": st.sampled_from([*IDS, *(f"<own {n}>" for n in range(20))]),
        "shared": st.sampled_from([False, False, True]),
        "days": st.integers(0, 3),
    }
)


def knows(one, other) -> bool:
    """Say whether the first has named, addressed or answered the second, or is the same person."""
    if one["sender"] in other["to"] or other["external_id"] in one["answers"]:
        return True
    same = ("sender", "reply_to") if not (one["shared"] or other["shared"]) else ("external_id",)
    if any(one[key] != other[key] for key in same):
        return one["external_id"] == other["external_id"] and bool(
            {one["sender"], one["reply_to"]} & {other["sender"], other["reply_to"]} - {""}
        )
    return "shared" in same or not is_another(one["name"], other["name"], one["sender"])


@settings(suppress_health_check=list(HealthCheck), max_examples=4 * settings().max_examples // 10)
@given(batches=st.lists(st.lists(MAILS, min_size=1, max_size=4), min_size=1, max_size=4))
async def test_strangers_never_share_a_conversation(world, batches):
    tenant, start = f"town-{next(TOWNS)}", world.mail().event.received_at
    homes = {}
    for batch in batches:
        arrivals = []
        for one in batch:
            more = {k: v for k, v in one.items() if k != "days"}
            at = start + timedelta(days=one["days"])
            arrivals.append(world.mail(**mail(**more), tenant=tenant, at=at))
        for one, entry in zip(batch, await world.take_in(*arrivals), strict=True):
            homes.setdefault(entry["conversation_id"], []).append(one)
    for mails in homes.values():
        reached, left = [mails[0]], mails[1:]
        for one in reached:
            found = [other for other in left if knows(one, other) or knows(other, one)]
            reached += found
            left = [other for other in left if other not in found]
        assert left == []
