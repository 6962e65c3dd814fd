"""Read what Sinch says of a fax, in its API or in a hook, of which only the id is believed: pure.

https://developers.sinch.com/docs/fax/api-reference/fax/tag/Notifications/
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from channel_fax.parse.context import Call
from channel_fax.parse.hosted import Progress, uuid_of
from channel_fax.providers.said import count_of, text
from channel_fax.providers.sinch_codes import reason_of, status_of
from hub_contract.delivery import Delivery

LABEL = "message"  # of ours, on a fax that goes out
_ADDRESS = re.compile(r"https?://[^\s\[\]]*")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def fax_in(event: bytes, *, is_whole: bool) -> str:
    """Return the id of the fax that a hook tells of; "" where it names none.

    `is_whole`: all of the body in JSON; else `event` is the part `fax`, JSON in a form.
    """
    try:
        said = json.loads(event)
    except (ValueError, RecursionError):
        return ""
    fax = said.get("fax") if is_whole and isinstance(said, dict) else said
    if isinstance(fax, str):
        return fax_in(fax.encode("utf-8", "replace"), is_whole=False)
    found = text(fax, "id") if isinstance(fax, dict) else ""
    return found if _ID.fullmatch(found) else ""


def is_inbound(fax: Mapping[str, Any]) -> bool:
    return text(fax, "direction") == "INBOUND"


def is_over(fax: Mapping[str, Any]) -> bool:
    """Say whether the call is over; while it lasts there is no whole file."""
    return text(fax, "status") in ("COMPLETED", "FAILURE")


def call_of(fax: Mapping[str, Any]) -> Call:
    """Return what Sinch says of a fax that came in."""
    failed = text(fax, "status") == "FAILURE"
    return Call(
        external_id=text(fax, "id"),
        named=bool(text(fax, "id")),
        caller=text(fax, "from"),
        dialled=text(fax, "to"),
        fault=code_of(fax) if failed else "",
        pages=count_of(fax.get("numberOfPages")),
        partial=failed,
    )


def progress_of(fax: Mapping[str, Any]) -> Progress | None:
    """Return how far a fax of ours got; None where this says nothing of one."""
    message = message_of(fax)
    status = status_of(text(fax, "status"))
    if message is None or status is None or is_inbound(fax):
        return None
    code = code_of(fax) if status is Delivery.FAILED else ""
    pages = fax.get("pagesSentSuccessfully", fax.get("numberOfPages"))
    return Progress(
        message,
        status,
        reason_of(code),
        text(fax, "id"),
        code,
        text(fax, "errorMessage"),
        count_of(pages) if status in (Delivery.DELIVERED, Delivery.FAILED) else None,
    )


def message_of(fax: Mapping[str, Any]) -> UUID | None:
    """Return the message of ours that it is: by its label, or by the address of its hook."""
    labels = fax.get("labels")
    labelled = uuid_of(text(labels, LABEL)) if isinstance(labels, dict) else None
    return labelled or uuid_of(parse_qs(urlsplit(_callback(fax)).query).get(LABEL, [""])[0])


def _callback(fax: Mapping[str, Any]) -> str:
    found = text(fax, "callbackUrl")
    return found if _ADDRESS.fullmatch(found) else ""


def keep(fax: Mapping[str, Any]) -> bytes:
    """Return what Sinch says as bytes that can be kept: without our secret."""
    said = {key: value for key, value in fax.items() if key != "callbackUrl"}
    return json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")


def code_of(fax: Mapping[str, Any]) -> str:
    """Return the number of the error; the kind of it where there is no number."""
    code = fax.get("errorCode")
    return str(code) if isinstance(code, int) and code else text(fax, "errorType")
