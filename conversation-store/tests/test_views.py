"""The agent's queue: each view in its order, complete over all pages, counted exactly."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from conversation_store.queue.tally import fold
from conversation_store.queue.views import VIEWS
from hub_contract.words import Automatic, CallbackWish, Channel

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SOON = "2199-01-01T00:00:00Z"
# what is done to a conversation, by its number
DEEDS = {
    "mine": lambda n: n % 3 == 0,
    "theirs": lambda n: n % 5 == 1,
    "closed": lambda n: n % 4 == 0,
    "snoozed": lambda n: n % 7 == 0,
    "answered": lambda n: n % 6 == 2,
}


@pytest.fixture
async def many(world, desk):
    """Thirty conversations, several with one moment, in every state an agent can bring about."""
    entries = await world.take_in(
        *(
            world.mail(
                f"p{n}@example.org",
                at=AT + timedelta(minutes=n // 4),
                subject=f"Frage {n}",
                callback=CallbackWish() if n % 6 == 5 else None,
            )
            for n in range(30)
        )
    )
    for n, entry in enumerate(entries):
        path = f"/conversations/{entry['conversation_id']}"
        done = {name for name, applies in DEEDS.items() if applies(n)}
        if done & {"mine", "theirs"}:
            assignee = "agent-7" if "mine" in done else "agent-8"
            await desk.post(f"{path}/assign", json={"assignee": assignee})
        if "answered" in done:
            await desk.post(f"{path}/replies", json={"text": "Ja."})
        if "snoozed" in done:
            until = (datetime.now(UTC) + timedelta(days=1 + n % 3)).isoformat()
            await desk.post(f"{path}/snooze", json={"until": until})
        if "closed" in done:
            await desk.post(f"{path}/close")


async def walk(desk, view, **params):
    found, counts = [], []
    params["view"] = view
    while True:
        page = (await desk.get("/queue", params=params)).raise_for_status().json()
        found += page["conversations"]
        counts.append(page["counts"])
        if page["next"] is None:
            return found, counts
        params["after"] = page["next"]


def belongs(row, view) -> bool:
    return {
        "mine": row["state"] == "open" and row["assignee"] == "agent-7",
        "unassigned": row["state"] == "open" and row["assignee"] is None,
        "waiting": row["state"] == "open" and row["waiting_since"] is not None,
        "snoozed": row["state"] == "snoozed",
        "closed": row["state"] == "closed",
        "callbacks": row["called"],
    }[view]


ORDERS = {
    "mine": ("last_at", True),
    "unassigned": ("last_at", True),
    "waiting": ("waiting_since", False),
    "snoozed": ("snoozed_until", False),
    "closed": ("last_at", True),
    "callbacks": ("callback_due", False),
}


@pytest.mark.parametrize("limit", [1, 4, 100])
@pytest.mark.parametrize("view", VIEWS)
async def test_a_view_is_complete_in_order_and_counted(world, desk, many, view, limit):
    due = {row["id"] for row in await world.rows("callback")}  # of the message that began it
    rows = [{**row, "called": row["id"] in due} for row in await world.rows("conversation")]
    expected = {str(row["id"]) for row in rows if belongs(row, view)}
    found, counts = await walk(desk, view, limit=limit)
    assert len(expected) >= 3, "else the table of deeds says nothing of this view"
    assert sorted(one["id"] for one in found) == sorted(expected)
    moment, newest_first = ORDERS[view]
    keys = [(one[moment], one["id"]) for one in found]
    assert keys == sorted(keys, reverse=newest_first)
    exact = {name: sum(belongs(row, name) for row in rows) for name in VIEWS}
    assert counts == [exact] * len(counts)


async def test_mine_is_the_callers_own(desk, many):
    other = desk.as_(who="agent-8")
    found, counts = await walk(other, "mine")
    await other.aclose()
    assert {one["assignee"] for one in found} == {"agent-8"}
    assert counts[0]["mine"] == len(found)


async def test_a_line_says_who_what_and_by_which_channel(world, desk):
    [first] = await world.take_in(world.mail(name="Erika", subject="Hund", at=AT))
    reference = (await world.conversation(first["conversation_id"]))["reference"]
    await world.take_in(
        world.mail(
            "+49171",
            "Und?",
            channel=Channel.SMS,
            account="sms",
            references=(reference,),
            at=AT + timedelta(hours=1),
        )
    )
    [line] = (await desk.get("/queue?view=unassigned")).json()["conversations"]
    assert (line["channel"], line["last_channel"]) == ("email", "sms")
    assert (line["person"]["value"], line["excerpt"], line["unread"]) == ("+49171", "Und?", 2)
    assert line["waiting_since"] == "2026-03-02T09:00:00Z"


@pytest.mark.parametrize("query", ["view=all", "after=x", "after=eHx4", "limit=0", "limit=101"])
async def test_what_is_no_view(desk, query):
    assert (await desk.get(f"/queue?{query}")).status_code == 422


async def test_the_counts_stay_when_the_notes_are_folded(world, desk, many):
    before = (await walk(desk, "mine"))[1][0]
    notes = len(await world.rows("tally"))
    pool = world.ground.pool
    await asyncio.gather(*(fold(pool, "musterstadt") for _ in range(4)), fold(pool, "kleindorf"))
    assert len(await world.rows("tally")) < notes / 2
    assert (await walk(desk, "mine"))[1][0] == before
    folded = await world.rows("tally", "state, assignee, waiting")
    await fold(pool, "musterstadt")
    assert await world.rows("tally", "state, assignee, waiting") == folded, "nothing to fold"


async def since(world, entry):
    return (await world.conversation(entry["conversation_id"]))["waiting_since"]


def answer(desk, entry, text="Ja.", **more):
    path = f"/conversations/{entry['conversation_id']}/replies"
    return desk.post(path, json={"text": text, **more})


async def test_she_waits_from_her_first_message_to_our_answer(world, desk):
    [first] = await world.take_in(world.mail(at=AT))
    await world.take_in(world.mail(at=AT + timedelta(hours=1)))
    assert await since(world, first) == AT
    await desk.post(f"/conversations/{first['conversation_id']}/notes", json={"text": "intern"})
    await answer(desk, first, "Wir haben Ihre Nachricht erhalten.", automatic=True)
    assert await since(world, first) == AT, "neither a note nor a machine answers"
    await answer(desk, first)
    assert await since(world, first) is None
    later = AT + timedelta(hours=2)
    await world.take_in(
        world.mail(at=AT + timedelta(hours=1), event={"automatic": Automatic.REPLY})
    )
    assert await since(world, first) is None, "a machine does not wait"
    await world.take_in(world.mail(at=later))
    assert await since(world, first) == later


async def test_an_answer_that_did_not_arrive_was_none(world, desk):
    [first] = await world.take_in(world.mail(at=AT))
    entry_id = (await answer(desk, first)).json()["entry_id"]
    await world.ground.accept(world.report(entry_id, "delivered"))
    await world.append()
    assert await since(world, first) is None
    second = AT + timedelta(hours=1)
    await world.ground.accept.all([world.report(entry_id, "returned"), world.mail(at=second)])
    await world.append()
    assert await since(world, first) == AT


async def test_who_closes_has_answered(world, desk):
    [first] = await world.take_in(world.mail(at=AT))
    path = f"/conversations/{first['conversation_id']}"
    await desk.post(f"{path}/snooze", json={"until": SOON})
    assert await since(world, first) == AT
    await desk.post(f"{path}/close")
    assert await since(world, first) is None
    await desk.post(f"{path}/reopen")
    assert await since(world, first) is None


async def test_waiting_goes_along_with_what_is_moved(world, desk):
    first, second = await world.take_in(
        world.mail(at=AT), world.mail("karl@example.org", at=AT + timedelta(hours=1))
    )
    await answer(desk, second)
    assert await since(world, second) is None
    source, target = (f"/conversations/{one['conversation_id']}" for one in (first, second))
    done = (await desk.post(f"{target}/merge", json={"into": source.split("/")[2]})).json()
    assert await since(world, first) is None, "its last word is our answer"
    await desk.post(f"/rearrangements/{done['rearrangement_id']}/undo")
    assert (await since(world, first), await since(world, second)) == (AT, None)
    [third] = await world.take_in(world.mail(at=AT + timedelta(hours=2)))
    assert third["conversation_id"] == first["conversation_id"]
    await desk.post(f"/entries/{first['id']}/move", json={"to": target.split("/")[2]})
    assert await since(world, third) == AT + timedelta(hours=2)
    assert await since(world, second) is None, "we have answered since"


async def test_who_waits_is_not_answered_by_closing_what_is_merged_into_it(world, desk):
    """Both ways: neither here by what was closed there, nor what comes by what was closed here."""
    waits, closed = await world.take_in(
        world.mail(at=AT + timedelta(hours=1)), world.mail("karl@example.org", at=AT)
    )
    here, there = (f"/conversations/{one['conversation_id']}" for one in (waits, closed))
    await desk.post(f"{there}/close")
    merged = await desk.post(f"{there}/merge", json={"into": str(waits["conversation_id"])})
    assert await since(world, waits) == AT + timedelta(hours=1)
    await desk.post(f"/rearrangements/{merged.json()['rearrangement_id']}/undo")
    await desk.post(f"{here}/merge", json={"into": str(closed["conversation_id"])})
    assert await since(world, closed) == AT + timedelta(hours=1)
    await desk.post(f"{there}/close")
    await desk.post(f"{there}/reopen")
    assert await since(world, closed) is None, "now it stood there"


async def test_what_was_closed_does_not_wait_again_after_a_merge(world, desk):
    closed, other = await world.take_in(
        world.mail(at=AT), world.mail("karl@example.org", at=AT + timedelta(hours=1))
    )
    path = f"/conversations/{closed['conversation_id']}"
    await desk.post(f"{path}/close")
    await answer(desk, other)
    await desk.post(f"{path}/merge", json={"into": str(other["conversation_id"])})
    assert await since(world, other) is None
