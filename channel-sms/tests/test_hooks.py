"""Twilio's hooks: signed as Twilio signs, answered as Twilio wants, and nobody else's are taken."""

import hashlib
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from twilio.request_validator import RequestValidator

from channel_sms.providers.twilio import Twilio
from channel_sms.receive.hooks import Receiver
from channel_sms.settings import SmsSettings
from hub_contract.delivery import Delivery
from hub_contract.errors import Temporary
from hub_contract.problems import ProblemCode
from hub_kit.hooks import Account, Hook
from hub_kit.tokens import Refused
from hub_kit.twilio import check_signature

AT = "http://hub.example/hooks/sms/musterstadt/sms"
WHO = Account("sms", "musterstadt", "sms")
TOKEN = "the token of a pretend account"
SAID = {"MessageSid": "SM1", "From": "+491715550101", "To": "+4971112399", "Body": "Grüße & =+ "}


def hook(said: dict[str, str], address: str = AT, rest: str = "", **headers: str) -> Hook:
    signed = {"x-twilio-signature": RequestValidator(TOKEN).compute_signature(address, said)}
    return Hook(WHO, rest, address, "POST", signed | headers, urlencode(said).encode())


async def note(account, event):
    """Ask for no price."""


@pytest.fixture
def receiver(client: Twilio) -> Receiver:
    return Receiver({WHO: client}, 1_000, note)


async def test_a_message_is_taken_and_answered_with_empty_twiml(receiver):
    answer = await receiver(hook(SAID))
    assert answer.body.endswith(b"<Response/>")
    assert answer.media_type == "text/xml"
    assert answer.arrivals[0].event.content.body.text == "Grüße & =+ "


@pytest.mark.parametrize(
    "address",
    [
        "https://hub.example/hooks/sms/musterstadt/sms",
        "https://hub.example:443/hooks/sms/musterstadt/sms",
        "https://hub.example/hooks/sms/musterstadt/sms?a=b%20c&d=",
    ],
)
def test_the_address_as_called_is_signed_with_and_without_port(address):
    signed = address.replace(":443", "")
    check_signature(
        Hook(WHO, "", address, "POST", hook(SAID, signed).headers, hook(SAID).body), TOKEN
    )


def test_json_is_signed_by_its_hash():
    body = b'{"a": "\xc3\xbc"}'
    address = f"{AT}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    headers = {
        "x-twilio-signature": RequestValidator(TOKEN).compute_signature(address, {}),
        "content-type": "application/json",
    }
    check_signature(Hook(WHO, "", address, "POST", headers, body), TOKEN)
    with pytest.raises(Refused):
        check_signature(Hook(WHO, "", address, "POST", headers, body + b" "), TOKEN)


FORGED = {
    "no signature": {"x-twilio-signature": ""},
    "another one": {"x-twilio-signature": "c2lnbmF0dXJl"},
    "no base64": {"x-twilio-signature": "ü"},
    "an algorithm nobody knows": {"x-twilio-webhooks-signature-settings": "algorithm=MD5"},
}


@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED)
async def test_what_is_forged_is_refused_before_it_is_read(receiver, headers):
    with pytest.raises(Refused):
        await receiver(hook(SAID, **headers))


@pytest.mark.parametrize("change", [b"&Body=more", b"&x=1"])
async def test_what_was_changed_is_refused(receiver, change):
    right = hook(SAID)
    with pytest.raises(Refused):
        await receiver(Hook(WHO, "", AT, "POST", right.headers, right.body.replace(b"SM1", b"SM2")))
    if b"x=" in change:
        with pytest.raises(Refused):
            await receiver(Hook(WHO, "", AT, "POST", right.headers, right.body + change))


async def test_another_address_is_refused(receiver):
    with pytest.raises(Refused):
        await receiver(
            hook(SAID, AT.replace("musterstadt", "kleindorf")).__class__(
                WHO, "", AT, "POST", hook(SAID, AT.replace("musterstadt", "kleindorf")).headers, b""
            )
        )


async def test_a_status_is_a_report_of_the_message_that_the_address_names(receiver):
    message = uuid4()
    said = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    answer = await receiver(hook(said, f"{AT}/status?message={message}", "/status"))
    assert (answer.status, answer.body) == (204, b"")
    (report,) = (arrival.event for arrival in answer.arrivals)
    assert (report.message_id, report.status) == (message, Delivery.DELIVERED)


async def test_a_status_of_no_message_of_ours_is_answered_and_not_kept(receiver):
    said = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    answer = await receiver(hook(said, f"{AT}/status", "/status"))
    assert (answer.status, list(answer.arrivals)) == (204, [])


async def with_media(receiver: Receiver, *urls: str):
    media = {f"MediaUrl{n}": url for n, url in enumerate(urls)}
    kinds = {f"MediaContentType{n}": "image/png" for n in range(len(urls))}
    (arrival,) = (await receiver(hook(SAID | media | kinds))).arrivals
    return arrival


async def test_pictures_are_fetched_with_our_token(receiver, carrier):
    png = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
    sid = carrier.write("Foto", (("image/png", png), ("image/png", png * 100)))
    media = carrier.phones.messages[sid].media
    base = f"{carrier.address}/carrier/2010-04-01/Accounts/AC00000000000000000000000000000001"
    urls = [f"{base}/Messages/{sid}/Media/{one}" for one, _, _ in media]
    arrival = await with_media(receiver, *urls, f"{base}/Messages/{sid}/Media/none")
    assert arrival.files == (png,)
    assert [problem.code for problem in arrival.event.content.problems] == [
        ProblemCode.FILE_TOO_LARGE,
        ProblemCode.FILE_MISSING,
    ]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/a.png",
        "https://twilio.com.evil.example/a.png",
        "https://evil.example/twilio.com",
        "https://api.twilio.com@evil.example/a.png",
        "http://api.twilio.com/a.png",
        "file:///etc/passwd",
        "http://[::1",
        "",
        "x",
    ],
)
async def test_nothing_is_fetched_from_a_host_that_is_not_the_providers(receiver, url):
    arrival = await with_media(receiver, url or "?")
    assert arrival.files == ()
    assert [p.code for p in arrival.event.content.problems] == [ProblemCode.FILE_MISSING]


async def test_a_provider_that_is_away_is_asked_again(account):
    client = Twilio(account, SmsSettings(twilio="http://127.0.0.1:9"))
    with pytest.raises(Temporary):
        await with_media(Receiver({WHO: client}, 1_000, note), "http://127.0.0.1:9/a.png")
    await client.close()
