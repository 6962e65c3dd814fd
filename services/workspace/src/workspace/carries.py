"""Says what an answer by each way carries, and what of a draft does not go, before it is sent."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hub_contract.channels import MOST_BYTES, ChannelRow, Files, Measure, Reader, row_of
from hub_contract.fit import FileFacts, Parts, Unfit, beside_inbox, misfits
from hub_contract.refusals import Refusal
from hub_contract.sms_text import EXTENSION, GSM_7, ROOM, Alphabet
from hub_pages.refused import REFUSALS
from hub_pages.said import mark, say_count, say_size
from workspace.drafts import Draft, channel_of

Say = Callable[[str], str]
# Why a part does not go, and what to do; the page says it while somebody types, the server after.
SAID = {unfit: REFUSALS[Refusal(unfit)] for unfit in Unfit}
# What the script counts SMS by, as `hub_contract.sms_text` does.
SMS = {"basic": GSM_7, "double": EXTENSION, "room": [*ROOM[Alphabet.GSM_7], *ROOM[Alphabet.UCS_2]]}
# How many characters make one of it: a page of a letter, a second of a voice.
_CHARACTERS = {Measure.PAGES: 2500, Measure.SECONDS: 14}


@dataclass(frozen=True, slots=True)
class Carried:
    """What the composer shows of a channel, and what its script needs to look at a draft."""

    channel: str
    row: ChannelRow
    words: str
    characters: int  # that make one page or second; 0: it is counted otherwise, or not
    way: Mapping[str, Any]  # the first of this channel: its price, and what goes in place of much
    short: int  # characters above which a hint goes in place of the text, where there is one


def unfit(draft: Draft, *, hint: bool = False) -> Iterator[Unfit]:
    """Return what of the draft does not go by its way; nothing where no way is chosen yet.

    `hint`: much and files may rest in the citizen's inbox, while a hint goes.
    """
    row = row_of(channel_of(draft.way))
    if row is None or draft.note:
        return iter(())
    row = beside_inbox(row) if hint else row
    files = [FileFacts(file.media_type, file.size) for file in draft.files]
    return misfits(row, Parts(draft.text, draft.subject, files=files))


def unfit_file(way: str, file: FileFacts, *, hint: bool = False) -> Unfit | None:
    """Return why this file does not go by this way, or by none where none is chosen yet."""
    row = row_of(channel_of(way))
    if row is None:
        return Unfit.FILES_TOO_LARGE if file.size > MOST_BYTES else None
    row = beside_inbox(row) if hint else row
    return next(misfits(row, Parts(files=[file])), None)


def carried_by(ways: Iterable[Mapping[str, Any]], say: Say, language: str) -> list[Carried]:
    """Return what goes by each channel of these ways, each once."""
    first = {way["channel"]: way for way in reversed([*ways])}
    rows = {channel: row_of(channel) for channel in reversed(first)}
    return [_carried(row, first[channel], say, language) for channel, row in rows.items() if row]


def _carried(row: ChannelRow, way: Mapping[str, Any], say: Say, language: str) -> Carried:
    hint = bool(way.get("hint"))
    whole = beside_inbox(row) if hint else row
    words = [*_words(whole, say, language)]
    if hint:
        words.append(say(mark("Langes und Dateien stehen im Postfach, die SMS bringt den Link")))
    characters = _CHARACTERS.get(row.measure, 0)
    return Carried(way["channel"], whole, " · ".join(words), characters, way, row.longest_text)


def _words(row: ChannelRow, say: Say, language: str) -> Iterator[str]:
    if row.read_by is Reader.MACHINE:
        yield say(mark("eine Computerstimme liest den Text vor"))
    elif row.live:
        yield say(mark("erscheint sofort"))
    yield say(mark("mit Betreff")) if row.subject else say(mark("ohne Betreff"))
    yield _say_files(row.files, say, language)


def _say_files(files: Files | None, say: Say, language: str) -> str:
    if files is None:
        return say(mark("ohne Dateien"))
    facts = {
        "types": ", ".join(one.rpartition("/")[2].upper() for one in files.types),
        "most": say_count(files.most, language),
        "size": say_size(files.most_bytes, language),
    }
    if files.types:
        return say(mark("Dateien nur als %(types)s, zusammen höchstens %(size)s")) % facts
    return say(mark("bis zu %(most)s Dateien, zusammen höchstens %(size)s")) % facts
