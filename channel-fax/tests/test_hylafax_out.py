"""What goes out by HylaFAX: as pages, once, and what became of it."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from channel_fax.providers.hylafax_codes import reason_of
from channel_fax.providers.xferfaxlog import read_rows
from channel_fax.send import OnlyAllowed
from channel_fax.send.hylafax import HylafaxSender
from channel_fax.send.watch import news_of
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import DeliveryContent, MessageRequested
from hub_contract.words import ContactKind, ContactPoint
from local_hub.peers.faxes.hfaxd import Call, Faults, Hfaxd
from local_hub.peers.faxes.pages import pdf

ERIKA = "+497115550101"
Make = Callable[..., MessageRequested]


async def test_a_fax_goes_out_as_pages_and_its_report_comes(
    line: Any, hfaxd: Hfaxd, request_to: Make
) -> None:
    printed: list[tuple[str, str, bytes]] = []
    hfaxd.on_fax = lambda *said: printed.append(said)
    request = request_to()
    outcome = await line.sender.send(request, (pdf(2),))
    assert outcome.status is Delivery.ACCEPTED
    ((to, tag, tiff),) = printed
    assert (to, tag) == (ERIKA, f"faden-{request.id}")
    pages = Image.open(BytesIO(tiff))
    assert (pages.n_frames, pages.width, pages.info["compression"]) == (3, 1728, "group4")
    await line.watch.look()
    (report,) = line.came
    assert (report.status, report.pages, report.message_id) == (Delivery.DELIVERED, 3, request.id)
    assert isinstance(report.content, DeliveryContent)
    assert report.content.evidence[0].kind == "transmission-report"
    assert b"STATE: DONE" in line.originals[0]
    assert await line.watch.look() == 0


async def test_the_same_request_is_one_job(line: Any, hfaxd: Hfaxd, request_to: Make) -> None:
    request = request_to()
    first = await line.sender.send(request, ())
    again = await line.sender.send(request, ())
    assert first.external_id == again.external_id
    assert hfaxd.calls == 1


CUT = {
    "nothing was stored": ("STOT", Temporary, 0),
    "no job": ("JNEW", Temporary, 0),
    "no parameter": ("JPARM", Temporary, 0),
    "never heard": ("JSUBM", Delivery.UNKNOWN, 0),
}


@pytest.mark.parametrize("case", sorted(CUT))
async def test_lines_that_break(line: Any, hfaxd: Hfaxd, request_to: Make, case: str) -> None:
    command, becomes, calls = CUT[case]
    hfaxd.faults = Faults(drop_before=command)
    if becomes is Temporary:
        with pytest.raises(Temporary):
            await line.sender.send(request_to(), ())
    else:
        assert (await line.sender.send(request_to(), ())).status is becomes
    assert hfaxd.calls == calls


async def test_an_answer_that_was_lost_is_looked_up_by_our_tag(
    line: Any, hfaxd: Hfaxd, request_to: Make
) -> None:
    hfaxd.faults = Faults(drop_after="JSUBM")
    request = request_to()
    outcome = await line.sender.send(request, ())
    assert (outcome.status, outcome.external_id) == (Delivery.ACCEPTED, "1")
    assert hfaxd.calls == 1
    await line.watch.look()
    assert [one.status for one in line.came] == [Delivery.DELIVERED]


REFUSED = {
    "busy server": ("JNEW", "421 Service not available", Temporary),
    "no parameter": ("JSUBM", "504 Cannot submit job", Delivery.FAILED),
    "log-in": ("USER", "530 User faden access denied.", Temporary),
}


@pytest.mark.parametrize("case", sorted(REFUSED))
async def test_what_hfaxd_refuses(line: Any, hfaxd: Hfaxd, request_to: Make, case: str) -> None:
    command, answer, becomes = REFUSED[case]
    hfaxd.faults = Faults(refuse={command: answer})
    if becomes is Temporary:
        with pytest.raises(Temporary):
            await line.sender.send(request_to(), ())
    else:
        assert (await line.sender.send(request_to(), ())).status is becomes


CALLS = {
    "busy": (Call("FAILED", "E001", "Busy signal detected", 0), Delivery.FAILED, Reason.BUSY),
    "busy for now": (Call("SLEEPING", "E001", "Busy", 0), Delivery.DEFERRED, Reason.BUSY),
    "nobody": (Call("FAILED", "E003", "No answer", 0), Delivery.FAILED, Reason.NO_ANSWER),
    "a voice": (Call("FAILED", "E126", "T1 timeout", 0), Delivery.FAILED, Reason.UNREACHABLE),
    "cut": (Call("FAILED", "E150", "No response", 1), Delivery.FAILED, Reason.LINE_DROPPED),
    "unheard of": (Call("FAILED", "E999", "?", 0), Delivery.FAILED, Reason.OTHER),
    "code in words": (
        Call("FAILED", "E000", "Kill time expired {E325}", 0),
        Delivery.FAILED,
        Reason.EXPIRED,
    ),
    "done, but nothing went": (Call("DONE", "E000", "", 0), Delivery.FAILED, Reason.OTHER),
}


@pytest.mark.parametrize("case", sorted(CALLS))
async def test_how_calls_end(line: Any, hfaxd: Hfaxd, request_to: Make, case: str) -> None:
    call, status, reason = CALLS[case]
    hfaxd.machines[ERIKA] = call
    await line.sender.send(request_to(), ())
    await line.watch.look()
    await line.watch.look()
    (report,) = line.came
    assert (report.status, report.reason) == (status, reason)
    assert report.pages == (None if status is Delivery.DEFERRED else call.pages)


async def test_a_call_that_hangs_is_ended_and_said_to_have_failed(
    line: Any, hfaxd: Hfaxd, request_to: Make
) -> None:
    hfaxd.machines[ERIKA] = Call("ACTIVE", "E000", "Sending page 1", 0)
    line.watch._settings = line.settings.model_copy(update={"longest_call": -1.0})
    await line.sender.send(request_to(), ())
    await line.watch.look()
    (report,) = line.came
    assert (report.status, report.reason) == (Delivery.FAILED, Reason.LINE_DROPPED)
    assert hfaxd.jobs[1].killed
    assert line.watch.hanging == 1
    assert await line.watch.look() == 0


async def test_what_the_queues_forgot_the_log_of_calls_knows(
    line: Any, hfaxd: Hfaxd, spool: Path, request_to: Make
) -> None:
    request = request_to()
    await line.sender.send(request, ())
    hfaxd.jobs.clear()
    await line.watch.look()
    assert line.came == []
    row = [
        "11/28/26 05:10",
        "SEND",
        "000000001",
        "ttyIAX0",
        "1",
        f'"faden-{request.id}"',
        "faden",
        '"x"',
        '"Line 1"',
        "2220072",
        "1",
        "0:00:18",
        "0:01:15",
        '""',
        '""',
        '""',
        '""',
        '"faden"',
        '"00"',
    ]
    (spool / "log" / "xferfaxlog").write_text("\t".join(row) + "\nhalf a li")
    await line.watch.look()
    (report,) = line.came
    assert (report.status, report.pages, report.seconds) == (Delivery.DELIVERED, 1, 75)
    assert report.content.evidence[1].result == "Line 1"


UNSENT = {
    "no fax": ContactPoint(kind=ContactKind.EMAIL, value="e@example.org"),
    "as written": ContactPoint(kind=ContactKind.FAX, value="0711-?", as_written=True),
}


@pytest.mark.parametrize("case", sorted(UNSENT))
async def test_who_is_reached_by_no_fax(line: Any, request_to: Make, case: str) -> None:
    request = request_to()
    content = request.content.model_copy(update={"recipient": UNSENT[case]})
    with pytest.raises(Permanent) as caught:
        await line.sender.send(request.model_copy(update={"content": content}), ())
    assert caught.value.reason is Reason.ADDRESS_UNKNOWN


async def test_too_many_pages_and_no_pdf_never_go(
    line: Any, hfaxd: Hfaxd, request_to: Make
) -> None:
    for file in (pdf(30), b"no PDF at all"):
        with pytest.raises(Permanent):
            await line.sender.send(request_to(), (file,))
    assert hfaxd.calls == 0


async def test_nothing_goes_by_an_account_that_may_not(
    line: Any, hfaxd: Hfaxd, request_to: Make
) -> None:
    account = line.numbers.get("musterstadt", "fax")
    settings = account.settings.model_copy(update={"allowed": False})
    line.numbers._by_key["musterstadt", "fax"] = type(account)(
        account.tenant, account.name, account.display_name, settings
    )
    senders = OnlyAllowed(line.numbers, line.sender)
    with pytest.raises(Permanent) as caught:
        await senders.send(request_to(), ())
    assert caught.value.reason is Reason.REFUSED_BY_POLICY
    assert hfaxd.calls == 0


async def test_hfaxd_may_ask_for_a_password(
    line: Any, hfaxd: Hfaxd, request_to: Make, tmp_path: Path
) -> None:
    hfaxd.faults = Faults(password="geheim")
    with pytest.raises(Temporary):
        await line.sender.send(request_to(), ())
    secret = tmp_path / "password"
    secret.write_text("geheim\n")
    settings = line.settings.model_copy(update={"password_file": secret})
    sender = HylafaxSender(line.numbers, settings, 10, line.jobs)
    assert (await sender.send(request_to(), ())).status is Delivery.ACCEPTED
    await sender.close()


@pytest.mark.parametrize("text", ["", "x", "a\tb", "\t" * 30, "\0" * 9])
def test_what_is_no_row_of_the_log_is_passed_over(text: str) -> None:
    assert all(not row.tag for row in read_rows(text))


@pytest.mark.parametrize("state", ["", "NEW STATE", "SLEEPING", "ACTIVE"])
def test_what_says_nothing_yet_is_no_news(state: str) -> None:
    assert news_of({"STATE": state}, 1).status is Delivery.ACCEPTED


def test_every_code_has_a_reason() -> None:
    for number in range(1_000):
        assert reason_of(f"E{number:03}") in Reason
    assert reason_of("", "") is Reason.OTHER
