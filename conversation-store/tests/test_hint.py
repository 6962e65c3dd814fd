"""What is too long for an SMS, or may not go by one, rests in the inbox: a hint with the link goes."""

from decimal import Decimal
from uuid import UUID

import pytest

from conversation_store.authorities import Authority, read_authorities
from conversation_store.reply.answer import reply
from conversation_store.reply.choose import Target, Way
from conversation_store.reply.compose import Answer, File
from conversation_store.reply.hint import Hints
from conversation_store.reply.ways import show_ways
from conversation_store.store import Store
from hub_contract.errors import Permanent
from hub_contract.refusals import Refusal
from hub_contract.words import Channel, ContactKind, ContactPoint, Cost
from hub_kit.accounts import Terms
from hub_kit.sealing import open_event
from hub_kit.settings import ConfigurationError, Loaded
from hub_kit.tokens import Caller

AGENT_POINT = UUID(int=1)
AGENT = Caller("agent-7", "musterstadt", "agent")
PAGE = "https://musterstadt.example/vorgang"
ERIKA = ContactPoint(kind=ContactKind.PHONE, value="+491715550101")
PRICE = Cost(amount=Decimal("0.075"), currency="EUR")
SMS = Target(channel="sms", account="sms")
PDF = File("Bescheid.pdf", "application/pdf", b"%PDF")


def city(page=PAGE, **terms) -> Authority:
    return Authority("Stadt Musterstadt", page=page, terms={"sms": Terms(**terms)})


# terms, answer, is there an inbox | needed: yes, no, or the refusal
NEEDED = {
    "short": ({}, Answer("Ja."), True, False),
    "short, without an inbox": ({}, Answer("Ja."), False, False),
    "longer than any SMS": ({}, Answer("ä" * 1601), True, True),
    "with a file": ({}, Answer("Ja.", files=(PDF,)), True, True),
    "as long as it may be": ({"most_segments": 2}, Answer("ä" * 306), True, False),
    "longer": ({"most_segments": 2}, Answer("ä" * 307), True, True),
    "longer, without an inbox": (
        {"most_segments": 2},
        Answer("ä" * 307),
        False,
        Refusal.TEXT_TOO_LONG,
    ),
    "only a link may go": ({"content": "link"}, Answer("Ja."), True, True),
    "only a link may go, to nowhere": ({"content": "link"}, Answer("Ja."), False, Refusal.NO_INBOX),
}


@pytest.mark.parametrize(
    ("terms", "answer", "has_inbox", "needed"), NEEDED.values(), ids=NEEDED.keys()
)
def test_when_only_a_hint_goes(terms, answer, has_inbox, needed):
    way = Way(AGENT_POINT, "sms", "sms", True, ERIKA)
    hints = Hints(city(**terms), has_inbox)
    if isinstance(needed, Refusal):
        with pytest.raises(Permanent) as no:
            hints.is_needed(answer, way)
        assert no.value.code is needed
    else:
        assert hints.is_needed(answer, way) is needed
    by_mail = Way(AGENT_POINT, "email", "sms", True, ERIKA)
    assert not hints.is_needed(answer, by_mail), "what is not paid for by the SMS goes whole"


def store_of(world, authority) -> Store:
    return Store.open(world.ground, world.store.settings, {"musterstadt": authority})


async def with_inbox(world, **more):
    """Return a conversation that began in the portal, and goes on by SMS."""
    [form] = await world.take_in(
        world.mail("inbox-1", "Die Laterne", channel=Channel.WEB, account="portal", **more)
    )
    home = await world.conversation(form["conversation_id"])
    await world.owner.execute(
        """insert into conversation_store.participant (conversation_id, contact_point_id, channel,
             tenant, account, verified, open, at)
           select $1, id, 'sms', 'musterstadt', 'sms', true, true, now()
           from conversation_store.contact_point where kind = 'phone'""",
        home["id"],
    )
    return home


@pytest.fixture
async def home(world):
    await world.take_in(world.mail(ERIKA.value, channel=Channel.SMS, account="sms"))
    return await with_inbox(world, language="en")


async def sent(world):
    [event] = await world.said("faden.message.requested.sms")
    sql = "select wrapped from hub.message_key where owner = $1"
    wrapped = await world.owner.fetchval(sql, event.id)
    return open_event(event, world.ground.ring.unwrap(wrapped, event.id)).content


async def test_the_hint_goes_and_the_whole_rests_in_the_inbox(world, home, desk):
    world.store = store_of(world, city())
    long, reference = "Sehr geehrte Frau Mustermann, " * 80, home["reference"]
    entry_id, _ = await reply(world.store, AGENT, home["id"], Answer(long, wish=SMS), "k")
    content = await sent(world)
    assert content.text == long
    shown = f"{reference[:3]}-{reference[3:6]}-{reference[6:9]}-{reference[9:]}"
    assert content.hint == (
        f"Stadt Musterstadt: We have answered you. Reference number {shown}, read it at: {PAGE}"
    )
    assert (await world.entry(entry_id))["marks"] == "only_hint"
    async with desk.as_(role="citizen", who="inbox-1") as mine:
        found = (await mine.get(f"/mine/{home['id']}/entries")).raise_for_status().json()
    assert long.strip() in [line["text"].strip() for line in found["entries"]]


async def test_what_goes_whole_has_no_hint(world, home):
    world.store = store_of(world, city())
    entry_id, _ = await reply(world.store, AGENT, home["id"], Answer("Ja.", wish=SMS), "k")
    assert (await sent(world)).hint == ""
    assert (await world.entry(entry_id))["marks"] == ""


async def test_the_composer_is_told_before(world, home):
    world.store = store_of(world, city(price=PRICE, most_segments=3))
    ways = await show_ways(world.store, "musterstadt", home["id"])
    [sms] = [way for way in ways if way["channel"] == "sms"]
    assert sms["price"] == {"amount": "0.075", "currency": "EUR"}
    assert (sms["most_segments"], sms["only_hint"]) == (3, False)
    assert PAGE in sms["hint"]
    assert {way["hint"] for way in ways if way["channel"] != "sms"} == {""}


@pytest.mark.parametrize(
    ("authority", "offered"), [(city(content="link"), True), (city("", content="link"), False)]
)
async def test_where_only_a_link_may_go_it_must_lead_somewhere(world, home, authority, offered):
    world.store = store_of(world, authority)
    ways = await show_ways(world.store, "musterstadt", home["id"])
    [sms] = [way for way in ways if way["channel"] == "sms"]
    assert (sms["offered"], sms["only_hint"]) == (offered, offered)
    assert (sms["reason"]["code"] == "no_inbox") is not offered


FILE = """
database: "postgresql://{role}@/faden"
blobs: blobs
keys_file: keys.json
tenants:
  musterstadt:
    name: Stadt Musterstadt
    accounts:
      sms: {channel: sms, address: "+4971112399", %s}
      portal: {channel: web, address: musterstadt.example, url: "https://musterstadt.example/"}
"""


def loaded(tmp_path, terms) -> Loaded:
    path = tmp_path / "faden.yaml"
    path.write_text(FILE.replace("%s", terms), encoding="utf-8")
    return Loaded.read(path)


def test_the_file_says_price_and_length(tmp_path):
    terms = 'price: {amount: "0.075", currency: EUR}, most_segments: 3, account_sid: AC1'
    found = read_authorities(loaded(tmp_path, terms))["musterstadt"]
    assert found.terms_of("sms") == Terms(price=PRICE, most_segments=3)
    assert found.terms_of("portal") == found.terms_of("nobody") == Terms()
    assert (found.name, found.page) == ("Stadt Musterstadt", PAGE)


@pytest.mark.parametrize(
    ("terms", "key"),
    [
        ('price: {amount: "-1", currency: EUR}', "price"),
        ('price: {amount: "1", currency: Euro}', "price.currency"),
        ("price: billig", "price"),
        ("most_segments: 0", "most_segments"),
        ("content: fax", "content"),
    ],
)
def test_a_mistake_is_named(tmp_path, terms, key):
    with pytest.raises(ConfigurationError, match=f"accounts.sms.{key}: "):
        read_authorities(loaded(tmp_path, terms))
