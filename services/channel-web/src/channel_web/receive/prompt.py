"""Asks for number and digits, and carries along what was typed before; for two of our routes."""

from collections.abc import Sequence
from datetime import datetime

from fastapi import Response

from channel_web.receive.keep import Kept
from channel_web.receive.send_link import senders
from channel_web.receive.visit import Visit
from hub_pages.form import Form


def prompt(
    visit: Visit,
    *,
    form: Form,
    kept: Sequence[Kept] = (),
    status: int = 200,
    wrong: bool = False,
    ended: bool = False,
    shut: datetime | None = None,
    passed: bool = False,
    begins: bool = False,
) -> Response:
    """Return the look-up page; `wrong`, `ended`, `shut` and `passed` say why it is shown.

    `begins` a visit where there is none, so that what is typed here can be left behind.
    """
    inside = visit.begun() if begins else visit
    if inside is not visit:
        bound = visit.portal.forms.page(visit.tenant, form.value("form"), inside.browser.visit)
        kept = visit.portal.keep.carry(visit.tenant, bound, kept)
    page = inside.page(
        "look_up.html",
        status=status,
        form=form,
        kept=kept,
        wrong=wrong,
        ended=ended,
        shut=shut,
        passed=passed,
        by_link=bool(senders(visit.portal.ground.settings, visit.tenant)),
    )
    return page if inside is visit else inside.keep_visit(page)
