"""Read and write the legs of a call: what each hook said, in order. Pure, total.

All of them together, a line each, are the original of the call's entry:

    2026-05-12T09:00:00+00:00 begin CallSid=CA…&From=%2B49…

The secret is never written down: where it was keyed in, stars stand for its digits.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from hub_kit.forms import FIELDS, read_form

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class What(StrEnum):
    """What a leg tells of: a hook of the provider, or (the last three) what we have done."""

    BEGIN = "begin"
    KEYS = "keys"  # digits, or silence
    RECORDED = "recorded"  # the message after the tone is over
    RECORDING = "recording"  # and its audio is there
    DIALLED = "dialled"  # the desk's number was called
    WAITING = "waiting"  # in the queue: how far ahead, or a key
    UNANSWERED = "unanswered"  # the desk's telephone has stopped ringing
    CONNECTED = "connected"  # somebody at the desk has answered
    LEFT = "left"  # the queue, and why
    STATUS = "status"  # how far the call is
    INBOX = "inbox"  # what the citizens' pages say to number and secret
    DESK = "desk"  # whether somebody answers there
    RUNG = "rung"  # the desk's telephone was made to ring


_WHAT = {what.value: what for what in What}


class Leg(NamedTuple):
    at: datetime
    what: What
    said: Mapping[str, str]


def write_leg(at: datetime, what: What, form: bytes, *, is_secret: bool = False) -> bytes:
    """Return the line of a hook's form, as it came but for a secret."""
    text = form.translate(None, b"\r\n")
    return b"%s %s %s\n" % (at.isoformat().encode(), what.encode(), _hide(text, is_secret))


def _hide(form: bytes, is_secret: bool) -> bytes:
    if not is_secret:
        return form
    try:
        pairs = parse_qsl(
            form.decode("latin-1"), keep_blank_values=True, errors="replace", max_num_fields=FIELDS
        )
    except ValueError:  # more fields than that: nothing of it is kept
        pairs = []
    hidden = [(name, "*" * len(value) if name == "Digits" else value) for name, value in pairs]
    return urlencode(hidden).encode()


def read_legs(original: bytes) -> list[Leg]:
    """Return the legs of a call; a line that is none is left out."""
    return list(_read(original.splitlines()))


def _read(lines: Iterable[bytes]) -> Iterable[Leg]:
    for line in lines:
        at, _, rest = line.partition(b" ")
        what, _, form = rest.partition(b" ")
        if known := _WHAT.get(what.decode("latin-1")):
            yield Leg(_moment(at), known, read_form(form))


def _moment(text: bytes) -> datetime:
    try:
        moment = datetime.fromisoformat(text.decode("latin-1"))
    except ValueError:
        return _NEVER
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
