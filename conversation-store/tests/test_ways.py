"""The composer's ways: each channel stands there, offered or with the reason why not."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from conversation_store.authorities import Authority
from conversation_store.reply.choose import Last, Target, Way, choose
from conversation_store.reply.ways import list_ways
from hub_contract.errors import Permanent
from hub_contract.fit import Lack
from hub_contract.words import Channel, ContactKind, ContactPoint
from hub_kit.accounts import Terms
from hub_kit.lacks import note_lack

E, P, M, F = (UUID(int=n) for n in range(1, 5))
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ACCOUNTS = {"email": "post", "web": "portal", "phone": "line"}


def way(point, channel, kind, account="own", *, verified=True, preferred_at=None) -> Way:
    found = ContactPoint(kind=kind, value=str(point))
    return Way(point, channel, account, verified, found, preferred_at)


MAIL = way(E, "email", ContactKind.EMAIL)
NAMED = way(E, "email", ContactKind.EMAIL, "")
ASKED = way(E, "email", ContactKind.EMAIL, "", preferred_at=NOON)
STRANGER = way(E, "email", ContactKind.EMAIL, verified=False)
PORTAL = way(P, "web", ContactKind.PORTAL)
SMS = way(M, "sms", ContactKind.PHONE)
FAX = way(F, "fax", ContactKind.FAX, "")
BY_WEB, BY_MAIL = Last(P, "web", "own"), Last(E, "email", "own")

# ways, last | what is offered: channel, account, reason; what is the default
OFFERED = {
    "nobody": ([], None, [], None),
    "one who wrote": ([MAIL], BY_MAIL, [("email", "own", "wrote_last")], "email"),
    "one who wrote, and named another way": (
        [PORTAL, NAMED],
        BY_WEB,
        [("email", "post", "known_here"), ("web", "own", "wrote_last")],
        "web",
    ),
    "one who asked for another way": (
        [PORTAL, ASKED],
        BY_WEB,
        [("email", "post", "asked_for"), ("web", "own", "wrote_last")],
        "email",
    ),
    "a number that people call too": (
        [SMS, way(M, "phone", ContactKind.PHONE, "line")],
        Last(M, "phone", "line"),
        [("sms", "own", "known_here")],
        "sms",
    ),
    "one who wants nothing more by SMS": (
        [replace(SMS, stopped=("sms",)), MAIL],
        Last(M, "sms", "own"),
        [("email", "own", "known_here")],
        None,
    ),
    "a stranger": ([STRANGER], BY_MAIL, [], None),
    "after a stranger the agent chooses": (
        [PORTAL, STRANGER],
        BY_MAIL,
        [("web", "own", "known_here")],
        None,
    ),
    "who is only claimed": (
        [replace(ASKED, verified=False, claimed=True)],
        None,
        [("email", "post", "claimed")],
        "email",
    ),
    "no fax of ours": ([FAX], None, [], None),
}


@pytest.mark.parametrize("name", OFFERED)
def test_what_is_offered(name):
    ways, last, offered, default = OFFERED[name]
    shown = list(list_ways(ways, last, ACCOUNTS))
    assert [(o.channel, o.account, o.reason) for o in shown if o.offered] == offered
    assert [o.channel for o in shown if o.default] == [default] * bool(default)
    assert all(o.offered for o in shown if o.default)
    assert list(dict.fromkeys(o.channel for o in shown)) == list(Channel), "each channel, in order"


REFUSED = {
    "nobody": ([], {"email": "no_address", "sms": "no_account", "web": "no_address"}),
    "a stranger": ([STRANGER], {"email": "not_confirmed", "fax": "no_account"}),
    "no fax of ours": ([FAX], {"fax": "no_account"}),
    "by telephone people answer": ([SMS], {"phone": "no_answers"}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_why_it_is_not_offered(name):
    ways, expected = REFUSED[name]
    found = {one.channel: one for one in list_ways(ways, None, ACCOUNTS)}
    assert {c: found[c].reason for c in expected} == expected
    assert not any(found[c].offered for c in expected)


UMLAUT = Way(
    *(E, "email", "own", True), ContactPoint(kind=ContactKind.EMAIL, value="jörg@example.org")
)


@pytest.mark.parametrize(
    ("ways", "ascii_only", "offered"),
    [
        ([UMLAUT], {"own"}, []),
        ([UMLAUT], {"post"}, ["email"]),
        ([MAIL], {"own"}, ["email"]),
        ([UMLAUT, PORTAL], {"own"}, ["web"]),
    ],
)
def test_an_address_that_our_mail_server_does_not_carry_is_not_offered(ways, ascii_only, offered):
    shown = list(list_ways(ways, BY_MAIL, ACCOUNTS, ascii_only))
    assert [one.channel for one in shown if one.offered] == offered
    [mail] = [one for one in shown if one.channel == "email"]
    assert (mail.reason == "not_carried") == (not mail.offered)
    assert not mail.default or mail.offered
    if "email" not in offered:
        with pytest.raises(Permanent, match=r"contact_point: .*; choose another way"):
            choose(Target(), ways, BY_MAIL, ACCOUNTS, ascii_only)


def test_an_account_that_may_not_send_is_not_offered_and_says_why():
    fax = way(F, "fax", ContactKind.FAX, "line")
    [shown] = [
        one
        for one in list_ways([fax], None, {"fax": "line"}, not_allowed={"line"})
        if one.channel == "fax"
    ]
    assert (shown.offered, shown.default, shown.reason) == (False, False, "not_allowed")
    with pytest.raises(Permanent, match=r"account: .*; choose another way"):
        choose(Target(), [fax], None, {"fax": "line"}, not_allowed={"line"})
    # Where she is reached by another way too, that one is taken.
    assert choose(Target(), [fax, MAIL], None, ACCOUNTS, not_allowed={"line"}).channel == "email"


def test_only_channels_that_need_leave_are_held_back():
    terms = {"line": Terms(), "free": Terms(allowed=True), "post": Terms()}
    channels = {"line": "fax", "free": "fax", "post": "email"}
    assert Authority("Stadt", terms=terms).not_allowed(channels) == {"line"}


async def test_what_a_channel_has_learnt_holds_until_it_learns_better(world, desk):
    [first] = await world.take_in(world.mail("jörg@example.org"))
    path = f"/conversations/{first['conversation_id']}"
    offered, said = [], []
    for lacking in (True, True, False):
        note = (world.ground.pool, "musterstadt", "post", Lack.INTERNATIONAL)
        await note_lack(*note, lacking=lacking)
        [mail] = of(await desk.get(f"{path}/ways"), "email")
        offered.append((mail["offered"], mail["reason"]["code"]))
        answer = await desk.post(f"{path}/replies", json={"text": "Ja."})
        said.append(answer.json().get("type"))
    assert offered == [(False, "not_carried"), (False, "not_carried"), (True, "wrote_last")]
    assert [bool(one) for one in said] == [True, True, False]


def of(ways, channel):
    return [way for way in ways.json()["ways"] if way["channel"] == channel]


async def test_an_address_that_bounced_is_warned_of_everywhere(world, desk):
    first, second = await world.take_in(
        world.mail(), world.mail("karl@example.org", name="Karl Klein")
    )
    paths = [f"/conversations/{one['conversation_id']}" for one in (first, second)]
    made = await desk.post(f"{paths[0]}/replies", json={"text": "Ja."})
    before = of(await desk.get(f"{paths[0]}/ways"), "email")
    entry_id = made.json()["entry_id"]
    await world.ground.accept(world.report(entry_id, "failed", reason="address_unknown"))
    await world.append()
    [now] = of(await desk.get(f"{paths[0]}/ways"), "email")
    assert before == [{**now, "warning": None}]
    at = now["warning"].pop("at")
    assert now["warning"] == {
        "code": "once_failed",
        "cause": "address_unknown",
    }
    assert datetime.fromisoformat(at).year == 2026
    await desk.post(f"{paths[0]}/close")
    [again] = await world.take_in(world.mail(at=datetime.now(UTC)))
    assert again["conversation_id"] != first["conversation_id"]
    [elsewhere] = of(await desk.get(f"/conversations/{again['conversation_id']}/ways"), "email")
    assert elsewhere["warning"]["code"] == "once_failed"
    [other] = of(await desk.get(f"{paths[1]}/ways"), "email")
    assert (other["warning"], other["address"], other["name"], other["preferred"]) == (
        *(None, "karl@example.org", "Karl Klein"),
        True,
    )


async def test_a_merged_conversation_has_the_ways_of_where_it_went(world, desk):
    first, second = await world.take_in(world.mail(), world.mail("karl@example.org"))
    path = f"/conversations/{first['conversation_id']}"
    await desk.post(f"{path}/merge", json={"into": str(second["conversation_id"])})
    ways = of(await desk.get(f"{path}/ways"), "email")
    assert {way["address"] for way in ways} == {"erika@example.org", "karl@example.org"}


async def others(desk, entry):
    answer = await desk.get(f"/conversations/{entry['conversation_id']}/others")
    return [one["id"] for one in answer.json()["conversations"]]


async def close(desk, *entries):
    for entry in entries:
        await desk.post(f"/conversations/{entry['conversation_id']}/close")


async def test_the_others_are_those_of_the_same_people(world, desk):
    [first] = await world.take_in(world.mail(name="Erika Mustermann"))
    await close(desk, first)
    second, karl = await world.take_in(
        world.mail(name="Erika Mustermann"), world.mail("karl@example.org", name="Erika Mustermann")
    )
    ids = [str(one["conversation_id"]) for one in (first, second, karl)]
    assert await others(desk, first) == [ids[1]]
    assert await others(desk, second) == [ids[0]]
    assert await others(desk, karl) == [], "a name leads nowhere"
    path = f"/contact-points/{first['contact_point_id']}/link"
    link = {"other": str(karl["contact_point_id"]), "reason": "am Telefon gesagt"}
    made = (await desk.post(path, json=link)).json()
    assert await others(desk, karl) == [ids[1], ids[0]], "newest activity first"
    assert set(await others(desk, second)) == {ids[0], ids[2]}
    for link_id in made["link_ids"]:
        await desk.post(f"/links/{link_id}/undo")
    assert await others(desk, karl) == []


async def test_who_is_not_confirmed_leads_nowhere(world, desk):
    [first] = await world.take_in(world.mail())
    reference = (await world.conversation(first["conversation_id"]))["reference"]
    own, stranger = await world.take_in(
        world.mail("karl@example.org"), world.mail("karl@example.org", references=(reference,))
    )
    assert stranger["conversation_id"] == first["conversation_id"]
    assert (await others(desk, first), await others(desk, own)) == ([], [])


async def test_a_merged_one_is_among_the_others_where_it_went(world, desk):
    [first] = await world.take_in(world.mail())
    await close(desk, first)
    second, karl = await world.take_in(world.mail(), world.mail("karl@example.org"))
    path = f"/conversations/{first['conversation_id']}/merge"
    await desk.post(path, json={"into": str(karl["conversation_id"])})
    assert await others(desk, second) == [str(karl["conversation_id"])]
    assert await others(desk, first) == [str(second["conversation_id"])]
