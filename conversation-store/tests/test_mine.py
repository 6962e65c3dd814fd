"""What a citizen sees through the portal: her own conversations, and of these what is meant for her."""

from datetime import timedelta

import pytest

from hub_contract.words import Automatic, Channel, ContactKind, ContactPoint, MessageKind

GIVEN = "912345678933"
ERIKA = ContactPoint(kind=ContactKind.EMAIL, value="erika@example.org")
INBOX = "inbox-1"


@pytest.fixture
async def citizen(desk):
    async with desk.as_(role="citizen", who=INBOX) as citizen:
        yield citizen


def web(world, text="Guten Tag", sender=INBOX, **more):
    return world.mail(sender, text, channel=Channel.WEB, account="portal", **more)


@pytest.fixture
async def form(world):
    """A form that has given out its reference, with an attachment, and an address for answers."""
    [entry] = await world.take_in(
        web(
            world,
            subject="Hundesteuer",
            reference=GIVEN,
            reachable=(ERIKA,),
            public_service="hund",
            files=(b"%PDF", b"logo"),
            attachments=(
                {"file_name": "Impfpass.pdf", "media_type": "application/pdf", "size": 4},
                {"file_name": "l.png", "media_type": "image/png", "size": 4, "inline": True},
            ),
        )
    )
    return entry


def path(entry):
    return f"/mine/{entry['conversation_id']}"


async def texts(citizen, entry, **params):
    page = (await citizen.get(f"{path(entry)}/entries", params=params)).raise_for_status().json()
    return [one["text"] for one in page["entries"]]


async def answer(desk, entry, text="Ja.", **more):
    body = {"text": text, "channel": "web", "author_name": "K. Yılmaz, Bürgerbüro", **more}
    made = await desk.post(f"/conversations/{entry['conversation_id']}/replies", json=body)
    return made.raise_for_status().json()["entry_id"]


async def test_hers_is_listed_and_shown(world, citizen, form):
    shown = (await citizen.get(path(form))).json()
    assert shown == {
        "id": str(form["conversation_id"]),
        "reference": "912-345-678-933",
        "state": "open",
        "opened_at": shown["opened_at"],
        "last_at": shown["opened_at"],
        "subject": "Hundesteuer",
        "name": "",
        "transaction": {"public_service": "hund", "status": "SUBMITTED"},
    }
    assert (await citizen.get("/mine")).json() == {"conversations": [shown]}


async def test_the_latest_is_listed_first(world, desk, citizen, form):
    at = form["at"] + timedelta(hours=1)
    [second] = await world.take_in(web(world, reference="998765432160", at=at))
    listed = [one["id"] for one in (await citizen.get("/mine")).json()["conversations"]]
    assert listed == [str(second["conversation_id"]), str(form["conversation_id"])]
    await answer(desk, form)
    listed = [one["id"] for one in (await citizen.get("/mine")).json()["conversations"]]
    assert listed[0] == str(form["conversation_id"]), "our answer is the latest message now"


async def test_she_sees_what_is_meant_for_her(world, desk, citizen, form):
    note = {"text": "intern: Nachbar hat angerufen"}
    await desk.post(f"/conversations/{form['conversation_id']}/notes", json=note)
    await answer(desk, form, "Bitte den Impfpass.")
    await world.take_in(
        world.mail("erika@example.org", "per Mail", references=(GIVEN,)),
        world.mail("fremd@example.org", "fremd", references=(GIVEN,)),
        web(world, "per Chat", references=(GIVEN,), event={"kind": MessageKind.CHAT}),
        web(world, "zehnmal falsch", references=(GIVEN,), event={"kind": MessageKind.NOTE}),
        world.mail(
            "erika@example.org",
            "bin im Urlaub",
            references=(GIVEN,),
            event={"automatic": Automatic.REPLY},
        ),
    )
    seen = ["Guten Tag", "Bitte den Impfpass.", "per Mail", "per Chat"]
    assert await texts(citizen, form, order="oldest") == seen
    assert await texts(citizen, form) == seen[::-1]
    everything = (await citizen.get(f"{path(form)}/entries")).text + (
        await citizen.get("/mine")
    ).text
    for hidden in ("intern", "fremd", "Urlaub", "zehnmal", "agent-7", "example.org", "marks"):
        assert hidden not in everything


async def test_pages_of_it_are_complete(world, desk, citizen, form):
    await desk.post(f"/conversations/{form['conversation_id']}/notes", json={"text": "intern"})
    for number in range(5):
        await world.take_in(web(world, str(number), references=(GIVEN,)))
    found, after = [], 0
    while after is not None:
        params = {"order": "oldest", "limit": 2, "after": after}
        page = (await citizen.get(f"{path(form)}/entries", params=params)).json()
        found += [one["text"] for one in page["entries"]]
        after = page["next"]
    assert found == ["Guten Tag", "0", "1", "2", "3", "4"]


async def test_a_line_of_hers_and_a_line_of_ours(world, desk, citizen, form):
    entry_id = await answer(desk, form)
    ours, hers = (await citizen.get(f"{path(form)}/entries")).json()["entries"]
    assert (ours["id"], ours["direction"], ours["mine"]) == (entry_id, "out", False)
    assert ours["signed"] == "K. Yılmaz, Bürgerbüro"
    assert ours["delivery"] == {"code": "on_its_way"}
    assert (hers["mine"], hers["delivery"], hers["kind"]) == (True, None, "message")
    assert [(f["number"], f["file_name"]) for f in hers["attachments"]] == [(0, "Impfpass.pdf")]


async def test_delivery_in_plain_words(world, desk, citizen, form):
    entry_id = await answer(desk, form)
    for status, code in (
        ("accepted", "on_its_way"),
        ("delivered", "arrived"),
        ("failed", "did_not_arrive"),
    ):
        await world.take_in(world.report(entry_id, status, code="5.1.1"))
        page = (await citizen.get(f"{path(form)}/entries")).json()
        assert page["entries"][0]["delivery"] == {"code": code}


async def test_her_files_and_a_long_text(world, citizen, form):
    file = await citizen.get(f"{path(form)}/entries/{form['id']}/attachments/0")
    assert (file.content, file.headers["x-content-type-options"]) == (b"%PDF", "nosniff")
    long = "Sehr geehrte Damen und Herren, " * 1000
    [entry] = await world.take_in(web(world, long, references=(GIVEN,)))
    line = (await citizen.get(f"{path(form)}/entries")).json()["entries"][0]
    assert line["more"] is True
    assert long.startswith(line["text"])
    whole = (await citizen.get(f"{path(form)}/entries/{entry['id']}")).json()
    assert (whole["text"], whole["more"]) == (long, False)


async def test_what_she_does_not_see_does_not_exist(world, desk, citizen, form):
    body = {"text": "intern"}
    noted = await desk.post(f"/conversations/{form['conversation_id']}/notes", json=body)
    stranger, other = await world.take_in(
        world.mail(
            "fremd@example.org",
            references=(GIVEN,),
            files=(b"x",),
            attachments=({"file_name": "x", "media_type": "a/b", "size": 1},),
        ),
        web(world, sender="inbox-2"),
    )
    home = path(form)
    nothing = await citizen.get(f"{home}/entries/{'0' * 8}-0000-0000-0000-{'0' * 12}")
    for hidden in (
        f"{home}/entries/{noted.json()['entry_id']}",
        f"{home}/entries/{stranger['id']}",
        f"{home}/entries/{stranger['id']}/attachments/0",
        f"{home}/entries/{other['id']}",
        f"{home}/entries/{form['id']}/attachments/7",
        path(other),
        f"{path(other)}/entries",
        f"{path(other)}/entries/{form['id']}",
    ):
        answered = await citizen.get(hidden)
        assert (answered.status_code, answered.content) == (404, nothing.content), hidden
    assert (await citizen.post(f"{path(other)}/read", json={"up_to": 9})).status_code == 404


async def test_an_inbox_that_is_not_confirmed_sees_nothing(world, desk, form):
    """Who only names a reference takes part, and reads nothing until an agent confirms it."""
    [guess] = await world.take_in(web(world, sender="inbox-3", references=(GIVEN,)))
    assert (guess["conversation_id"], guess["verified"]) == (form["conversation_id"], False)
    async with desk.as_(role="citizen", who="inbox-3") as other:
        assert (await other.get(path(form))).status_code == 404
        assert (await other.get("/mine")).json() == {"conversations": []}
        body = {"contact_point": str(guess["contact_point_id"])}
        await desk.post(f"/conversations/{form['conversation_id']}/confirm", json=body)
        assert (await other.get(path(form))).status_code == 200


async def test_what_an_agent_moves_in_from_a_stranger_stays_hidden(world, desk, citizen, form):
    first, second = await world.take_in(
        world.mail("karl@example.org", "vertraulich"), world.mail("karl@example.org", "noch etwas")
    )
    assert second["conversation_id"] == first["conversation_id"]
    body = {"to": str(form["conversation_id"])}
    assert (await desk.post(f"/entries/{first['id']}/move", json=body)).status_code == 200
    assert await texts(citizen, form) == ["Guten Tag"]


async def test_a_merged_conversation_lives_on_where_it_went(world, desk, citizen, form):
    [second] = await world.take_in(web(world, "Zweites", reference="998765432160"))
    source = f"/conversations/{second['conversation_id']}/merge"
    await desk.post(source, json={"into": str(form["conversation_id"])})
    [shown] = (await citizen.get("/mine")).json()["conversations"]
    assert shown["id"] == str(form["conversation_id"])
    assert (await citizen.get(path(second))).json() == shown
    assert await texts(citizen, second, order="oldest") == ["Guten Tag", "Zweites"]


async def test_an_erased_message_says_so(world, desk, citizen, form):
    await world.erase(form["id"])
    [line] = (await citizen.get(f"{path(form)}/entries")).json()["entries"]
    assert (line["erased"], line["text"], line["attachments"]) == (True, "", [])


async def test_what_she_has_read_is_reported_once(world, desk, citizen, form):
    first = await answer(desk, form, "Eins")
    by_mail = await answer(desk, form, "Zwei", channel="email", account="post")
    last = await answer(desk, form, "Drei")
    place = (await world.entry(by_mail))["place"]
    read = await citizen.post(f"{path(form)}/read", json={"up_to": place})
    assert read.json() == {"messages": 1}
    await world.append()
    words = {i: (await world.entry(i))["delivery"] for i in (first, by_mail, last)}
    assert words == {first: "read", by_mail: "requested", last: "requested"}
    again = await citizen.post(f"{path(form)}/read", json={"up_to": place})
    assert again.json() == {"messages": 0}
    [said] = [e for e in await world.said("faden.entry.appended") if e.change == "delivery"]
    assert str(said.entry_id) == first


@pytest.mark.parametrize("role", ["agent", "supervisor", "service", "operator"])
async def test_nobody_else_reads_as_a_citizen(desk, form, role):
    async with desk.as_(role=role, who=INBOX) as other:
        assert (await other.get(path(form))).status_code == 403


async def test_a_citizen_reads_and_does_nothing_else(citizen, form):
    home = f"/conversations/{form['conversation_id']}"
    for method, where in (
        ("GET", home),
        ("GET", f"{home}/entries"),
        ("GET", f"{home}/ways"),
        ("GET", f"/entries/{form['id']}"),
        ("GET", f"/entries/{form['id']}/original"),
        ("POST", f"{home}/close"),
        ("POST", f"/entries/{form['id']}/erase"),
    ):
        assert (await citizen.request(method, where)).status_code == 403, where
