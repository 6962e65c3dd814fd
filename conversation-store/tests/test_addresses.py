"""A scan has no sender: an agent writes down where the answer goes, and it goes there by letter."""

import pytest

from hub_contract.words import Channel

ADDRESS = "Gertrud Altmann, Lindenweg 12, 12345 Musterstadt"
LINES = "Gertrud Altmann\nLindenweg 12\n12345 Musterstadt"


@pytest.fixture
async def home(world):
    [entry] = await world.take_in(world.mail("erika@example.org"))
    return f"/conversations/{entry['conversation_id']}"


async def paper(desk, home):
    ways = (await desk.get(f"{home}/ways")).json()
    found = ways["ways"] if isinstance(ways, dict) else ways
    return [way for way in found if way["channel"] == Channel.PAPER]


async def test_an_address_makes_a_way_and_says_which_one(desk, home):
    [before] = await paper(desk, home)
    assert (before["address"], before["offered"]) == (None, False)
    made = await desk.post(f"{home}/addresses", json={"address": ADDRESS})
    assert made.status_code == 200
    [way] = await paper(desk, home)
    assert way["contact_point"] == made.json()["contact_point"]
    assert (way["address"], way["name"]) == (LINES, "Gertrud Altmann")
    again = await desk.post(f"{home}/addresses", json={"address": LINES})
    assert again.json() == made.json()


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("Gertrud Altmann", 422),
        ("Gertrud Altmann, Lindenweg 12", 422),
        ("", 422),
        ("x" * 501, 422),
        ("Jane Doe, 1 Main Street, Springfield IL 62701, USA", 200),
        ("Jørgen Nørgård, Rådhuspladsen 1, DK-1550 København V", 200),
    ],
    ids=["name", "no-place", "empty", "long", "usa", "denmark"],
)
async def test_an_address_to_which_nobody_delivers_is_refused(desk, home, address, code):
    assert (await desk.post(f"{home}/addresses", json={"address": address})).status_code == code
    assert len(await paper(desk, home)) == 1


async def test_no_conversation_no_address(desk):
    path = "/conversations/0199f5a0-7c1e-7000-8000-0123456789ab/addresses"
    assert (await desk.post(path, json={"address": ADDRESS})).status_code == 404
