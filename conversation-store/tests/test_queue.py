"""Lists for agents: newest activity first, complete over all pages, exactly counted, searched."""

from datetime import UTC, datetime, timedelta

import pytest

from conversation_store.change import wake


@pytest.fixture
async def many(world):
    """Thirty conversations, every third with the same moment of its last activity."""
    at = datetime(2026, 3, 2, tzinfo=UTC)
    entries = await world.take_in(
        *(
            world.mail(f"p{n}@example.org", at=at + timedelta(minutes=n // 3), subject=f"Frage {n}")
            for n in range(30)
        )
    )
    return [str(entry["conversation_id"]) for entry in entries]


async def walk(desk, **params):
    found, counts = [], []
    while True:
        page = (await desk.get("/conversations", params=params)).raise_for_status().json()
        found += page["conversations"]
        counts.append(page["count"])
        if page["next"] is None:
            return found, counts
        params["after"] = page["next"]


@pytest.mark.parametrize("limit", [1, 7, 30, 100])
async def test_pages_are_complete_and_in_order(desk, many, limit):
    found, counts = await walk(desk, limit=limit)
    assert sorted(c["id"] for c in found) == sorted(many)
    keys = [(c["last_at"], c["id"]) for c in found]
    assert keys == sorted(keys, reverse=True)
    assert counts[0] == 30
    assert set(counts[1:]) <= {None}


async def test_a_line_says_who_and_what(world, desk, many):
    await world.take_in(
        world.mail("p0@example.org", "x" * 500, name="Erika", subject="Neu: " + "ä" * 300)
    )
    found, _ = await walk(desk)
    assert found[0]["person"] == {"kind": "email", "value": "p0@example.org", "name": "Erika"}
    assert found[0]["subject"].startswith("Neu: ää")
    assert len(found[0]["subject"].encode()) <= 160
    assert len(found[0]["excerpt"]) <= 160
    assert (found[0]["entries"], found[0]["unread"]) == (2, 2)


async def test_states_and_assignees(desk, many):
    for n, conversation_id in enumerate(many):
        path = f"/conversations/{conversation_id}"
        if n % 3 == 0:
            await desk.post(f"{path}/close")
        if n % 5 == 0:
            await desk.post(f"{path}/assign", json={"assignee": "agent-7"})
    for params, expected in (
        ({"state": "open"}, 20),
        ({"state": "closed"}, 10),
        ({"state": "snoozed"}, 0),
        ({"assignee": "agent-7"}, 4),
        ({"assignee": "agent-7", "state": "closed"}, 2),
        ({"assignee": "nobody"}, 0),
        ({"unassigned": "true"}, 16),
    ):
        found, counts = await walk(desk, limit=3, **params)
        assert (len(found), counts[0]) == (expected, expected), params
    await desk.post(f"/conversations/{many[0]}/assign", json={"assignee": None})
    assert len((await walk(desk, assignee="agent-7", state="closed"))[0]) == 1


async def test_read_is_read_and_reopened_is_open(world, desk, many):
    path = f"/conversations/{many[0]}"
    [entry] = (await desk.get(f"{path}/entries")).json()["entries"]
    for _ in "twice":
        await desk.post(f"{path}/read")
    assert (await desk.get(path)).json()["unread"] == 0
    told = [s for s in await world.said("faden.entry.appended") if s.change == "read"]
    assert [str(one.entry_id) for one in told] == [entry["id"]], "what is read already is no news"
    await desk.post(f"{path}/close")
    [entry] = await world.take_in(world.mail("p0@example.org"))
    assert entry["rule"] == 5, "what is closed is no open conversation"
    await desk.post(f"{path}/reopen")
    shown = (await desk.get(path)).json()
    assert (shown["state"], shown["snoozed_until"]) == ("open", None)


async def test_what_was_snoozed_wakes(world, desk, many):
    path = f"/conversations/{many[0]}"
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert (await desk.post(f"{path}/snooze", json={"until": until})).status_code == 204
    assert (await desk.get(path)).json()["state"] == "snoozed"
    await wake(world.ground, "musterstadt")
    assert (await desk.get(path)).json()["state"] == "snoozed"
    await world.owner.execute(
        "update conversation_store.conversation set snoozed_until = now() - interval '1 second' where state = 'snoozed'"
    )
    await wake(world.ground, "kleindorf")
    assert (await desk.get(path)).json()["state"] == "snoozed"
    await wake(world.ground, "musterstadt")
    assert (await desk.get(path)).json()["state"] == "open"
    latest = (await desk.get(f"{path}/entries")).json()["entries"][0]
    assert (latest["reason"]["code"], latest["automatic"]) == ("woken", "generated")


async def test_what_agents_change_stands_in_the_timeline_and_is_told(world, desk, many):
    path, until = f"/conversations/{many[0]}", "2199-01-01T08:00:00Z"
    before = (await desk.get(path)).json()
    for what, body in (
        ("assign", {"assignee": "agent-7"}),
        ("assign", {"assignee": "agent-8"}),
        ("assign", {"assignee": "agent-8"}),
        ("assign", {"assignee": None}),
        ("snooze", {"until": until}),
        ("reopen", None),
        ("read", None),
        ("close", None),
        ("close", None),
    ):
        assert (await desk.post(f"{path}/{what}", json=body)).status_code == 204
    entries = (await desk.pages(f"{path}/entries", order="oldest"))[1:]
    said = [(e["kind"], e["reason"]["code"], e["author"]) for e in entries]
    deeds = ["taken", "assigned", "released", "snoozed", "reopened", "closed"]
    assert said == [("change", deed, "agent-7") for deed in deeds], "what was so already is no deed"
    assert entries[1]["assignee"] == "agent-8"
    assert entries[3]["until"].startswith("2199-01-01T08:00")
    assert (await desk.get(path)).json()["last_at"] == before["last_at"], "nobody has said anything"
    told = [
        s.entry_id
        for s in await world.said("faden.entry.appended")
        if s.kind == "change" and s.change != "read"
    ]
    assert [str(one) for one in told] == [e["id"] for e in entries]


async def test_a_message_wakes_it_too(world, desk, many):
    path = f"/conversations/{many[0]}"
    await desk.post(f"{path}/snooze", json={"until": "2199-01-01T00:00:00Z"})
    [entry] = await world.take_in(world.mail("p0@example.org"))
    assert str(entry["conversation_id"]) == many[0]
    shown = (await desk.get(path)).json()
    assert (shown["state"], shown["snoozed_until"]) == ("open", None)


@pytest.mark.parametrize("write", [str, lambda r: f"{r[:3]}-{r[3:6]}-{r[6:9]}-{r[9:]}", " ".join])
async def test_found_by_reference_however_it_is_written(world, desk, many, write):
    reference = (await world.conversation(many[4]))["reference"]
    found = await desk.post("/search", json={"reference": write(reference)})
    assert [c["id"] for c in found.json()["conversations"]] == [many[4]]
    assert found.json()["conversations"][0]["reference"] == (
        f"{reference[:3]}-{reference[3:6]}-{reference[6:9]}-{reference[9:]}"
    )


@pytest.mark.parametrize(
    ("channel", "stored", "asked"),
    [
        ("email", "Erika@example.org", "Erika@EXAMPLE.org "),
        ("email", "T024@example.org", "t024@example.org"),
        ("email", "info@xn--mller-kva.de", "Info@MÜLLER.de"),
        ("sms", "+4915112345678", "+49 151 / 123 456-78"),
        ("fax", "+4930901820", "+49 (0)30 90 18 20"),
        ("paper", "Erika Mustermann\nWeg 1", "Erika Mustermann\nWeg 1"),
        (
            "paper",
            "Erika Mustermann\nRingstraße 1\n70173 Ort",
            "ERIKA MUSTERMANN\nRingstr. 1\n70173 Ort",
        ),
    ],
)
async def test_found_by_address(world, desk, channel, stored, asked):
    kind = {"email": "email", "sms": "phone", "fax": "phone", "paper": "postal"}[channel]
    [entry] = await world.take_in(world.mail(stored, channel=channel))
    answer = await desk.post("/search", json={"address": {"kind": kind, "value": asked}})
    [found] = answer.json()["conversations"]
    assert found["id"] == str(entry["conversation_id"])


async def test_a_merged_one_is_found_where_it_went(world, desk, many):
    reference = (await world.conversation(many[0]))["reference"]
    await desk.post(f"/conversations/{many[0]}/merge", json={"into": many[1]})
    for asked in (
        {"reference": reference},
        {"address": {"kind": "email", "value": "p0@example.org"}},
    ):
        [found] = (await desk.post("/search", json=asked)).json()["conversations"]
        assert found["id"] == many[1]
    merged = (await desk.get(f"/conversations/{many[0]}")).json()
    assert (merged["state"], merged["merged_into"]) == ("merged", many[1])
    assert {p["value"] for p in merged["contact_points"]} == {"p0@example.org", "p1@example.org"}
    await desk.post(f"/conversations/{many[0]}/close")
    assert (await desk.get(f"/conversations/{many[1]}")).json()["state"] == "closed"
    assert (await desk.get(f"/conversations/{many[0]}")).json()["state"] == "merged"
