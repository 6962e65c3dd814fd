"""Read what was typed into a form, and say what is wrong with it, for `receive`.

Rule 1. Nothing is changed but what nobody typed: blanks around, line ends, control characters. What
        nobody sees stays within a text, where emoji need it, and is no text by itself.
Rule 2. All that is wrong is said at once, field by field, by a code that a page has words for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hub_contract.contact_points import contact_point
from hub_contract.invisible import is_blank
from hub_contract.phone_number import takes_text
from hub_contract.words import ContactKind

LONGEST_NAME = 120
CODE = 6  # digits
LONGEST_SUBJECT = 200
LONGEST_TEXT = 20_000
HERE = "here"  # where answers go: to these pages, or to the one address that a form asks for
ASKED_FOR = ContactKind.EMAIL

_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_BLANKS = re.compile(r"\s+")
_DOMAIN = re.compile(r"(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a field; `about` is the file, where it is about one of several."""

    field: str
    code: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A form as it was filled in, cleaned."""

    text: str
    subject: str = ""
    name: str = ""
    answer: str = HERE
    email: str = ""


def read_contact(fields: Mapping[str, str]) -> tuple[Written, tuple[Wrong, ...]]:
    """Return the contact form, and what is wrong with it."""
    written = Written(
        text=paragraphs(fields.get("text", "")),
        subject=one_line(fields.get("subject", "")),
        name=one_line(fields.get("name", "")),
        answer=ASKED_FOR if fields.get("answer") == ASKED_FOR else HERE,
        email=contact_point(ASKED_FOR, one_line(fields.get("email", ""))).value,
    )
    return written, tuple(_faults(written))


def read_chat(fields: Mapping[str, str]) -> tuple[Written, tuple[Wrong, ...]]:
    """Return the first line of a chat: a name, who likes to give one, and a question."""
    name = one_line(fields.get("name", ""))
    written = Written(text=paragraphs(fields.get("text", "")), name=name)
    return written, (*_name_faults(written), *_text_faults(written))


def read_mobile(fields: Mapping[str, str], country: str) -> tuple[str, tuple[Wrong, ...]]:
    """Return the mobile number in E.164; only one of this country, where an SMS costs little."""
    written = one_line(fields.get("number", ""))
    if not written:
        return "", (Wrong("number", "number_missing"),)
    point = contact_point(ContactKind.PHONE, written, country)
    if point.as_written or not takes_text(point.value, country):
        return "", (Wrong("number", "number_wrong"),)
    return point.value, ()


def read_code(fields: Mapping[str, str]) -> tuple[str, tuple[Wrong, ...]]:
    """Return the six digits of a one-time code, however they were grouped."""
    written = "".join(one_line(fields.get("code", "")).replace("-", " ").split())
    if not written:
        return "", (Wrong("code", "code_missing"),)
    is_code = len(written) == CODE and written.isascii() and written.isdigit()
    return written, () if is_code else (Wrong("code", "code_digits"),)


def read_answer(fields: Mapping[str, str], files: int) -> tuple[Written, tuple[Wrong, ...]]:
    """Return what was written in a conversation; files alone are a message too."""
    written = Written(text=paragraphs(fields.get("text", "")))
    faults = _text_faults(written)
    return written, tuple(f for f in faults if not (files and f.code == "text_missing"))


def _faults(written: Written) -> list[Wrong]:
    faults = _name_faults(written)
    if len(written.subject) > LONGEST_SUBJECT:
        faults.append(Wrong("subject", "subject_long"))
    if not written.subject:
        faults.append(Wrong("subject", "subject_missing"))
    faults += _text_faults(written)
    if written.answer != HERE and not written.email:
        faults.append(Wrong("email", "email_missing"))
    if written.email and not is_email(written.email):
        faults.append(Wrong("email", "email_wrong"))
    return faults


def _name_faults(written: Written) -> list[Wrong]:
    return [Wrong("name", "name_long")] if len(written.name) > LONGEST_NAME else []


def _text_faults(written: Written) -> list[Wrong]:
    if not written.text:
        return [Wrong("text", "text_missing")]
    return [Wrong("text", "text_long")] if len(written.text) > LONGEST_TEXT else []


def one_line(text: str) -> str:
    return _seen(_BLANKS.sub(" ", _CONTROL.sub("", text)))


def paragraphs(text: str) -> str:
    """Browsers send CRLF (HTML §4.10.21.4); what is blank around goes, what is within stays."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _seen(_CONTROL.sub("", lines))


def _seen(text: str) -> str:
    return "" if is_blank(text) else text.strip()


def is_email(address: str) -> bool:
    """Say whether mail gets there: no quote before the @, a real domain. Umlauts may be (RFC 6531).

    Where our mail server takes no umlauts before the @, agents see so, and answer here instead.
    """
    point = contact_point(ASKED_FOR, address)
    local, _, domain = point.value.rpartition("@")
    return bool(
        not point.as_written
        and not local.startswith('"')
        and len(local.encode()) <= 64
        and _DOMAIN.fullmatch(domain)
    )
