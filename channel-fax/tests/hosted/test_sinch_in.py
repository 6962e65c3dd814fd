"""Sinch signs nothing: a secret in the address, and nothing is believed but what Sinch itself says."""

import asyncio
import json
from uuid import uuid4

import pytest

from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Permanent, Temporary
from hub_contract.problems import ProblemCode
from hub_kit.hooks import Hook
from hub_kit.tokens import Refused
from local_hub.peers.faxes.call import Call

AT_SINCH, ERIKA, BUSY = "+4971112395", "+497115550101", "+497115550102"
TOKEN = "the key of a pretend account"
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("as_json", [False, True], ids=["form", "json"])
async def test_a_fax_is_fetched_from_sinch_itself(by_sinch, hook, kept, provider, as_json):
    provider.machines.settings.numbers[AT_SINCH].__dict__["as_json"] = as_json
    fax = provider.feed(AT_SINCH)
    call = hook(provider.sinch.tell(fax))
    await asyncio.gather(*(by_sinch(call) for _ in range(20)))
    (arrival,) = kept.came
    assert (arrival.original, arrival.event.pages) == (fax.file, 2)
    assert arrival.event.content.external_id == fax.id


FORGED = {
    "no secret": "",
    "another secret": "Basic ZmFkZW46eA==",
    "no base64": "Basic ü",
    "another scheme": f"Bearer {TOKEN}",
}


@pytest.mark.parametrize("said", FORGED.values(), ids=FORGED)
async def test_who_does_not_know_the_secret_is_not_heard(by_sinch, hook, kept, provider, said):
    call = hook(provider.sinch.tell(provider.feed(AT_SINCH)), authorization=said)
    with pytest.raises(Refused):
        await by_sinch(call)
    assert kept.came == []


async def test_who_knows_the_secret_still_cannot_invent_a_fax(by_sinch, hook, kept, provider):
    call = hook(provider.sinch.tell(provider.feed(AT_SINCH)))
    body = json.dumps({"event": "INCOMING_FAX", "fax": {"id": str(uuid4())}}).encode()
    with pytest.raises(Refused, match="does not know"):
        await by_sinch(Hook(call.account, "", call.address, "POST", call.headers | JSON, body))
    assert kept.came == []


async def test_what_a_hook_says_beside_the_id_is_not_believed(by_sinch, hook, kept, provider):
    fax = provider.feed(AT_SINCH)
    call = hook(provider.sinch.tell(fax))
    said = {"id": fax.id, "from": "+49110", "direction": "OUTBOUND", "numberOfPages": 99}
    body = json.dumps({"event": "FAX_COMPLETED", "fax": said}).encode()
    await by_sinch(Hook(call.account, "", call.address, "POST", call.headers | JSON, body))
    event = kept.came[0].event
    assert (event.content.sender.value, event.pages) == (ERIKA, 2)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"fax": {"id": "../../x"}}',
        b'{"fax": {"id": 1}}',
        b"\xff",
        b"[" * 9999,
    ],
)
@pytest.mark.parametrize(
    "kind", ["application/json", "multipart/form-data; boundary=x", "multipart/form-data", ""]
)
async def test_what_names_no_fax_cannot_be_taken(*, by_sinch, hook, kept, provider, body, kind):
    call = hook(provider.sinch.tell(provider.feed(AT_SINCH)))
    headers = call.headers | {"content-type": kind}
    with pytest.raises(Permanent):
        await by_sinch(Hook(call.account, "", call.address, "POST", headers, body))
    assert kept.came == []


async def test_without_its_file_sinch_shall_call_again(by_sinch, hook, kept, provider):
    call = hook(provider.sinch.tell(provider.feed(AT_SINCH)))
    provider.breaks(media_answer=503, silent=True)
    with pytest.raises(Temporary):
        await by_sinch(call)
    assert kept.came == []


async def test_a_partial_fax_is_kept_and_marked(by_sinch, hook, kept, provider):
    await by_sinch(hook(provider.sinch.tell(provider.feed(AT_SINCH, partial=True))))
    event = kept.came[0].event
    assert event.partial
    assert [one.code for one in event.content.problems] == [ProblemCode.LINE_DROPPED]


@pytest.mark.parametrize(
    ("to", "expected", "reason", "code"),
    [(ERIKA, Delivery.DELIVERED, Reason.NONE, ""), (BUSY, Delivery.FAILED, Reason.BUSY, "17")],
)
async def test_a_completed_fax_is_a_report(*, by_sinch, hook, provider, to, expected, reason, code):
    message = uuid4()
    fax = provider.machines.take(AT_SINCH, to, b"%PDF-", 1, "")
    fax.labels, (fax.status, fax.failure) = {"message": str(message)}, provider.machines.fate(fax)
    right = hook(provider.sinch.tell(provider.feed(AT_SINCH)))
    body = json.dumps({"event": "FAX_COMPLETED", "fax": {"id": fax.id}}).encode()
    said = Hook(right.account, "/status", right.address, "POST", right.headers | JSON, body)
    (report,) = (one.event for one in (await by_sinch(said)).arrivals)
    assert (report.message_id, report.status) == (message, expected)
    assert (report.reason, report.code) == (reason, code)


def test_a_call_of_the_pretend_sinch_has_the_secret_in_its_address(provider):
    assert isinstance(call := provider.sinch.tell(provider.feed(AT_SINCH)), Call)
    assert "faden:" in call.address
