"""Read what Telnyx says of a fax, in a hook or in its log: pure, total.

https://developers.telnyx.com/docs/programmable-fax/receiving-webhooks
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from channel_fax.parse.context import Call
from channel_fax.parse.hosted import Progress, uuid_of
from channel_fax.providers.said import count_of, text
from channel_fax.providers.telnyx_codes import reason_of, status_of
from hub_contract.delivery import Delivery

RECEIVED = "fax.received"


def read_hook(raw: bytes) -> tuple[str, Mapping[str, Any]]:
    """Return the kind of the event and the fax; "" and nothing where it is no event."""
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        return "", {}
    data = said.get("data") if isinstance(said, dict) else None
    payload = data.get("payload") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(payload, dict):
        return "", {}
    return text(data, "event_type"), payload


def is_inbound(fax: Mapping[str, Any]) -> bool:
    return text(fax, "direction") == "inbound"


def fax_id(fax: Mapping[str, Any]) -> str:
    """Return Telnyx's id: `fax_id` in hooks, `id` in the log."""
    return text(fax, "fax_id") or text(fax, "id")


def call_of(fax: Mapping[str, Any]) -> Call:
    """Return what Telnyx says of a fax that came in."""
    return Call(
        external_id=fax_id(fax),
        named=bool(fax_id(fax)),
        caller=text(fax, "from"),
        dialled=text(fax, "to"),
        pages=count_of(fax.get("page_count")),
        partial=fax.get("partial_content") is True,
    )


def progress_of(fax: Mapping[str, Any]) -> Progress | None:
    """Return how far a fax of ours got; None where this says nothing of one."""
    message, status = message_of(text(fax, "client_state")), status_of(text(fax, "status"))
    if message is None or status is None or is_inbound(fax):
        return None
    code = text(fax, "failure_reason") if status is Delivery.FAILED else ""
    return Progress(
        message,
        status,
        reason_of(code),
        fax_id(fax),
        code,
        text(fax, "internal_failure_reason"),
        count_of(fax.get("page_count")),
        count_of(fax.get("call_duration_secs")),
    )


def state_of(message: UUID) -> str:
    """Return what Telnyx gives back with all that it says of this message: `client_state`."""
    return b64encode(str(message).encode()).decode()


def message_of(state: str) -> UUID | None:
    try:
        return uuid_of(b64decode(state, validate=True).decode("ascii"))
    except ValueError:
        return None


def keep(fax: Mapping[str, Any]) -> bytes:
    """Return what the log says of a fax as bytes that can be kept."""
    return json.dumps(fax, ensure_ascii=False).encode("utf-8", "replace")
