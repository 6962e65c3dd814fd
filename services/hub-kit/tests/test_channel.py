"""The frame of a channel: what it adds to a channel's own parts, and what it does with them."""

from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from hub_contract.delivery import Delivery
from hub_contract.errors import Temporary
from hub_contract.words import Channel
from hub_kit.about import About
from hub_kit.channel import ChannelParts, Frame, compose_channel, find_channel
from hub_kit.outgoing import Outcome
from hub_kit.retry import DAYS
from hub_kit.settings import PUBLIC, Account, TenantSection


class Sender:
    patience = DAYS

    async def send(self, request, files):
        return Outcome(Delivery.SENT)

    async def look_up(self, request):
        return None


@pytest.fixture
def known(channel):
    """The ground of a channel with one account."""
    account = Account(channel=Channel.PHONE, address="115")
    town = TenantSection(name="Stadt Musterstadt", accounts={"line": account})
    settings = channel.settings.model_copy(update={"tenants": {"musterstadt": town}})
    return replace(channel, settings=settings)


@pytest.fixture
def book() -> list[str]:
    return []


@pytest.fixture
def frame(channel, arrive, book) -> Frame:
    """A channel that hears hooks, has a page, and notes what becomes of it."""

    async def hook(_):
        return [arrive(1, "Guten Tag")]

    def add_page(app: FastAPI) -> None:
        app.add_api_route("/page", lambda: "own")

    async def closed() -> None:
        book.append("closed")
        assert not channel.pool.is_closing(), "the ground is there until the channel has closed"

    async def away() -> None:
        raise Temporary("the provider is away")

    def compose(_ground, settings, accounts):
        book.append(f"{settings} {accounts}")
        return ChannelParts(
            Sender(), checks={"peer": away}, hook=hook, add_to=add_page, closing=(closed,)
        )

    about = About(channel.schema, BaseModel, lambda _: ("settings", "accounts"))
    return Frame(Channel.PHONE, about, compose)


async def ask(app, method: str, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://inside") as client:
        return await client.request(method, path)


async def test_a_channel_has_what_all_have_and_its_own(known, frame, book):
    own, app = compose_channel(frame, known, *frame.about.read(None), PUBLIC)
    async with own.router.lifespan_context(own):
        assert (await ask(app, "GET", "/healthz")).json() == {"service": known.schema}
        assert (await ask(app, "GET", "/page")).json() == "own"
        assert (await ask(app, "GET", "/operations")).status_code == 401
        ready = await ask(app, "GET", "/readyz")
        assert ready.json() == {
            "database": "ok",
            "blobs": "ok",
            "space": "ok",
            "peer": "the provider is away",
        }
        assert (await ask(app, "POST", "/hooks/phone/musterstadt/line")).status_code == 202
        async with known.pool.acquire() as connection:
            assert await connection.fetchval("select count(*) from hub.event_log") == 1
    assert book == ["settings accounts", "closed"]


async def test_without_hooks_nothing_stands_before_its_app(channel, frame):
    plain = Frame(frame.channel, frame.about, lambda *_: ChannelParts(Sender()))
    own, app = compose_channel(plain, channel, None, None, PUBLIC)
    assert app is own


def test_channels_are_found_by_their_word(monkeypatch):
    assert find_channel(Channel.EMAIL).about.name == "channel_email"
    monkeypatch.setattr("hub_kit.channel.names", lambda: ("channel_email",))
    with pytest.raises(LookupError):
        find_channel(Channel.PAPER)
