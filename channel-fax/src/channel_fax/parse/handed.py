"""Read what faden-faxrcvd hands over: a line of JSON, then the TIFF. Pure, total.

HylaFAX's CallIDs come in the order of its CallIDPattern lines, and `calls` of the settings says
which: number, name, ANID, the number dialled. »<NONE>« stands for what nobody said.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from channel_fax.parse.context import Call
from channel_fax.parse.tiff import Facts

PATTERNS = ("caller", "name", "anid", "dialled")  # as the README's CallIDPattern lines
_NOTHING = "<NONE>"
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Handed:
    """`raw` is the TIFF as it lay in recvq."""

    call: Call
    raw: bytes
    file: str = ""


def read_handed(body: bytes) -> Handed | None:
    """Return what was handed over; None where the first line says nothing."""
    head, newline, raw = body.partition(b"\n")
    try:
        said = json.loads(head)
    except (ValueError, RecursionError):
        return None
    if not newline or not isinstance(said, dict):
        return None
    ids = said.get("call_ids", [])
    texts = [str(one) for one in ids] if isinstance(ids, list) else []
    call = call_of(texts, _text(said, "commid"), _text(said, "fault"))
    return Handed(call, raw, _text(said, "file"))


def call_of(ids: Sequence[str], external_id: str = "", fault: str = "") -> Call:
    """Return what HylaFAX knows of a call."""
    named = dict(zip(PATTERNS, ("" if one == _NOTHING else one for one in ids), strict=False))
    return Call(
        external_id=external_id,
        caller=(named.get("caller") or named.get("anid", ""))[:_LONGEST],
        dialled=named.get("dialled", "")[:_LONGEST],
        fault=fault,
    )


def call_in(facts: Facts) -> Call:
    """Return what the TIFF itself says of its call, for one that nobody has handed over."""
    return call_of(facts.call_ids)


def _text(said: dict[str, object], name: str) -> str:
    value = said.get(name, "")
    return value[:_LONGEST] if isinstance(value, str) else ""
