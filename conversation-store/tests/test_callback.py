"""Call-backs: made of a wish or by an agent, always with a time, and each result is an entry."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation_store.advance import MOST, Result, Stand, State, advance
from hub_contract.words import (
    CallbackDay,
    CallbackPart,
    CallbackWish,
    Channel,
    ContactKind,
    ContactPoint,
)
from hub_kit.sealing import open_event

ANNA = "+491711234567"
MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)  # nine o'clock in Berlin
TODAY = CallbackWish(day=CallbackDay.TODAY)


async def wished(world, wish=TODAY, *, at=MONDAY, **more):
    message = world.mail(
        ANNA, "", channel=Channel.PHONE, account="zentrale", at=at, callback=wish, **more
    )
    [entry] = await world.take_in(message)
    return entry["conversation_id"], entry["id"]


async def shown(desk, home):
    page = (await desk.get(f"/conversations/{home}")).raise_for_status().json()
    return page["callbacks"]


async def told(desk, callback, result, attempts=0):
    body = {"result": result, "attempts": attempts}
    return await desk.post(f"/callbacks/{callback}/result", json=body)


async def deeds(desk, home):
    entries = await desk.pages(f"/conversations/{home}/entries", order="oldest")
    return [e["reason"]["code"] for e in entries if e["kind"] == "change"]


async def test_a_wish_is_a_callback_with_a_time(world, desk):
    home, id_ = await wished(world)
    [callback] = await shown(desk, home)
    assert callback["id"] == str(id_)
    assert (callback["state"], callback["attempts"], callback["owner"]) == ("open", 0, None)
    assert datetime.fromisoformat(callback["due_at"]) == datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
    assert callback["person"]["value"] == ANNA


async def test_a_number_that_was_wished_for_is_the_one_to_call(world, desk):
    office = ContactPoint(kind=ContactKind.PHONE, value="+4930901820")
    home, _ = await wished(world, CallbackWish(part=CallbackPart.MORNING, number=office))
    [callback] = await shown(desk, home)
    assert callback["person"]["value"] == office.value
    assert callback["part"] == "morning"


async def test_it_is_for_whoever_takes_care_of_the_conversation(world, desk):
    home, _ = await wished(world, None)
    await desk.post(f"/conversations/{home}/assign", json={"assignee": "agent-8"})
    assert (await wished(world))[0] == home
    [callback] = await shown(desk, home)
    assert callback["owner"] == "agent-8"


async def test_who_wishes_again_has_one_callback_and_its_owner_stays(world, desk):
    home, first = await wished(world)
    await desk.post(f"/callbacks/{first}/assign", json={"owner": "agent-8"})
    _, second = await wished(world, CallbackWish(day=CallbackDay.TOMORROW))
    [callback] = await shown(desk, home)
    assert (callback["id"], callback["owner"]) == (str(second), "agent-8")
    [gone] = [row for row in await world.rows("callback") if row["id"] == first]
    assert (gone["state"], gone["reason"]) == ("withdrawn", "repeated")


async def test_the_same_wish_twice_is_once(world, desk):
    message = world.mail(ANNA, channel=Channel.PHONE, callback=TODAY)
    [entry] = await world.take_in(message)
    await told(desk, entry["id"], "reached")
    world.position = "0:0"
    await world.append()
    assert [row["state"] for row in await world.rows("callback")] == ["reached"]


async def test_an_agent_asks_for_one_and_owns_it(world, desk):
    [entry] = await world.take_in(world.mail())
    path = f"/conversations/{entry['conversation_id']}/callbacks"
    for new in (True, False):
        answer = await desk.post(path, json={"day": "tomorrow"}, headers={"Idempotency-Key": "k"})
        assert answer.json()["new"] is new
    [callback] = await shown(desk, entry["conversation_id"])
    assert (callback["owner"], callback["made_by"]) == ("agent-7", "agent-7")
    assert datetime.fromisoformat(callback["due_at"]) > datetime.now(UTC)
    assert await deeds(desk, entry["conversation_id"]) == ["callback_wanted"]


async def test_taking_and_giving_back_stand_in_the_timeline(world, desk):
    home, id_ = await wished(world)
    for owner in ("agent-7", "agent-7", None):
        answer = await desk.post(f"/callbacks/{id_}/assign", json={"owner": owner})
        assert answer.status_code == 204
    assert await deeds(desk, home) == ["callback_assigned", "callback_released"]


@pytest.mark.parametrize(
    ("result", "state", "deed"),
    [
        ("reached", "reached", "callback_reached"),
        ("number_wrong", "withdrawn", "callback_number_wrong"),
        ("writes", "done", "callback_writes"),
        ("done", "done", "callback_done"),
        ("withdrawn", "withdrawn", "callback_withdrawn"),
    ],
)
async def test_what_ends_it_ends_it(world, desk, result, state, deed):
    home, id_ = await wished(world)
    answer = (await told(desk, id_, result)).raise_for_status().json()
    assert (answer["state"], answer["conversation_id"]) == (state, str(home))
    assert await shown(desk, home) == []
    assert await deeds(desk, home) == [deed]
    again = await told(desk, id_, "reached", answer["attempts"])
    assert (again.status_code, again.json()["type"]) == (422, "urn:faden:problem:callback_ended")


async def test_who_is_not_reached_is_tried_again_and_then_another_way_is_proposed(world, desk):
    home, id_ = await wished(world)
    before = MONDAY
    for attempt in range(MOST):
        answer = (await told(desk, id_, "not_reached", attempt)).raise_for_status().json()
        assert answer["other_way"] is (attempt + 1 == MOST)
        [callback] = await shown(desk, home)
        assert callback["attempts"] == attempt + 1
        assert callback["owner"] == "agent-7"
        due = datetime.fromisoformat(callback["due_at"])
        assert due > before
        before = due - timedelta(seconds=1)
    assert callback["other_way"]
    assert await deeds(desk, home) == ["callback_not_reached"] * MOST


async def test_the_same_result_twice_is_one_attempt(world, desk):
    home, id_ = await wished(world)
    for _ in range(2):
        answer = await told(desk, id_, "not_reached", 0)
        assert answer.json()["attempts"] == 1
    assert await deeds(desk, home) == ["callback_not_reached"]


async def test_it_moves_with_its_entry(world, desk):
    home, id_ = await wished(world)
    [other] = await world.take_in(world.mail("karl@example.org"))
    target = str(other["conversation_id"])
    answer = await desk.post(f"/conversations/{home}/merge", json={"into": target})
    assert [one["id"] for one in await shown(desk, target)] == [str(id_)]
    await desk.post(f"/rearrangements/{answer.json()['rearrangement_id']}/undo")
    assert await shown(desk, target) == []
    assert [one["id"] for one in await shown(desk, home)] == [str(id_)]


async def test_the_queue_shows_whom_to_call_first(world, desk):
    later, _ = await wished(world, CallbackWish(day=CallbackDay.TOMORROW))
    [entry] = await world.take_in(world.mail("x@example.org", at=MONDAY, callback=TODAY))
    await world.take_in(world.mail("karl@example.org"))
    page = (await desk.get("/queue", params={"view": "callbacks", "limit": 1})).json()
    rest = await desk.get("/queue", params={"view": "callbacks", "limit": 1, "after": page["next"]})
    lines = page["conversations"] + rest.json()["conversations"]
    assert [line["id"] for line in lines] == [str(entry["conversation_id"]), str(later)]
    assert lines[0]["callback_due"] == "2026-03-02T15:00:00Z"
    assert (rest.json()["next"], page["counts"]["callbacks"]) == (None, 2)
    free = (await desk.get("/queue", params={"view": "unassigned"})).json()["conversations"]
    assert sorted(bool(line["callback_due"]) for line in free) == [False, True, True]


async def test_a_number_that_is_erased_is_gone_and_the_callback_stays(world, desk):
    home, id_ = await wished(world)
    await world.erase(id_)
    [callback] = await shown(desk, home)
    assert callback["person"] is None


async def test_tenants_are_apart(world, desk):
    home, id_ = await wished(world)
    village = desk.as_("kleindorf")
    asked = (
        (f"/conversations/{home}/callbacks", {"day": "today"}),
        (f"/callbacks/{id_}/assign", {"owner": "agent-1"}),
        (f"/callbacks/{id_}/result", {"result": "reached", "attempts": 0}),
    )
    for path, body in asked:
        assert (await village.post(path, json=body)).status_code == 404
    assert (await village.get("/queue", params={"view": "callbacks"})).json()["counts"] == {
        "mine": 0, "unassigned": 0, "waiting": 0, "callbacks": 0, "snoozed": 0, "closed": 0,
    }  # fmt: skip
    assert [one["attempts"] for one in await shown(desk, home)] == [0]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"result": "perhaps", "attempts": 0}, "result"),
        ({"result": "reached", "attempts": -1}, "attempts"),
        ({"result": "reached"}, "attempts"),
    ],
)
async def test_what_is_wrong_is_named(world, desk, body, field):
    _, id_ = await wished(world)
    answer = await desk.post(f"/callbacks/{id_}/result", json=body)
    assert answer.status_code == 422
    assert field in str(answer.json()["faults"])


async def test_of_what_is_not_there_nothing_is_told(desk):
    nowhere: UUID = uuid4()
    assert (await told(desk, nowhere, "reached")).status_code == 404


@given(st.lists(st.sampled_from(Result), max_size=12))
def test_attempts_only_grow_and_what_has_ended_stays(results) -> None:
    stand = Stand()
    for result in results:
        after = advance(stand, result)
        assert stand.attempts <= after.attempts <= stand.attempts + 1
        assert stand.is_due or after == stand
        assert after.needs_other_way == (
            after.state is State.NOT_REACHED and after.attempts >= MOST
        )
        stand = after


async def rung(desk, callback, telephone="0711 123911"):
    return await desk.post(f"/callbacks/{callback}/call", json={"telephone": telephone})


async def test_a_call_rings_the_agent_first_and_is_made_once(world, desk):
    home, id_ = await wished(world)
    answers = [await rung(desk, id_) for _ in range(3)]
    assert [one.status_code for one in answers] == [201, 200, 200]
    assert len({one.json()["entry_id"] for one in answers}) == 1
    [sealed] = await world.said("faden.message.requested.phone")
    sql = "select wrapped from hub.message_key where owner = $1"
    wrapped = await world.owner.fetchval(sql, sealed.id)
    request = open_event(sealed, world.ground.ring.unwrap(wrapped, sealed.id))
    assert request.content.rings_first.value == "+49711123911"
    assert (request.content.recipient.value, request.content.text) == (ANNA, "")
    [callback] = await shown(desk, home)
    assert callback["owner"] is not None
    entries = await desk.pages(f"/conversations/{home}/entries", order="oldest")
    [call] = [one for one in entries if one["kind"] == "call" and one["direction"] == "out"]
    assert call["delivery"]["status"] == "requested"


@pytest.mark.parametrize("telephone", ["115", "anonym", "x", "12", "+49 711 1 und 2"])
async def test_a_telephone_that_does_not_ring_is_refused(world, desk, telephone):
    _, id_ = await wished(world)
    answer = await rung(desk, id_, telephone)
    assert (answer.status_code, answer.json()["type"]) == (
        422,
        "urn:faden:problem:telephone_wrong",
    )


async def test_who_has_ended_is_not_rung(world, desk):
    _, id_ = await wished(world)
    await told(desk, id_, "reached")
    assert (await rung(desk, id_)).status_code == 422
    assert (await rung(desk, uuid4())).status_code == 404
