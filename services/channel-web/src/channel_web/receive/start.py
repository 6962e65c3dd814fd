"""The pages that only tell: what one can do here, and who is responsible for it."""

from fastapi import APIRouter, Response

from channel_web.receive.visit import TheVisit

router = APIRouter()


@router.get("/")
async def start(visit: TheVisit) -> Response:
    """Show what one can do here."""
    return visit.page("start.html", is_open=visit.open_session is not None)


@router.get("/barrierefreiheit")
async def accessibility(visit: TheVisit) -> Response:
    return visit.page("accessibility.html")


@router.get("/impressum")
async def imprint(visit: TheVisit) -> Response:
    return visit.page("imprint.html")


@router.get("/datenschutz")
async def privacy(visit: TheVisit) -> Response:
    minutes = visit.portal.settings.session_minutes
    return visit.page("privacy.html", minutes=minutes)
