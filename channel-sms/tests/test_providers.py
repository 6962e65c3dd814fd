"""Both providers in one channel: the settings of each, who sends, who is called, who is parsed."""

import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from channel_sms.app import CHANNEL, PROVIDERS, compose, parse_file
from channel_sms.numbers import Accounts, ProviderName
from channel_sms.providers.smpp_pdu import Address, Command, Message, Pdu
from channel_sms.settings import SmsSettings, peers, read
from hub_contract.delivery import Reason
from hub_contract.errors import Permanent
from hub_kit import hooks
from hub_kit.settings import ConfigurationError, Loaded
from hub_kit.tokens import Refused
from local_hub.peers.phones import api, handsets
from local_hub.peers.phones.call import Caller

ERIKA, OURS = "+491715550101", "+4971112399"
FILE = """
database: postgresql://{{role}}@127.0.0.1/hub
blobs: blobs
keys_file: keys.json
tenants:
  musterstadt:
    name: Stadt Musterstadt
    accounts:
      twilio:
        channel: sms
        address: "+49 711 123 98"
        account_sid: AC00000000000000000000000000000001
        auth_token_env: PATH
      sms: {{channel: sms, provider: {provider}, address: "+49 711 123 99", {more}}}
"""
GOOD = "host: smsc.example, system_id: stadt, password_env: PATH"


def load(folder: Path, provider: str = "smpp", more: str = GOOD) -> Loaded:
    path = folder / "faden.yaml"
    path.write_text(FILE.format(provider=provider, more=more))
    return Loaded.read(path)


def test_each_account_is_at_its_provider(tmp_path):
    _, numbers = read(load(tmp_path))
    (smpp,) = numbers.at(ProviderName.SMPP)
    (twilio,) = numbers.at(ProviderName.TWILIO)
    assert (smpp.settings.address, smpp.settings.port) == (OURS, 2775)
    assert twilio.settings.address == "+4971112398"


def test_check_knows_whom_it_must_reach(tmp_path):
    found = [(one.key, one.host, one.port) for one in peers(load(tmp_path))]
    assert found == [
        ("services.channel_sms.twilio", "api.twilio.com", 443),
        ("tenants.musterstadt.accounts.sms.host", "smsc.example", 2775),
    ]


@pytest.mark.parametrize(
    ("provider", "more", "says"),
    [
        ("smpp", "system_id: stadt, password_env: PATH", r"sms\.host: Field required"),
        ("smpp", "host: h, password_env: PATH", r"sms\.system_id: Field required"),
        ("smpp", "host: h, system_id: s", "name password_file or password_env"),
        ("smpp", "host: h, system_id: s, password_env: NO_SUCH_VARIABLE", "is not set; set it"),
        ("smpp", "host: h, system_id: s, password_file: /none", "correct password_file"),
        ("smpp", f"{GOOD}, port: 0", r"sms\.port: Input should be greater"),
        ("smpp", f"{GOOD}, clock: Berlin", r"sms\.clock: .*write it as Europe/Berlin"),
        ("smpp", f"{GOOD}, long: some", r"sms\.long: Input should be 'udh', 'sar' or 'payload'"),
        ("smpp", f"{GOOD}, account_sid: AC1", r"sms\.account_sid: Extra inputs"),
        ("smpp", f"{GOOD}, system_id: a-name-that-is-too-long", r"system_id"),
        ("vonage", GOOD, r"sms\.provider: no such provider; write twilio or smpp"),
        ("twilio", "auth_token_env: PATH", r"sms\.account_sid: Field required"),
    ],
)
def test_what_is_missing_is_said_with_its_place(tmp_path, provider, more, says):
    with pytest.raises(ConfigurationError, match=says) as error:
        read(load(tmp_path, provider, more))
    assert re.search(r"tenants\.musterstadt\.accounts\.sms", str(error.value))


def test_every_provider_is_in_the_table():
    assert set(PROVIDERS) == set(ProviderName)


@pytest.fixture
async def parts(ground, smsc, account):
    """The channel with a number at each provider."""
    smpp = smsc.number()
    twilio = type(account)("musterstadt", "twilio", "Stadt Musterstadt", account.settings)
    twilio = _at(twilio, "+4971112398")
    made = compose(ground, SmsSettings(), Accounts([twilio, smpp], "http://hub.example"))
    yield made
    for close in made.closing:
        await close()


def _at(account, address: str):
    settings = account.settings.model_copy(update={"address": address})
    return type(account)(account.tenant, account.name, account.display_name, settings)


async def test_only_whose_provider_calls_is_called(parts):
    assert sorted(parts.work) == [
        "line of musterstadt/sms",
        "log of musterstadt/twilio",
        "parts of musterstadt/sms",
        "prices",
    ]
    assert sorted(parts.trim) == ["sms_part", "sms_sent"]
    for name in ("sms", "twilio"):
        called = hooks.Account("sms", "musterstadt", name)
        with pytest.raises(Refused, match="nobody calls" if name == "sms" else "signature"):
            await parts.hook(hooks.Hook(called, "", "http://hub.example", "POST", {}, b"a=b"))


async def test_nobody_sends_for_an_account_that_is_gone(parts, request_to):
    with pytest.raises(Permanent, match=r"add it as tenants\.musterstadt\.accounts\.gone") as no:
        await parts.sender.send(request_to(account="gone"), ())
    assert no.value.reason is Reason.NOT_CONFIGURED


def test_a_file_of_packets_is_parsed_as_the_account_reads_them(tmp_path):
    raw = Message(Address("491715550101"), Address("4971112399"), b"Gr\xfc\xdfe").write()
    packet = Pdu(Command.DELIVER_SM, 0, 1, raw).write()
    loaded = load(tmp_path, more=f"{GOOD}, alphabet: latin-1")
    event = parse_file(packet, loaded, "musterstadt/sms").event
    assert (event.tenant, event.content.body.text) == ("musterstadt", "Grüße")
    assert CHANNEL.parse is not None
    form = parse_file(b"MessageSid=SM1&Body=Gruss", loaded, "musterstadt/twilio").event
    assert form.content.body.text == "Gruss"


async def test_the_same_handset_writes_to_either_provider(bound, smsc):
    """By the HTTP of the table: what it says is what the hub has said."""
    app, caller = FastAPI(), Caller()
    _, interface = api.make_router(smsc.phones, caller)
    app.include_router(handsets.make_router(smsc.phones, interface, caller, smsc.smsc))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://table") as http:
        said = await http.post(f"/handsets/{ERIKA}/send", json={"to": OURS, "text": "Grüße"})
        shown = await http.get(f"/handsets/{ERIKA}")
    await caller.close()
    assert said.json()["status"] == 200
    assert [one.content.body.text for one in bound.came] == ["Grüße"]
    assert [one["text"] for one in shown.json()] == ["Grüße"]
