"""Shows the table: mailbox and web pages on the left, the desk on the right, a story between."""

from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI, Request, Response

from hub_pages.headers import policy
from hub_pages.pages import Pages
from hub_pages.said import mark
from local_hub.peers.settings import PeersSettings

HERE = Path(__file__).parent
PREFIX = "/table"  # as the gateway has it; the same inside and outside


def names_of_keys(say: Callable[[str], str]) -> dict[str, str]:
    """Return what keys are called whose signs a screen reader may leave out."""
    return {"*": say(mark("Stern-Taste")), "#": say(mark("Raute-Taste"))}


def _number(settings: PeersSettings, what: str) -> str:
    """Return the first number of the hub that takes this; empty: none does."""
    numbers = settings.carrier.numbers.items()
    return next((number for number, one in numbers if getattr(one, what)), "")


def add_table(app: FastAPI, settings: PeersSettings) -> None:
    """Add the page and what belongs to it; the mailboxes' own interface lies beside it."""
    pages, table = Pages(HERE), settings.table
    # The log-in is shown in the right frame, and it is another origin.
    frames = f"frame-src 'self' http://{settings.identity}"
    allowed = policy().replace("frame-src 'self'", frames)

    async def show(request: Request) -> Response:
        answer = pages.page(
            request,
            "table.html",
            table=table,
            mailboxes={address: box.name for address, box in settings.mailboxes.items()},
            handsets={n: phone.name for n, phone in settings.carrier.handsets.items()},
            sms_to=_number(settings, "hook"),
            call_to=_number(settings, "calls"),
            machines={n: one.name for n, one in settings.faxes.machines.items()},
            fax_to=list(settings.faxes.numbers),
            names_of_keys=names_of_keys(pages.say(pages.look(request).language)),
            has_letterbox=settings.letterbox.folder is not None,
            has_tray=settings.post.has_any,
            agent=next(iter(settings.people), ""),
        )
        answer.headers["Content-Security-Policy"] = allowed
        return answer

    for path in (PREFIX, f"{PREFIX}/"):
        app.add_api_route(path, show, include_in_schema=False)
    app.mount(f"{PREFIX}/static", pages.own)
