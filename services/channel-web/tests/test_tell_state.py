"""What the portal tells a voice: how far an inbox is, to who shows number and digits, no more."""

import httpx
import pytest
from fastapi import FastAPI

from channel_web.app import add_pages
from hub_contract.references import make_channel_reference
from hub_kit.testing import eventually
from hub_kit.tokens import Caller, issue

WRONG = "000000"


def voice(town, role="portal", tenant="musterstadt") -> httpx.AsyncClient:
    """A service that talks to citizens, with a token of its own."""
    ring = town.hub.ground.ring
    token = issue(ring, Caller("channel_phone", tenant, role), "channel_web")
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(add_pages(FastAPI(), town.portal)),
        base_url="http://portal",
        headers={"Authorization": f"Bearer {token}"},
    )


async def slip_of(citizen, read) -> tuple[str, str]:
    page = (await citizen.get("/musterstadt/kontakt")).text
    form = {"form": read.hidden(page, "form")[0], "subject": "Hund", "text": "Ich habe einen Hund."}
    await citizen.post("/musterstadt/kontakt", data=form)
    slip = (await citizen.get("/musterstadt/danke")).text
    number, digits = (read.number(slip, name) for name in ("vorgangsnummer", "geheimzahl"))
    return number.replace("-", ""), digits.replace(" ", "")


async def test_it_tells_how_far_it_is_and_since_when(town, citizen, read):
    reference, secret = await slip_of(citizen, read)
    asked = {"reference": reference, "secret": secret}
    async with voice(town) as client:

        async def told(state: str) -> bool:
            said = (await client.post("/inbox/state", json=asked)).json()
            return said["state"] == state and bool(said["at"])

        await eventually(lambda: told("arrived"))
        [conversation] = await town.conversations()
        await town.reply(conversation["id"], "Melden Sie ihn bitte an.", channel="web")
        await eventually(lambda: told("answered"))
        await town.desk("POST", f"/conversations/{conversation['id']}/close")
        await eventually(lambda: told("closed"))
        assert set((await client.post("/inbox/state", json=asked)).json()) == {"state", "at"}


async def test_wrong_ones_are_counted_as_on_the_page_and_shut(town, citizen, read):
    reference, secret = await slip_of(citizen, read)
    wrong = WRONG if secret != WRONG else "000001"
    async with voice(town) as client:
        for number in (reference, make_channel_reference()):
            asked = {"reference": number, "secret": wrong}
            codes = [(await client.post("/inbox/state", json=asked)).status_code for _ in range(11)]
            assert codes == [403] * 9 + [429] * 2
        right = {"reference": reference, "secret": secret}
        assert (await client.post("/inbox/state", json=right)).status_code == 429
    # It is one share with the page's.
    door = httpx.ASGITransport(town.door)
    async with httpx.AsyncClient(transport=door, base_url="http://town.example") as another:
        page = (await another.get("/musterstadt/vorgang")).text
        form = {"form": read.hidden(page, "form")[0], "reference": reference, "secret": secret}
        assert (await another.post("/musterstadt/vorgang", data=form)).status_code == 429


async def test_who_is_right_is_not_counted(town, citizen, read):
    reference, secret = await slip_of(citizen, read)
    asked = {"reference": reference, "secret": secret}
    async with voice(town) as client:
        for _ in range(12):
            assert (await client.post("/inbox/state", json=asked)).status_code == 200


@pytest.mark.parametrize(
    ("role", "tenant"),
    [
        ("citizen", "musterstadt"),
        ("agent", "musterstadt"),
        ("operator", "musterstadt"),
        ("portal", "nowhere"),
        ("portal", "kleindorf"),  # another authority's inbox
    ],
)
async def test_nobody_else_is_told(town, citizen, read, role, tenant):
    reference, secret = await slip_of(citizen, read)
    asked = {"reference": reference, "secret": secret}
    async with voice(town, role, tenant) as client:
        assert (await client.post("/inbox/state", json=asked)).status_code == 403
    # The gateway hands it on as any other page, and nobody is told by it.
    assert (await citizen.post("/musterstadt/inbox/state", json=asked)).status_code == 403


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"reference": "1", "secret": "471100"}', b"\xff"], ids=range(5)
)
async def test_what_can_never_be_right_is_said(town, body):
    async with voice(town) as client:
        assert (await client.post("/inbox/state", content=body)).status_code == 422
