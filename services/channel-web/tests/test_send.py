"""The way out: what rests in the portal, and what cannot."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from channel_web.receive.inbox import Inboxes
from channel_web.receive.session import new_visit
from channel_web.render import by_day, line_of, render, state_of
from channel_web.send import PortalSender
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Permanent
from hub_contract.events import MessageRequested, RequestedContent, Sealed
from hub_contract.words import Channel, ContactKind, ContactPoint
from hub_pages.times import BERLIN


def request(value: str, *, kind=ContactKind.PORTAL, tenant="musterstadt", account="portal"):
    return MessageRequested(
        id=uuid4(),
        tenant=tenant,
        channel=Channel.WEB,
        account=account,
        conversation_id=uuid4(),
        requested_at=datetime.now(UTC),
        content=RequestedContent(
            recipient=ContactPoint(kind=kind, value=value), text="Guten Tag", reply_token="t"
        ),
    )


@pytest.fixture
def sender(hub, accounts):
    return PortalSender(accounts, hub.ground.pool)


async def test_a_message_rests_in_its_inbox(hub, sender):
    slip = await Inboxes(hub.ground.pool, hub.ground.ring).open("musterstadt", new_visit(), "de")
    asked = request(str(slip.inbox.portal_id))
    said = await sender.send(asked, ())
    assert (said.status, said.external_id) == (Delivery.DELIVERED, str(asked.id))
    assert await sender.look_up(asked) == said


async def test_an_inbox_that_is_not_there_or_anothers_gets_nothing(hub, sender):
    slip = await Inboxes(hub.ground.pool, hub.ground.ring).open("kleindorf", new_visit(), "de")
    for value in (str(uuid4()), str(slip.inbox.portal_id)):
        said = await sender.send(request(value), ())
        assert (said.status, said.reason) == (Delivery.FAILED, Reason.ADDRESS_UNKNOWN)


async def test_an_account_nobody_has_set_up_is_said(sender):
    for asked in (request(str(uuid4()), account="other"), request(str(uuid4()), tenant="nirgends")):
        with pytest.raises(Permanent, match="not configured") as said:
            await sender.send(asked, ())
        assert said.value.reason is Reason.NOT_CONFIGURED


@pytest.mark.parametrize(
    ("asked", "says", "reason"),
    [
        (request("erika@example.org", kind=ContactKind.EMAIL), "kind email", "address_unknown"),
        (request("inbox"), "not the id of an inbox", "address_unknown"),
        (
            request(str(uuid4())).model_copy(update={"content": Sealed(sealed="")}),
            "open it before rendering",
            "other",
        ),
    ],
)
def test_what_no_inbox_can_hold_is_said_with_its_remedy(asked, says, reason):
    with pytest.raises(Permanent, match=says) as said:
        render(asked)
    assert said.value.reason == reason


def test_rendering_names_inbox_and_message():
    portal_id = uuid4()
    asked = request(str(portal_id))
    assert (render(asked).portal_id, render(asked).message_id) == (portal_id, asked.id)


ENTRY = {
    "id": str(uuid4()),
    "place": 3,
    "kind": "message",
    "direction": "out",
    "channel": "web",
    "at": "2026-11-23T22:30:00Z",
    "mine": False,
    "erased": False,
    "subject": "Hund",
    "text": "Guten Tag",
    "more": False,
    "signed": "Petra Amt",
    "attachments": [
        {"number": 1, "file_name": "a.pdf", "media_type": "application/pdf", "size": 9}
    ],
    "delivery": {"code": "arrived", "text": "angekommen"},
}


def test_a_line_says_whose_it_is_and_by_which_way():
    line = line_of(ENTRY)
    assert (line.is_ours, line.is_mine, line.by, line.failed) == (True, False, "", False)
    assert line.awaits_reading
    assert [(file.number, file.file_name) for file in line.files] == [(1, "a.pdf")]
    by_mail = line_of(ENTRY | {"channel": "email", "delivery": {"code": "did_not_arrive"}})
    assert (by_mail.by, by_mail.failed, by_mail.awaits_reading) == ("email", True, False)
    hers = line_of(ENTRY | {"direction": "in", "mine": True, "delivery": None})
    assert (hers.is_ours, hers.is_mine, hers.failed, hers.awaits_reading) == (
        False,
        True,
        False,
        False,
    )


def test_days_are_those_of_the_reader():
    late = line_of(ENTRY)
    later = line_of(ENTRY | {"at": "2026-11-23T23:30:00Z"})
    days = by_day([late, later], BERLIN)
    assert [(day.isoformat(), len(lines)) for day, lines in days] == [
        ("2026-11-23", 1),
        ("2026-11-24", 1),
    ]


@pytest.mark.parametrize(
    ("state", "direction", "word"),
    [
        ("open", "in", "arrived"),
        ("open", "out", "answered"),
        ("open", None, "arrived"),
        ("closed", "in", "closed"),
        ("closed", None, "closed"),
        (None, None, "arrived"),
    ],
)
def test_how_far_it_is(state, direction, word):
    last = line_of(ENTRY | {"direction": direction}) if direction else None
    assert state_of({"state": state} if state else None, last) == word
