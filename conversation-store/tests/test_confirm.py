"""Who is behind a contact point: confirmed in a conversation, linked to a person, and taken back."""

import pytest

REFUSED = "urn:faden:problem:not_confirmed"


@pytest.fixture
async def stranger(world):
    """Return a conversation, and a second address that has named its reference."""
    [first] = await world.take_in(world.mail("erika@example.org"))
    reference = (await world.conversation(first["conversation_id"]))["reference"]
    [second] = await world.take_in(world.mail("e.m@work.example", references=(reference,)))
    assert second["conversation_id"] == first["conversation_id"]
    return second


async def test_nothing_is_disclosed_until_an_agent_confirms(world, desk, stranger):
    path = f"/conversations/{stranger['conversation_id']}"
    refused = await desk.post(f"{path}/replies", json={"text": "Ihr Bescheid"})
    assert (refused.status_code, refused.json()["type"]) == (422, REFUSED)
    assert await world.said("faden.message.requested.email") == []
    body = {"contact_point": str(stranger["contact_point_id"])}
    assert (await desk.post(f"{path}/confirm", json=body)).status_code == 204
    assert (await world.entry(stranger["id"]))["verified"] is True
    assert (await desk.post(f"{path}/replies", json={"text": "Ihr Bescheid"})).status_code == 201
    [again] = await world.take_in(world.mail("e.m@work.example"))
    assert (again["rule"], again["verified"]) == (4, True)


async def test_a_confirmation_can_be_taken_back(world, desk, stranger):
    path = f"/conversations/{stranger['conversation_id']}"
    body = {"contact_point": str(stranger["contact_point_id"])}
    await desk.post(f"{path}/confirm", json=body)
    await desk.post(f"{path}/confirm", json={**body, "confirmed": False})
    assert (await world.entry(stranger["id"]))["verified"] is False
    assert (await desk.post(f"{path}/replies", json={"text": "x"})).status_code == 422


async def test_who_is_no_part_of_it_cannot_be_confirmed(world, desk, stranger):
    [other] = await world.take_in(world.mail("karl@example.org"))
    path = f"/conversations/{stranger['conversation_id']}/confirm"
    body = {"contact_point": str(other["contact_point_id"])}
    assert (await desk.post(path, json=body)).status_code == 404


async def people(desk, conversation_id):
    shown = (await desk.get(f"/conversations/{conversation_id}")).json()
    return {person["value"]: person["link"] for person in shown["contact_points"]}


async def test_a_link_is_explained_and_taken_back(world, desk, stranger):
    home = stranger["conversation_id"]
    [first, _] = await world.rows("entry", "place")
    path = f"/contact-points/{first['contact_point_id']}/link"
    body = {"other": str(stranger["contact_point_id"]), "reason": "am Telefon gesagt"}
    made = (await desk.post(path, json=body)).json()
    assert len(made["link_ids"]) == 2
    links = await people(desk, home)
    assert {link["party_id"] for link in links.values()} == {made["party_id"]}
    assert {link["reason"] for link in links.values()} == {"am Telefon gesagt"}
    again = (await desk.post(path, json=body)).json()
    assert again == {"link_ids": [], "party_id": made["party_id"]}
    undone = links["e.m@work.example"]["id"]
    assert (await desk.post(f"/links/{undone}/undo")).status_code == 204
    assert (await desk.post(f"/links/{undone}/undo")).status_code == 404
    links = await people(desk, home)
    assert links["e.m@work.example"] is None
    assert links["erika@example.org"]["party_id"] == made["party_id"]
    kept = [row for row in await world.rows("party_link") if row["undone_by"]]
    assert [(row["undone_by"], row["reason"]) for row in kept] == [("agent-7", "am Telefon gesagt")]


async def test_a_third_joins_the_party_and_two_parties_do_not_merge(world, desk):
    entries = await world.take_in(*(world.mail(f"p{n}@example.org") for n in range(4)))
    points = [str(entry["contact_point_id"]) for entry in entries]

    async def link(one, other):
        body = {"other": points[other], "reason": "Akte"}
        return await desk.post(f"/contact-points/{points[one]}/link", json=body)

    party = (await link(0, 1)).json()["party_id"]
    assert (await link(2, 1)).json()["party_id"] == party
    [alone] = await world.take_in(world.mail("p9@example.org"))
    points.append(str(alone["contact_point_id"]))
    assert (await link(3, 4)).json()["party_id"] != party
    refused = await link(0, 3)
    assert refused.status_code == 422
    assert refused.json()["type"].endswith(":other_party")
    assert (await link(0, 0)).status_code == 422


async def test_a_link_alone_confirms_nobody(world, desk, stranger):
    [first, _] = await world.rows("entry", "place")
    body = {"other": str(stranger["contact_point_id"]), "reason": "Akte"}
    await desk.post(f"/contact-points/{first['contact_point_id']}/link", json=body)
    path = f"/conversations/{stranger['conversation_id']}/replies"
    assert (await desk.post(path, json={"text": "x"})).status_code == 422


async def test_a_proposal_is_put_away_once(world, desk):
    await world.take_in(world.mail("erika@example.org", name="Erika Mustermann"))
    [second] = await world.take_in(world.mail("e.m@work.example", name="Erika Mustermann"))
    path = f"/conversations/{second['conversation_id']}"
    [proposal] = (await desk.get(path)).json()["proposals"]
    assert proposal["kind"] == "same_person"
    assert proposal["reason"] == "same_name"
    decide = f"/proposals/{proposal['id']}/decide"
    assert (await desk.post(decide, json={"decision": "dismissed"})).status_code == 204
    assert (await desk.post(decide, json={"decision": "accepted"})).status_code == 404
    assert (await desk.get(path)).json()["proposals"] == []
    [row] = await world.rows("proposal")
    assert (row["decided"], row["decided_by"]) == ("dismissed", "agent-7")
