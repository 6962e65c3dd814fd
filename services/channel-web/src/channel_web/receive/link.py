"""The way past a lock that strangers have closed: a one-time link to whom we know, and its page.

Rule 1. The answer is the same for every number, and as quick: that a link was sent is said only
        with "if".
Rule 2. Programs that look at mails open every link in them: a page that is only looked at does
        nothing. The button uses the link.
Rule 3. A used link opens nothing either: this browser may try the digits, in a share of its own.
"""

from fastapi import APIRouter, Response
from starlette.background import BackgroundTask

from channel_web.receive.draft import form_of, read_draft
from channel_web.receive.known import known_cookie
from channel_web.receive.look_up import read_reference
from channel_web.receive.prompt import prompt
from channel_web.receive.send_link import send_link
from channel_web.receive.visit import TheVisit
from hub_contract.references import show_reference
from hub_pages.form import Form

router = APIRouter()


@router.get("/vorgang/link")
async def ask(visit: TheVisit) -> Response:
    """Ask for the number that a link is wished for."""
    return visit.page("ask_link.html", form=Form({}), over=False)


@router.post("/vorgang/link")
async def send(visit: TheVisit) -> Response:
    """Say what happens if we know somebody behind this number, and only then look."""
    draft = await read_draft(visit)
    reference, faults = read_reference(draft.fields.get("reference", ""))
    if faults:
        form = form_of(visit, draft.fields, faults)
        return visit.page("ask_link.html", status=422, form=form, over=False)
    answer = visit.page("link_asked.html", minutes=visit.portal.settings.link_minutes)
    answer.background = BackgroundTask(send_link, visit, reference)
    return answer


@router.get("/vorgang/freigabe/{token}")
async def look(visit: TheVisit, token: str) -> Response:
    """Show the button that uses the link; looking at it changes nothing, and asks nobody."""
    return visit.page("use_link.html", token=token)


@router.post("/vorgang/freigabe/{token}")
async def use(visit: TheVisit, token: str) -> Response:
    """Use the link, once: this browser may try the digits, whatever strangers have tried."""
    portal, tenant = visit.portal, visit.tenant
    portal_id = await portal.known.use_link(tenant, token)
    found = await portal.inboxes.of_id(tenant, portal_id) if portal_id else None
    if found is None:
        return visit.page("ask_link.html", status=410, form=Form({}), over=True)
    inbox, _ = found
    cookie = await portal.known.remember(
        tenant, known_cookie(visit.request), inbox, portal.known.linked
    )
    answer = prompt(visit, form=Form({"reference": show_reference(inbox.reference)}), passed=True)
    portal.known.write_cookie(answer, cookie, visit.prefix)
    return answer
