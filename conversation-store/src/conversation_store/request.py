"""Makes of a letter what is kept of it and what its channel is asked for: sealed, with its key."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from conversation_store.add import SOURCE, Addition
from hub_contract.events import MessageRequested, RequestedContent, Sealed
from hub_contract.explanations import Explanation
from hub_contract.topics import to_wire
from hub_contract.words import Attachment, Automatic, Channel
from hub_kit import tracing
from hub_kit.blobs import Packing
from hub_kit.event_log import KeyRow
from hub_kit.keys import KeyRing
from hub_kit.sealing import seal_bytes, shorten


@dataclass(frozen=True, slots=True)
class Letter:
    """An answer that is ready to be sealed."""

    id: UUID
    tenant: str
    conversation_id: UUID
    channel: str
    account: str
    contact_point_id: UUID
    content: RequestedContent
    author: str = ""
    automatic: bool = False
    expires_at: datetime | None = None
    reason: Explanation = Explanation.AGENT
    kind: Literal["message", "call"] = "message"


def request(ring: KeyRing, letter: Letter, data_key: bytes, packing: Packing) -> Addition:
    """Return the entry with its request; what is too long to travel is added to `packing`."""
    now = datetime.now(UTC)
    plain = letter.content.model_dump_json(exclude_defaults=True).encode()
    sealed = seal_bytes(plain, letter.id, data_key)
    event = MessageRequested(
        id=letter.id,
        tenant=letter.tenant,
        channel=Channel(letter.channel),
        account=letter.account,
        conversation_id=letter.conversation_id,
        requested_at=now,
        expires_at=letter.expires_at,
        automatic=letter.automatic,
        recipient_key=ring.lookup_of(letter.tenant, letter.content.recipient),
        content=Sealed(sealed=base64.b64encode(sealed).decode()),
    )
    event, object_name = shorten(event, packing, data_key, _object_of(letter.content.attachments))
    wrapped = ring.wrap(data_key, letter.id)
    return Addition(
        tenant=letter.tenant,
        conversation_id=letter.conversation_id,
        entry_id=letter.id,
        kind=letter.kind,
        direction="out",
        channel=letter.channel,
        account=letter.account,
        at=now,
        author=letter.author,
        contact_point_id=letter.contact_point_id,
        automatic=Automatic.GENERATED if letter.automatic else Automatic.NO,
        content=sealed,
        key=KeyRow(letter.id, letter.tenant, wrapped, f"channel_{letter.channel}", object_name),
        reason=letter.reason,
        marks=Explanation.ONLY_HINT if letter.content.hint else "",
        request=to_wire(event, SOURCE, tracing.current()),
    )


def _object_of(attachments: Sequence[Attachment]) -> str:
    return next((one.blob.name for one in attachments if one.blob), "")
