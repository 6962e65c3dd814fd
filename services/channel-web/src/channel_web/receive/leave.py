"""The way out: whoever leaves, leaves nothing behind at this computer, and takes all copies along.

Rule 1. The session ends in the database, the visit with it: a copied cookie opens nothing, and the
        forms of this visit are worth nothing any more.
Rule 2. What the browser kept goes too, as far as browsers do that: pages, storage, the cookie.
        Files of a form that was never sent are deleted at once.
"""

import structlog
from fastapi import APIRouter, Response

from channel_web.receive.session import delete_cookie
from channel_web.receive.visit import TheVisit
from hub_contract.errors import Temporary

router = APIRouter()
log = structlog.get_logger()
CLEAR = '"cache", "storage"'  # W3C Clear Site Data; not the cookies: how pages look is among them


@router.post("/vorgang/ende")
async def leave(visit: TheVisit) -> Response:
    """End session and visit: the next one at this computer needs number and digits."""
    try:
        await visit.portal.sessions.leave(visit.tenant, visit.browser)
        await visit.portal.keep.forget_visit(visit.mark)
        answer = visit.page("left.html", away=False, old=False)
    except Temporary as error:
        log.warning("a session could not be ended", reason=str(error)[:200])
        answer = visit.page("left.html", status=503, away=True, old=False)
    delete_cookie(answer, visit.prefix)
    answer.headers["Clear-Site-Data"] = CLEAR
    return answer
