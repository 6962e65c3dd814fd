"""The way out by hosted providers: pages laid down, taken, refused, away, and lost answers."""

import asyncio

import pytest

from channel_fax.numbers import Accounts
from channel_fax.providers.telnyx import Telnyx
from channel_fax.send.hosted import Pages
from channel_fax.send.sinch import SinchSender
from channel_fax.send.telnyx import TelnyxSender
from channel_fax.settings import FaxSettings
from channel_fax.settings import Telnyx as TelnyxSettings
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Temporary
from hub_kit.hooks import Account
from hub_kit.testing import eventually
from local_hub.peers.faxes.call import Call
from local_hub.peers.faxes.pages import tiff

ERIKA = "+497115550101"
WHO = Account("fax", "musterstadt", "fax")


async def drawn(_):
    return tiff(2)


@pytest.fixture(params=["telnyx", "sinch"])
def sender(request):
    client = request.getfixturevalue(request.param)
    numbers = Accounts([client.account], "http://hub.example")
    kind = {"telnyx": TelnyxSender, "sinch": SinchSender}[request.param]
    return kind(numbers, {WHO: client}, drawn, looks=(0, 0))


async def test_a_fax_goes_out_with_its_pages_and_our_id(sender, provider, request_to):
    wanted = request_to()
    outcome = await sender.send(wanted, ())
    (fax,) = provider.sent()
    assert outcome.status in (Delivery.ACCEPTED, Delivery.SENT)
    assert (outcome.external_id, fax.to, fax.pages) == (fax.id, ERIKA, 2)
    assert fax.file == tiff(2)
    found = await sender.look_up(wanted)
    assert (found.status, found.external_id) == (Delivery.DELIVERED, fax.id)


@pytest.mark.parametrize("answer", [401, 403, 429, 503])
async def test_certainly_not_taken_is_tried_again_when_the_provider_says(
    sender, provider, request_to, answer
):
    provider.breaks(answer=answer, retry_after=7, silent=True)
    with pytest.raises(Temporary) as error:
        await sender.send(request_to(), ())
    assert error.value.retry_after == 7
    assert provider.sent() == []
    assert (await sender.send(request_to(), ())).status is Delivery.ACCEPTED


async def test_a_lost_answer_is_looked_up_and_not_sent_again(sender, provider, request_to):
    provider.breaks(lose=1, silent=True)
    outcome = await sender.send(request_to(), ())
    assert outcome.status is Delivery.DELIVERED
    assert len(provider.sent()) == 1


async def test_what_the_log_does_not_know_stays_unknown(sender, provider, request_to, monkeypatch):
    provider.breaks(lose=1, silent=True)

    async def nothing(*_):
        return None

    monkeypatch.setattr(sender, "look_up", nothing)
    outcome = await sender.send(request_to(), ())
    assert (outcome.status, outcome.diagnostic) == (Delivery.UNKNOWN, "answered 500")


async def test_a_refusal_is_final_and_shows_the_code(sender, provider, request_to):
    for number in provider.machines.settings.numbers.values():
        number.__dict__.update(connection_id="another")
    provider.breaks(answer=400, silent=True) if isinstance(sender, SinchSender) else None
    outcome = await sender.send(request_to(), ())
    assert outcome.status is Delivery.FAILED
    assert outcome.code in ("10011", "400")


async def test_a_provider_that_is_away_is_tried_again(at_telnyx, request_to):
    client = Telnyx(at_telnyx, TelnyxSettings(api="http://127.0.0.1:9"))
    numbers = Accounts([at_telnyx], "http://hub.example")
    with pytest.raises(Temporary):
        await TelnyxSender(numbers, {WHO: client}, drawn).send(request_to(), ())
    await client.close()


async def test_pages_are_drawn_with_a_cover_sheet(telnyx, provider, request_to):
    pages = Pages(FaxSettings())
    numbers = Accounts([telnyx.account], "http://hub.example")
    await TelnyxSender(numbers, {WHO: telnyx}, pages).send(request_to(text="Grüße"), ())
    assert provider.sent()[0].file.startswith(b"II*\0")
    await pages.close()


@pytest.mark.parametrize("disorder", [False, True])
async def test_what_hooks_say_leads_to_the_same_end_in_any_order(
    *, telnyx, by_telnyx, hook, provider, request_to, monkeypatch, disorder
):
    came: list[Call] = []
    monkeypatch.setattr(provider.caller, "leave", lambda call, after=0: came.append(call))
    provider.breaks(disorder=disorder, repeat=2)
    numbers = Accounts([telnyx.account], "http://hub.example")
    wanted = request_to()
    await TelnyxSender(numbers, {WHO: telnyx}, drawn).send(wanted, ())
    answers = [await by_telnyx(hook(call, "/status")) for call in came]
    reports = {one.arrivals[0].event.id: one.arrivals[0].event for one in answers}
    assert {one.status for one in reports.values()} == {
        Delivery.ACCEPTED, Delivery.SENT, Delivery.DELIVERED,
    }  # fmt: skip
    assert len(reports) == 3
    assert {one.message_id for one in reports.values()} == {wanted.id}


async def test_telnyx_own_client_finds_what_we_sent(telnyx, provider, request_to):
    """What the pretend Telnyx says is what Telnyx's own library reads."""
    from telnyx import AsyncTelnyx

    numbers = Accounts([telnyx.account], "http://hub.example")
    await TelnyxSender(numbers, {WHO: telnyx}, drawn).send(request_to(), ())
    fed = provider.feed()
    async with AsyncTelnyx(
        api_key=provider.machines.token, base_url=f"{provider.address}/telnyx/v2"
    ) as client:
        found = [one async for one in client.faxes.list(page_size=1)]
        assert {one.direction for one in found} == {"inbound", "outbound"}
        (sent,) = [one for one in found if one.direction == "outbound"]
        assert (sent.to, sent.status, sent.record_type) == (ERIKA, "delivered", "fax")
        only = client.faxes.list(filter={"direction": {"eq": "inbound"}})
        assert [one.id async for one in only] == [fed.id]
        await client.faxes.actions.refresh(fed.id)
        again = await client.faxes.retrieve(fed.id)
        assert again.data.media_url.endswith(fed.link)
        made = await client.faxes.create(
            connection_id="1232154810234",
            from_=telnyx.account.settings.address,
            to=ERIKA,
            media_name=next(iter(provider.machines.media)),
        )
        assert made.data.status == "queued"


async def test_hooks_come_over_a_real_socket_as_telnyx_sends_them(provider, telnyx, request_to):
    """The caller of the pretend Telnyx signs each try, and tries again where it is refused."""
    got: list[bytes] = []

    async def answer(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        got.append(head.lower())
        word = b"503 Later" if len(got) == 1 else b"200 OK"
        writer.write(b"HTTP/1.1 " + word + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        provider.caller.leave(Call(f"http://127.0.0.1:{port}/hooks/x", b"{}", signed=True))

        async def twice():
            return len(got) == 2

        await eventually(twice)
    assert all(b"telnyx-signature-ed25519: " in one for one in got)


def test_reasons_are_all_known_words():
    from channel_fax.providers import sinch_codes, telnyx_codes

    assert len(telnyx_codes._REASONS) == 35
    assert telnyx_codes.reason_of("tomorrow") is Reason.OTHER
    assert telnyx_codes.reason_of("") is Reason.NONE
    for code, expected in [
        ("17", Reason.BUSY),
        ("", Reason.NONE),
        ("x", Reason.OTHER),
        ("999999", Reason.OTHER),
    ]:
        assert sinch_codes.reason_of(code) is expected
