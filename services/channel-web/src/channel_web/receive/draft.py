"""Gathers what a form brings: its token, its files, those it brought before; for all our forms."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from channel_web.parse.form import Wrong
from channel_web.parse.uploads import FIELD, Upload, check
from channel_web.receive.body import Received, read_form
from channel_web.receive.keep import Kept
from channel_web.receive.secret import new_token
from channel_web.receive.visit import Visit
from channel_web.receive.words import sentences
from hub_contract.errors import Temporary
from hub_pages.form import Form

_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")


@dataclass(frozen=True, slots=True)
class Draft:
    """A form as it came; `taken` are the good files among the new ones, `kept` older ones."""

    token: str
    received: Received
    taken: tuple[Upload, ...]
    kept: tuple[Kept, ...]
    faults: tuple[Wrong, ...]

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
    settings = visit.portal.settings
    received = await read_form(visit.request, settings)
    said = received.value("form")
    token = said if _TOKEN.fullmatch(said) else new_token()
    removed = set(received.fields.get("remove", ()))
    tokens = [one for one in received.fields.get("kept", ()) if one not in removed]
    kept = visit.portal.keep.read(visit.tenant, token, tokens[: settings.files])
    checked = [
        await asyncio.to_thread(check, file.name, file.data, settings.file_limit)
        for file in received.files
    ]
    taken = [one for one in checked if isinstance(one, Upload)]
    faults = [*received.faults, *(one for one in checked if isinstance(one, Wrong))]
    if len(taken) + len(kept) > settings.files:
        faults.append(Wrong(FIELD, "files_many"))
        taken = taken[: settings.files - len(kept)]
    return Draft(token, received, tuple(taken), tuple(kept), tuple(faults))


async def all_files(visit: Visit, draft: Draft) -> tuple[tuple[Upload, ...], tuple[Wrong, ...]]:
    """Return every file of the form, and which of those that were kept are gone by now."""
    loaded = [(one, await visit.portal.keep.load(one)) for one in draft.kept]
    gone = tuple(Wrong(FIELD, "file_gone", one.file_name) for one, file in loaded if not file)
    return (*(file for _, file in loaded if file), *draft.taken), gone


async def keep_files(visit: Visit, draft: Draft) -> Sequence[Kept]:
    """Keep the good files of a form that is shown again; while we cannot, only the older ones."""
    try:
        return [*draft.kept, *await visit.portal.keep.put(visit.tenant, draft.token, draft.taken)]
    except Temporary:
        return draft.kept


def form_of(visit: Visit, values: Mapping[str, str], faults: Sequence[Wrong]) -> Form:
    """Return the form as a page shows it, with all that was typed."""
    said = () if values.get("look") else faults  # nobody has sent it yet
    return Form(values, sentences(said, visit.say, visit.portal.settings))


def empty_form(values: Mapping[str, str] | None = None) -> Form:
    return Form({"form": new_token(), "answer": "here"} | dict(values or {}))
