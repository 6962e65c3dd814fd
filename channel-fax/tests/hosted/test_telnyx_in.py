"""Telnyx's hooks: signed as Telnyx signs, the file safe before yes, and nobody else's are taken."""

import asyncio
import json
import time
from uuid import uuid4

import pytest
from telnyx.lib.webhook_verification import WebhookVerificationError, verify_webhook_signature

from channel_fax.parse.telnyx import state_of
from channel_fax.providers.telnyx_signature import check_signature
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Temporary
from hub_contract.problems import ProblemCode
from hub_kit.hooks import Hook
from hub_kit.tokens import Refused
from local_hub.peers.faxes.call import Call, public_key, signed

TOKEN = "the key of a pretend account"
BODY = '{"data": {"event_type": "fax.received", "payload": {"to": "Grüße"}}}'.encode()


def test_telnyx_own_library_takes_the_same_signatures(at_telnyx):
    headers = signed(TOKEN, BODY)
    verify_webhook_signature(BODY, headers, public_key(TOKEN))
    check_signature(headers, BODY, at_telnyx.settings.verifier(), time.time())


FORGED = {
    "no signature": {"telnyx-signature-ed25519": ""},
    "another one": {"telnyx-signature-ed25519": "A" * 86 + "=="},
    "no base64": {"telnyx-signature-ed25519": "ü"},
    "too short": {"telnyx-signature-ed25519": "QUJD"},
    "another key's": signed("another account's key", BODY),
    "no moment": {"telnyx-timestamp": ""},
    "a moment that is none": {"telnyx-timestamp": "heute"},
    "another moment": {"telnyx-timestamp": str(int(time.time()) - 1)},
    "a moment with a sign": {"telnyx-timestamp": f"+{int(time.time())}"},
    "five minutes old": signed(TOKEN, BODY, time.time() - 400),
    "from the future": signed(TOKEN, BODY, time.time() + 400),
}


@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED)
async def test_what_is_forged_or_old_is_refused_before_it_is_read(
    by_telnyx, hook, kept, headers, at_telnyx
):
    right = hook(Call("", BODY, signed=True))
    forged = Hook(right.account, "", right.address, "POST", right.headers | headers, BODY)
    with pytest.raises(Refused):
        await by_telnyx(forged)
    assert kept.came == []
    if "a moment with a sign" not in FORGED or headers is not FORGED["a moment with a sign"]:
        with pytest.raises(WebhookVerificationError):
            verify_webhook_signature(BODY, forged.headers, public_key(TOKEN))


async def test_a_changed_body_is_refused(by_telnyx, hook):
    right = hook(Call("", BODY, signed=True))
    with pytest.raises(Refused):
        await by_telnyx(Hook(right.account, "", right.address, "POST", right.headers, BODY + b" "))


async def test_a_fax_is_safe_with_its_file_before_telnyx_hears_yes(
    by_telnyx, hook, kept, provider, id_of
):
    fax = provider.feed()
    answer = await by_telnyx(hook(provider.telnyx.tell(fax)))
    assert (answer.status, answer.arrivals) == (200, ())
    (arrival,) = kept.came
    event = arrival.event
    assert arrival.original == fax.file
    assert (event.id, event.pages, event.readable, event.partial) == (id_of(fax), 2, True, False)
    assert event.content.sender.value == "+497115550101"
    assert event.content.external_id == fax.id


async def test_a_partial_fax_is_kept_and_marked(by_telnyx, hook, kept, provider):
    await by_telnyx(hook(provider.telnyx.tell(provider.feed(partial=True))))
    event = kept.came[0].event
    assert event.partial
    assert [one.code for one in event.content.problems] == [ProblemCode.LINE_DROPPED]


async def test_a_hundred_same_hooks_at_once_are_one_fax_fetched_once(
    *, by_telnyx, hook, kept, provider, telnyx, monkeypatch
):
    fetched = []
    fetch = telnyx.fetch

    async def counted(url, limit):
        fetched.append(url)
        return await fetch(url, limit)

    monkeypatch.setattr(telnyx, "fetch", counted)
    call = hook(provider.telnyx.tell(provider.feed()))
    answers = await asyncio.gather(*(by_telnyx(call) for _ in range(100)))
    assert {one.status for one in answers} == {200}
    assert (len(kept.came), len(fetched)) == (1, 1)


OTHERS = ["fax.media.processing.started", "fax.receiving.started", "fax.failed", "", "x"]


@pytest.mark.parametrize("kind", OTHERS)
async def test_no_other_event_of_a_fax_that_comes_in_makes_an_entry(
    by_telnyx, hook, kept, provider, kind
):
    said = json.loads(provider.telnyx.tell(provider.feed()).body)
    said["data"]["event_type"] = kind
    answer = await by_telnyx(hook(Call("", json.dumps(said).encode(), signed=True)))
    assert (answer.status, list(answer.arrivals), kept.came) == (200, [], [])


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b'{"data": []}', b'{"data": {"payload": 1}}', b"\xff", b"[" * 9999],
)
async def test_what_is_no_event_is_answered_and_not_kept(by_telnyx, hook, kept, body):
    answer = await by_telnyx(hook(Call("", body, signed=True)))
    assert (answer.status, list(answer.arrivals), kept.came) == (200, [], [])


NOT_NOW = {
    "provider away": {"media_answer": 503},
    "file gone": {"media_answer": 404},
    "link refused for good": {"media_answer": 403},
}


@pytest.mark.parametrize("faults", NOT_NOW.values(), ids=NOT_NOW)
async def test_without_its_file_telnyx_shall_call_again(by_telnyx, hook, kept, provider, faults):
    call = hook(provider.telnyx.tell(provider.feed()))
    provider.breaks(**faults)
    with pytest.raises(Temporary):
        await by_telnyx(call)
    assert kept.came == []
    provider.breaks()
    await by_telnyx(call)
    assert len(kept.came) == 1


async def test_a_link_that_has_run_out_is_renewed(by_telnyx, hook, kept, provider):
    provider.breaks(link_lives=0)
    call = hook(provider.telnyx.tell(provider.feed()))
    await by_telnyx(call)
    assert kept.came[0].original == next(iter(provider.machines.faxes.values())).file


async def test_a_file_that_never_ends_is_left_at_the_limit(by_telnyx, hook, kept, provider):
    provider.breaks(endless=True)
    await by_telnyx(hook(provider.telnyx.tell(provider.feed())))
    event = kept.came[0].event
    assert [one.code for one in event.content.problems] == [ProblemCode.FILE_TOO_LARGE]
    assert not event.readable


async def test_a_file_that_lies_about_its_type_is_what_its_bytes_are(
    by_telnyx, hook, kept, provider
):
    provider.breaks(media_type="text/html")
    await by_telnyx(hook(provider.telnyx.tell(provider.feed())))
    provider.breaks(media_type="application/pdf")
    await by_telnyx(hook(provider.telnyx.tell(provider.feed(file=b"<html>Login</html>"))))
    assert [one.event.readable for one in kept.came] == [True, False]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/a.pdf",
        "https://telnyx.com.evil.example/a.pdf",
        "https://s3.amazonaws.com/another-bucket/a.pdf",
        "https://s3.amazonaws.com/faxes-prod/../other/a.pdf",
        "https://api.telnyx.com@evil.example/a.pdf",
        "http://s3.amazonaws.com/faxes-prod/a.pdf",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "http://[::1",
    ],
)
async def test_nothing_is_fetched_from_a_host_that_is_not_the_providers(
    by_telnyx, hook, kept, provider, url
):
    said = json.loads(provider.telnyx.tell(provider.feed()).body)
    said["data"]["payload"]["media_url"] = url
    with pytest.raises(Temporary, match="media_hosts"):
        await by_telnyx(hook(Call("", json.dumps(said).encode(), signed=True)))
    assert kept.came == []


async def test_while_our_database_is_away_telnyx_shall_call_again(by_telnyx, hook, kept, provider):
    kept.away = Temporary("database")
    with pytest.raises(Temporary):
        await by_telnyx(hook(provider.telnyx.tell(provider.feed())))


def status(word: str, message: object, **more: object) -> Call:
    payload = {
        "direction": "outbound",
        "fax_id": "f1",
        "status": word,
        "client_state": state_of(message),
        **more,
    }
    event = {"data": {"event_type": f"fax.{word}", "payload": payload}}
    return Call("", json.dumps(event).encode(), signed=True)


STATUSES = [
    ("queued", {}, Delivery.ACCEPTED, Reason.NONE),
    ("media.processed", {}, Delivery.ACCEPTED, Reason.NONE),
    ("originated", {}, Delivery.ACCEPTED, Reason.NONE),
    ("sending", {}, Delivery.SENT, Reason.NONE),
    ("delivered", {"page_count": 3}, Delivery.DELIVERED, Reason.NONE),
    ("failed", {"failure_reason": "user_busy"}, Delivery.FAILED, Reason.BUSY),
    ("failed", {"failure_reason": "receiver_no_answer"}, Delivery.FAILED, Reason.NO_ANSWER),
    ("failed", {"failure_reason": "account_disabled"}, Delivery.FAILED, Reason.NOT_CONFIGURED),
    ("failed", {"failure_reason": "a_word_of_tomorrow"}, Delivery.FAILED, Reason.OTHER),
]


@pytest.mark.parametrize(("word", "more", "expected", "reason"), STATUSES)
async def test_a_status_is_a_report_of_the_message_it_carries(
    *, by_telnyx, hook, word, more, expected, reason
):
    message = uuid4()
    answer = await by_telnyx(hook(status(word, message, **more), "/status"))
    (report,) = (one.event for one in answer.arrivals)
    assert (report.message_id, report.status, report.reason) == (message, expected, reason)
    assert report.code == more.get("failure_reason", "")
    assert report.pages == more.get("page_count")
    again = await by_telnyx(hook(status(word, message, **more), "/status"))
    assert again.arrivals[0].event.id == report.id


@pytest.mark.parametrize("state", ["", "ü", "bm8gaWQ=", "A" * 5000])
async def test_a_status_of_no_fax_of_ours_is_answered_and_not_kept(by_telnyx, hook, state):
    call = status("delivered", uuid4(), client_state=state)
    answer = await by_telnyx(hook(call, "/status"))
    assert (answer.status, list(answer.arrivals)) == (200, [])
