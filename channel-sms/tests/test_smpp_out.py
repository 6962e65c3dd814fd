"""Out by SMPP: what the SMSC takes, refuses, puts off, loses, and what its receipts become."""

import pytest

from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Temporary
from hub_kit.testing import eventually
from local_hub.peers.phones.packets import write_receipt

ERIKA = "+491715550101"
GONE = "+491715550102"
LONG = ("Sehr geehrte Frau Mustermann, " * 12).strip()


def words(bound, asked) -> list[Delivery]:
    return [one.status for one in bound.came if one.message_id == asked.id]


async def reported(bound, asked, status: Delivery) -> None:
    async def is_there() -> bool:
        return status in words(bound, asked)

    await eventually(is_there)


async def test_it_is_taken_once_and_its_receipt_says_that_it_arrived(bound, smsc, request_to):
    asked = request_to(text="Grüße, 5 €")
    outcome = await bound.sender.send(asked, ())
    assert (outcome.status, outcome.segments) == (Delivery.ACCEPTED, 1)
    assert outcome.external_id in smsc.smsc.submitted
    await reported(bound, asked, Delivery.DELIVERED)
    assert smsc.sent() == ["Grüße, 5 €"]


@pytest.mark.parametrize("long", ["udh", "sar", "payload"])
@pytest.mark.parametrize("text", [LONG, "Привет, " * 20 + "😀"], ids=["GSM-7", "UCS-2"])
async def test_a_long_text_goes_as_the_smsc_wants_it(bind_to, smsc, long, text, request_to):
    bound = await bind_to(smsc.number(long=long))
    asked = request_to(text=text)
    outcome = await bound.sender.send(asked, ())
    assert outcome.segments == 3
    assert len(smsc.smsc.submitted) == (1 if long == "payload" else 3)
    await reported(bound, asked, Delivery.DELIVERED)
    assert smsc.sent() == [text]
    assert words(bound, asked).count(Delivery.DELIVERED) == 1, "once all parts are there"


async def test_a_number_that_is_gone_fails_with_our_reason(bound, request_to):
    asked = request_to(to=GONE)
    await bound.sender.send(asked, ())
    await reported(bound, asked, Delivery.FAILED)
    (report,) = (one for one in bound.came if one.status is Delivery.FAILED)
    assert (report.reason, report.code) == (Reason.UNREACHABLE, "011")


@pytest.mark.parametrize(
    ("status", "wait"), [(0x58, 5), (0x14, 30), (0x08, 30)], ids=["throttled", "full", "system"]
)
async def test_what_was_certainly_not_taken_is_tried_again(bound, smsc, status, wait, request_to):
    smsc.breaks(status=status)
    asked = request_to()
    with pytest.raises(Temporary) as later:
        await bound.sender.send(asked, ())
    assert later.value.retry_after == wait
    assert smsc.sent() == []
    assert (await bound.sender.send(asked, ())).status is Delivery.ACCEPTED
    assert smsc.sent() == ["Guten Tag"]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (0x01, ("ESME_RINVMSGLEN", Reason.TOO_LARGE)),
        (0x0B, ("ESME_RINVDSTADR", Reason.ADDRESS_UNKNOWN)),
        (0x0A, ("ESME_RINVSRCADR", Reason.NOT_CONFIGURED)),
        (0x400, ("0x00000400", Reason.OTHER)),
        (0xFFFF, ("0x0000FFFF", Reason.OTHER)),
    ],
)
async def test_a_refusal_has_its_code_and_our_reason(bound, smsc, status, said, request_to):
    smsc.breaks(status=status)
    outcome = await bound.sender.send(request_to(), ())
    assert (outcome.status, (outcome.code, outcome.reason)) == (Delivery.FAILED, said)


async def test_a_later_part_waits_until_it_is_taken(bound, smsc, request_to):
    smsc.breaks(status=0x58, skip=1, times=2)
    assert (await bound.sender.send(request_to(text=LONG), ())).status is Delivery.ACCEPTED
    assert smsc.sent() == [LONG]


async def test_a_later_part_that_is_never_taken_fails_the_whole(bound, smsc, request_to):
    smsc.breaks(status=0x58, skip=1, times=9)
    outcome = await bound.sender.send(request_to(text=LONG), ())
    assert (outcome.status, outcome.code) == (Delivery.FAILED, "ESME_RTHROTTLED")
    assert "part 2" in outcome.diagnostic


async def test_a_lost_answer_is_unknown_and_the_receipt_says_what_became_of_it(
    bound, smsc, request_to
):
    smsc.breaks(lose=1)
    asked = request_to()
    outcome = await bound.sender.send(asked, ())
    assert outcome.status is Delivery.UNKNOWN
    await reported(bound, asked, Delivery.DELIVERED)
    assert smsc.sent() == ["Guten Tag"], "never sent again"


async def test_a_lost_answer_stays_unknown_where_the_smsc_says_nothing_of_ours(
    bound, smsc, request_to
):
    smsc.breaks(lose=1, echo=False)
    asked = request_to()
    assert (await bound.sender.send(asked, ())).status is Delivery.UNKNOWN
    assert await bound.sender.look_up(asked) is None
    assert smsc.sent() == ["Guten Tag"]


async def test_a_receipt_may_overtake_the_answer_and_write_the_id_its_own_way(
    bound, smsc, request_to
):
    smsc.breaks(early=True, decimal=True, echo=False, stat="DELIVERED")
    asked = request_to()
    await bound.sender.send(asked, ())
    await reported(bound, asked, Delivery.DELIVERED)


@pytest.mark.parametrize(
    ("to", "asked_how"),
    [
        (ERIKA, (True, Delivery.DELIVERED)),
        (GONE, (True, Delivery.FAILED)),
        (ERIKA, (False, Delivery.ACCEPTED)),
    ],
)
async def test_a_lost_claim_is_asked_for(bound, smsc, to, asked_how, request_to):
    query, status = asked_how
    smsc.breaks(query=query, stat="ENROUTE")
    asked = request_to(to=to)
    await bound.sender.send(asked, ())
    found = await bound.sender.look_up(asked)
    assert found is not None
    assert found.status is status
    assert await bound.sender.look_up(request_to()) is None, "nothing is known of it"


async def test_a_receipt_of_no_message_of_ours_is_answered_and_not_kept(bound, smsc, request_to):
    other = smsc.smsc.submitted
    asked = request_to()
    await bound.sender.send(asked, ())
    await reported(bound, asked, Delivery.DELIVERED)
    (sent,) = other.values()
    text = "id:FFFF stat:DELIVRD err:000"
    (waiting,) = smsc.smsc.deliver("stadt", [write_receipt(sent, text, {})])
    await waiting.taken.wait()
    assert len(bound.came) == 1
