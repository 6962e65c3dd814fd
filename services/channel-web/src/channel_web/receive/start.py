"""The pages that only tell: what one can do here, and who is responsible for it."""

import math

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
    settings = visit.portal.settings
    longest = math.ceil(settings.session_longest_minutes / 60)
    minutes, days = settings.session_minutes, settings.known_days
    return visit.page("privacy.html", minutes=minutes, hours_longest=longest, days=days)
