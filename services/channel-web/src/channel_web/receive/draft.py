"""Gathers what a form brings: its token, its files, those it brought before; for all our forms."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import Response

from channel_web.parse.form import Wrong
from channel_web.parse.uploads import FIELD, Upload, check
from channel_web.receive.body import Received, read_form
from channel_web.receive.keep import Kept
from channel_web.receive.room import Full
from channel_web.receive.visit import Visit
from channel_web.receive.words import sentences
from channel_web.settings import WebSettings
from hub_contract.errors import Temporary
from hub_pages.form import Form

_LATER = "3600"  # seconds


@dataclass(frozen=True, slots=True)
class Draft:
    """A form as it came; `taken` are the good files among the new ones, `kept` older ones.

    `form` is what its page carries, `files` and `token` what follows from it in this browser: to
    what its kept files are bound, and what identifies the message.
    """

    form: str
    files: str
    token: str
    received: Received
    taken: tuple[Upload, ...]
    kept: tuple[Kept, ...]
    faults: tuple[Wrong, ...]
    left: bool = False  # its visit has ended: nothing of it is shown, or sent

    @property
    def fields(self) -> Mapping[str, str]:
        return self.received.single()

    @property
    def looks(self) -> bool:
        """Say whether it was sent only to see the page in another language or other colours."""
        return bool(self.received.value("look"))

    @property
    def status(self) -> int:
        """Return what a page says that shows it again."""
        if self.looks:
            return 200
        return 422 if self.received.whole else 413

    @property
    def count(self) -> int:
        return len(self.taken) + len(self.kept)


async def read_draft(visit: Visit) -> Draft:
    """Return the form of this request, its files looked at; what is wrong with them is said."""
    portal = visit.portal
    received = await read_form(visit.request, portal.settings, no_files=portal.disk.is_short())
    return await _draft(visit, received)


async def _draft(visit: Visit, received: Received) -> Draft:
    portal, tenant, settings = visit.portal, visit.tenant, visit.portal.settings
    said, browser = received.value("form"), await visit.bound_to()
    form = said if portal.forms.is_ours(tenant, said) else visit.new_form()
    files = portal.forms.page(tenant, form, browser)
    kept = await _kept(visit, received, files)
    taken, faults = await _look(received, settings)
    if len(taken) + len(kept) > settings.files:
        faults.append(Wrong(FIELD, "files_many"))
        taken = taken[: settings.files - len(kept)]
    sent = portal.forms.sent(tenant, form, browser)
    left = await visit.was_left(received.fields.get("besuch", ())[:2])
    return Draft(form, files, sent, received, tuple(taken), tuple(kept), tuple(faults), left)


async def _kept(visit: Visit, received: Received, files: str) -> list[Kept]:
    """Return the files that wait for this form; those that shall not go with it are deleted."""
    keep, tokens = visit.portal.keep, received.fields.get("kept", ())
    removed = set(received.fields.get("remove", ()))
    await keep.forget(keep.read(visit.tenant, files, [one for one in tokens if one in removed]))
    left = [one for one in dict.fromkeys(tokens) if one not in removed]
    return keep.read(visit.tenant, files, left[: visit.portal.settings.files])


async def _look(received: Received, settings: WebSettings) -> tuple[list[Upload], list[Wrong]]:
    """Look at the new files, each in a thread: what of them is good, and what is wrong."""
    checked = [
        await asyncio.to_thread(check, file.name, file.data, settings.file_limit)
        for file in received.files
    ]
    faults = [*received.faults, *(one for one in checked if isinstance(one, Wrong))]
    return [one for one in checked if isinstance(one, Upload)], faults


def refuse_left(visit: Visit) -> Response:
    """Say that the page is of a visit that has ended, and show nothing of what was typed then."""
    return visit.page("left.html", status=410, away=False, old=True)


async def all_files(visit: Visit, draft: Draft) -> tuple[tuple[Upload, ...], tuple[Wrong, ...]]:
    """Return every file of the form, and which of those that were kept are gone by now."""
    loaded = [(one, await visit.portal.keep.load(one)) for one in draft.kept]
    gone = tuple(Wrong(FIELD, "file_gone", one.file_name) for one, file in loaded if not file)
    return (*(file for _, file in loaded if file), *draft.taken), gone


async def keep_files(visit: Visit, draft: Draft) -> tuple[Sequence[Kept], Sequence[Wrong]]:
    """Keep the good files of a form that is shown again; else say what the page must tell of them.

    While we cannot, the older ones stay; the page says already that we are away.
    """
    keep = visit.portal.keep
    try:
        taken = draft.taken
        new = await keep.put(visit.tenant, draft.files, taken, visit.address, visit.mark)
    except Full:
        return draft.kept, (Wrong(FIELD, "files_unsent"),)
    except Temporary:
        return draft.kept, ()
    return [*draft.kept, *new], ()


def closing(draft: Draft, answer: Response) -> Response:
    """End the connection where the rest of the form is not read; say when files may be taken."""
    if not draft.received.whole:
        answer.headers["Connection"] = "close"
    if any(one.code == "files_no_room" for one in draft.faults):
        answer.headers["Retry-After"] = _LATER
    return answer


def form_of(visit: Visit, values: Mapping[str, str], faults: Sequence[Wrong]) -> Form:
    """Return the form as a page shows it, with all that was typed."""
    # Nobody has sent it yet; but what is not there any more is told at once.
    said = [one for one in faults if not values.get("look") or one.code == "files_unsent"]
    return Form(values, sentences(said, visit.say, visit.portal.settings))


def empty_form(visit: Visit, subject: str = "") -> Form:
    return Form({"form": visit.new_form(), "answer": "here", "subject": subject})
