"""Out by the carrier: what it takes, what it refuses, what is lost, and what Twilio's client says."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from channel_sms.numbers import Accounts
from channel_sms.providers.twilio import Twilio
from channel_sms.send.twilio import TwilioSender, cost_of
from channel_sms.settings import SmsSettings
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import MessageRequested, RequestedContent
from hub_contract.words import Channel, ContactKind, ContactPoint, Cost
from hub_kit import hooks

OURS, ERIKA, LANDLINE = "+4971112399", "+491715550101", "+49711555010"
WHO = hooks.Account("sms", "musterstadt", "sms")


def request(to: str = ERIKA, text: str = "Guten Tag", account: str = "sms") -> MessageRequested:
    return MessageRequested(
        id=uuid4(),
        tenant="musterstadt",
        channel=Channel.SMS,
        account=account,
        conversation_id=uuid4(),
        requested_at=datetime.now(UTC),
        content=RequestedContent(
            recipient=ContactPoint(kind=ContactKind.PHONE, value=to), text=text
        ),
    )


@pytest.fixture
def sender(accounts: Accounts, client: Twilio) -> TwilioSender:
    return TwilioSender(accounts, {WHO: client}, looks=(0, 0))


async def test_it_is_taken_once_with_its_segments(sender, carrier):
    outcome = await sender.send(request(text="Grüße " * 40), ())
    assert (outcome.status, outcome.segments) == (Delivery.ACCEPTED, 2)
    assert carrier.sent() == [("Grüße " * 40).strip()]
    assert outcome.external_id in carrier.phones.messages


PRICE = Cost(amount=Decimal("0.075"), currency="EUR")


@pytest.mark.parametrize(
    ("said", "price", "cost"),
    [
        ({"num_segments": "3"}, PRICE, "0.225 EUR"),
        ({"num_segments": "3", "price": None, "price_unit": "USD"}, PRICE, "0.225 EUR"),
        ({"num_segments": "1", "price": "-0.00750", "price_unit": "usd"}, PRICE, "0.00750 USD"),
        ({"num_segments": "1", "price": "viel", "price_unit": "USD"}, PRICE, "0.075 EUR"),
        ({"num_segments": "1", "price": "-1"}, PRICE, "0.075 EUR"),
        ({"num_segments": "viele"}, PRICE, None),
        ({}, PRICE, None),
        ({"num_segments": "3"}, None, None),
    ],
)
def test_what_it_costs_is_kept(account, said, price, cost):
    found = cost_of(said, account.settings.model_copy(update={"price": price}))
    assert (f"{found.amount} {found.currency}" if found else None) == cost


async def test_a_hint_goes_in_place_of_what_rests_in_the_inbox(sender, carrier, account):
    asked = request(text="Sehr lang. " * 500)
    content = asked.content.model_copy(update={"hint": "Lesen Sie auf: https://x.example"})
    outcome = await sender.send(asked.model_copy(update={"content": content}), ())
    assert carrier.sent() == ["Lesen Sie auf: https://x.example"]
    assert outcome.cost == Cost(amount=Decimal("0.075"), currency="EUR")
    assert account.settings.price == outcome.cost


async def test_the_carrier_is_told_where_to_report(sender, carrier):
    asked = request()
    await sender.send(asked, ())
    (message,) = carrier.phones.messages.values()
    wanted = f"http://hub.example/hooks/sms/musterstadt/sms/status?message={asked.id}"
    assert (message.callback, message.sender) == (wanted, OURS)


@pytest.mark.parametrize(
    ("to", "text", "code", "reason"),
    [
        (LANDLINE, "Guten Tag", "21614", Reason.ADDRESS_UNKNOWN),
        ("115", "Guten Tag", "21211", Reason.ADDRESS_UNKNOWN),
    ],
)
async def test_a_refusal_has_its_code_and_our_reason(sender, to, text, code, reason):
    outcome = await sender.send(request(to, text), ())
    assert (outcome.status, outcome.code, outcome.reason) == (Delivery.FAILED, code, reason)


async def test_who_said_stop_gets_nothing_until_start(sender, carrier):
    carrier.write("STOP")
    outcome = await sender.send(request(), ())
    assert (outcome.status, outcome.reason) == (Delivery.FAILED, Reason.OPTED_OUT)
    carrier.write("START")
    assert (await sender.send(request(), ())).status is Delivery.ACCEPTED


@pytest.mark.parametrize(
    ("text", "to", "reason"),
    [
        ("", ERIKA, Reason.TOO_LARGE),
        ("x" * 1601, ERIKA, Reason.TOO_LARGE),
    ],
)
async def test_what_no_sms_can_say_is_never_tried(sender, carrier, text, to, reason):
    with pytest.raises(Permanent) as refused:
        await sender.send(request(to, text), ())
    assert refused.value.reason is reason
    assert carrier.sent() == []


async def test_an_account_that_is_gone_is_said_with_its_remedy(sender):
    with pytest.raises(Permanent, match=r"add it as tenants\.musterstadt\.accounts\.other") as no:
        await sender.send(request(account="other"), ())
    assert no.value.reason is Reason.NOT_CONFIGURED


@pytest.mark.parametrize(("status", "wait"), [(429, 7), (503, 0), (401, 0)])
async def test_what_was_certainly_not_taken_is_tried_again(sender, carrier, status, wait):
    carrier.breaks(answer=status, retry_after=wait)
    with pytest.raises(Temporary) as later:
        await sender.send(request(), ())
    assert later.value.retry_after == wait
    assert carrier.sent() == []
    assert (await sender.send(request(), ())).status is Delivery.ACCEPTED


async def test_nobody_there_is_tried_again(accounts, account):
    away = Twilio(account, SmsSettings(twilio="http://127.0.0.1:9"))
    with pytest.raises(Temporary):
        await TwilioSender(accounts, {WHO: away}).send(request(), ())
    await away.close()


async def test_a_lost_answer_is_looked_up_and_nothing_is_sent_again(sender, carrier):
    carrier.breaks(lose=1)
    outcome = await sender.send(request(), ())
    assert outcome.status is Delivery.DELIVERED, "the log knows how far it is by now"
    assert carrier.sent() == ["Guten Tag"]


async def test_the_same_words_of_an_hour_ago_are_another_message(sender, carrier):
    await sender.send(request(), ())
    [earlier] = carrier.phones.messages.values()
    earlier.at -= timedelta(hours=1)
    carrier.breaks(answer=500)
    assert (await sender.send(request(), ())).status is Delivery.UNKNOWN


async def test_what_the_log_does_not_have_stays_unknown(sender, carrier):
    carrier.breaks(answer=500)
    outcome = await sender.send(request(), ())
    assert outcome.status is Delivery.UNKNOWN
    assert await sender.look_up(request()) is None


async def test_a_lost_claim_is_looked_up(sender):
    asked = request(text="Zweimal gefragt")
    await sender.send(asked, ())
    found = await sender.look_up(asked)
    assert found is not None
    assert found.external_id


async def test_twilios_own_client_finds_its_contract_kept(carrier):
    """What the pretend carrier says, the provider's library understands."""

    class Here(TwilioHttpClient):
        def request(self, method: str, url: str, *more: object, **named: object):
            here = url.replace("https://api.twilio.com", f"{carrier.address}/carrier")
            return super().request(method, here, *more, **named)

    def talk() -> tuple[str, str, list[str], str]:
        client = Client(
            "AC00000000000000000000000000000001", carrier.phones.token, http_client=Here()
        )
        sent = client.messages.create(to=ERIKA, from_=OURS, body="Von Twilios Bibliothek")
        listed = [one.body for one in client.messages.list(to=ERIKA, limit=3)]
        try:
            client.messages.create(to=LANDLINE, from_=OURS, body="Nein")
        except Exception as error:  # noqa: BLE001 - theirs
            code = str(error.code)
        return sent.status, sent.num_segments, listed, code

    assert await asyncio.to_thread(talk) == ("queued", "1", ["Von Twilios Bibliothek"], "21614")
