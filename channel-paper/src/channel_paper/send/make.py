"""Makes the letter of a request for one of our boxes, off the event loop."""

import asyncio

from channel_paper.boxes import PaperBox
from channel_paper.render import Paper, reason_of, render
from hub_contract.delivery import Delivery
from hub_contract.events import MessageRequested
from hub_kit.outgoing import Outcome
from hub_print.geometry import Sheet, Unprintable
from hub_print.letter import Printed, Sender, letter


async def make(
    request: MessageRequested, files: tuple[bytes, ...], box: PaperBox, sheet: Sheet
) -> Printed | Outcome:
    """Return the letter, or the outcome that says by code why there is none.

    `Permanent` where the recipient has no postal address.
    """
    wanted = render(request, files, paper_of(box, sheet))
    try:
        return await asyncio.to_thread(letter, wanted)
    except Unprintable as error:
        first = error.found[0]
        return Outcome(Delivery.FAILED, reason_of(first.fault), first.fault, diagnostic=str(error))


def paper_of(box: PaperBox, sheet: Sheet) -> Paper:
    """Return what the letters of this box have in common."""
    settings = box.settings
    lines = settings.return_address.splitlines() or settings.address.splitlines()
    sender = Sender(
        name=box.display_name,
        address=" · ".join(lines),
        phone=settings.phone,
        email=settings.email,
        foot=settings.foot,
    )
    return Paper(sender, sheet, settings.zone())


def name_of(request: MessageRequested) -> str:
    """Return what a carrier calls this letter: nothing of it is personal."""
    return f"{request.tenant}.{request.account}.{request.id}.pdf"
