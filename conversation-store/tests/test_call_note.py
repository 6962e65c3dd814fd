"""What was said in a call: each concern has its own conversation, and the call's entry finds it."""

import pytest

from hub_contract.words import CallStatus, Channel, MessageKind

ANNA = "+491711234567"


@pytest.fixture
async def call(world):
    arrival = world.call(ANNA)
    await world.ground.accept.all([arrival])
    await world.append()
    return arrival.event.call_id


def concerns(*texts):
    return {"concerns": [{"text": text} for text in texts]}


async def note(desk, call, body, key="k"):
    headers = {"Idempotency-Key": key}
    return await desk.post(f"/calls/{call}/notes", json=body, headers=headers)


async def end(world):
    """Let the call end, and its entry come."""
    await world.ground.accept.all([world.call(ANNA, CallStatus.ENDED)])
    [entry] = await world.take_in(
        world.mail(
            ANNA,
            "",
            channel=Channel.PHONE,
            account="zentrale",
            external_id="CA0001",
            event={"kind": MessageKind.CALL},
        )
    )
    return entry["conversation_id"]


async def test_an_unknown_caller_gets_a_conversation_that_the_call_finds(world, desk, call):
    answer = (await note(desk, call, concerns("Hund anmelden"))).raise_for_status().json()
    [made] = answer["notes"]
    assert made["new"]
    page = (await desk.get(f"/conversations/{made['conversation_id']}")).json()
    assert page["assignee"] == "agent-7"
    assert [p["value"] for p in page["contact_points"]] == [ANNA]
    assert str(await end(world)) == made["conversation_id"]


async def test_each_concern_has_its_own_and_the_call_goes_to_the_first(world, desk, call):
    answer = (await note(desk, call, concerns("Hund", "Müll", "Pass"))).json()
    homes = [one["conversation_id"] for one in answer["notes"]]
    assert len(set(homes)) == 3
    assert str(await end(world)) == homes[0]
    others = (await desk.get(f"/conversations/{homes[0]}/others")).json()["conversations"]
    assert {one["id"] for one in others} == set(homes[1:])
    mine = (await desk.get("/queue")).json()["conversations"]
    assert {(one["excerpt"], one["person"]["value"]) for one in mine if one["excerpt"]} >= {
        ("Müll", ANNA),
        ("Pass", ANNA),
    }


async def test_nothing_is_lost_when_the_call_ends_first(world, desk, call):
    home = await end(world)
    answer = (await note(desk, call, concerns("Hund"))).raise_for_status().json()
    body = {"concerns": [{"text": "Noch etwas", "conversation_id": str(home)}]}
    there = (await note(desk, call, body, "other")).json()
    assert answer["notes"][0]["conversation_id"] != str(home)
    assert there["notes"][0]["conversation_id"] == str(home)


async def test_twice_is_once(world, desk, call):
    once, twice = [(await note(desk, call, concerns("Hund", "Müll"))).json() for _ in range(2)]
    assert [one["new"] for one in twice["notes"]] == [False, False]
    assert [o["entry_id"] for o in once["notes"]] == [o["entry_id"] for o in twice["notes"]]
    assert len(await world.rows("entry")) == 2


async def test_an_older_conversation_gets_nobody_new(world, desk, call):
    [mail] = await world.take_in(world.mail("karl@example.org"))
    home = str(mail["conversation_id"])
    body = {"concerns": [{"text": "Sagt, sie sei Karl", "conversation_id": home}]}
    (await note(desk, call, body)).raise_for_status()
    page = (await desk.get(f"/conversations/{home}")).json()
    assert [p["value"] for p in page["contact_points"]] == ["karl@example.org"]


async def test_a_withheld_number_is_in_no_conversation(world, desk):
    arrival = world.call(None)
    await world.ground.accept.all([arrival])
    await world.append()
    [made] = (await note(desk, arrival.event.call_id, concerns("Anonym"))).json()["notes"]
    page = (await desk.get(f"/conversations/{made['conversation_id']}")).json()
    assert page["contact_points"] == []


async def test_tenants_are_apart_and_nothing_is_written_of_what_is_not_there(world, desk, call):
    [mail] = await world.take_in(world.mail("karl@example.org", tenant="kleindorf"))
    theirs = {"concerns": [{"text": "x", "conversation_id": str(mail["conversation_id"])}]}
    assert (await note(desk, call, theirs)).status_code == 404
    assert (await note(desk.as_("kleindorf"), call, concerns("x"))).status_code == 404
    assert (await note(desk.as_(role="citizen"), call, concerns("x"))).status_code == 403
    assert len(await world.rows("entry")) == 1


@pytest.mark.parametrize("texts", [(" ",), ("Hund", "")])
async def test_an_empty_concern_is_refused(world, desk, call, texts):
    answer = await note(desk, call, concerns(*texts))
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:faden:problem:text_missing")
    assert await world.rows("entry") == []
