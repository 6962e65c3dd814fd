"""Reads delivery receipts as SMSCs write them: words in a text, or optional parameters; pure.

SMPP 3.4 appendix B and §5.3.2. The form is »id:… sub:… dlvrd:… submit date:… done date:… stat:…
err:… text:…«; every SMSC has its own way with case, spelling, dates and the base of the id.
"""

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo

from channel_sms.providers.smpp_codes import STATES, stat_of
from channel_sms.providers.smpp_pdu import Kind, Message, Tag
from hub_contract.delivery import Delivery, Reason

_WORDS = {
    "id": re.compile(r"\bid:[ ]?([^\s:]{1,65})", re.IGNORECASE),
    "stat": re.compile(r"\bstat(?:us)?:[ ]?([A-Za-z_]{1,20})", re.IGNORECASE),
    "err": re.compile(r"\berr(?:or)?:[ ]?([0-9A-Za-z]{1,10})", re.IGNORECASE),
    "done": re.compile(r"\bdone[ _]?date:[ ]?([0-9]{8,14})(?![0-9])", re.IGNORECASE),
}
_DATES = {8: "%y%m%d%H", 10: "%y%m%d%H%M", 12: "%y%m%d%H%M%S", 14: "%Y%m%d%H%M%S"}
_LONGEST = 500  # characters of a receipt that are read; `text:` at its end is the citizen's


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one part of a message of ours."""

    ids: tuple[str, ...]  # every way to write the SMSC's id, the likeliest first
    status: Delivery
    reason: Reason
    code: str  # the SMSC's own
    done_at: datetime | None  # by the SMSC's clock
    reference: int | None  # user_message_reference, where the SMSC gives ours back


def is_receipt(message: Message) -> bool:
    return bool(message.esm_class & (Kind.RECEIPT | Kind.INTERMEDIATE))


def read_receipt(message: Message, clock: tzinfo) -> Receipt:
    """Return what it says, never raising; `clock` is the time zone in which the SMSC writes."""
    text = message.payload.decode("latin-1")[:_LONGEST]
    text = re.split(r"\btext:", text, maxsplit=1, flags=re.IGNORECASE)[0]
    said = {name: found[1] for name, one in _WORDS.items() if (found := one.search(text))}
    tlvs = message.tlvs
    told = tlvs.get(Tag.RECEIPTED_MESSAGE_ID, b"").rstrip(b"\0").decode("latin-1")
    state = STATES.get(int.from_bytes(tlvs.get(Tag.MESSAGE_STATE, b"")))
    error = said.get("err", "") or tlvs.get(Tag.NETWORK_ERROR_CODE, b"")[1:].hex()
    status, reason = stat_of(said.get("stat", "")) or state or (Delivery.UNKNOWN, Reason.NONE)
    reference = tlvs.get(Tag.USER_MESSAGE_REFERENCE)
    return Receipt(
        ids=spellings(told) + spellings(said.get("id", "")),
        status=status,
        reason=reason,
        code=error if error.strip("0") else said.get("stat", "") * (status is Delivery.FAILED),
        done_at=read_date(said.get("done", ""), clock),
        reference=int.from_bytes(reference) if reference else None,
    )


def spellings(external_id: str) -> tuple[str, ...]:
    """Return every form of an id by which it may be known: hex here, decimal there."""
    plain = normal(external_id)
    found = [plain] if plain else []
    if plain.isdecimal() and plain.isascii():
        found.append(f"{int(plain):x}")
    if re.fullmatch("[0-9a-f]{1,32}", plain):
        found.append(str(int(plain, 16)))
    return tuple(dict.fromkeys(found))


def normal(external_id: str) -> str:
    """Return the id as it is compared: small letters, no zeros in front."""
    plain = external_id.strip().lower()
    return plain.lstrip("0") or plain


def read_date(digits: str, clock: tzinfo) -> datetime | None:
    """Return the moment; None for what is no date. With seconds or without, year of two or four."""
    form = _DATES.get(len(digits), "")
    try:
        return datetime.strptime(digits, form).replace(tzinfo=clock) if form else None
    except ValueError:
        return None
