"""Opens a batch of messages of one tenant, for `append`: keys in one query, contents in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from pydantic import ValidationError

from conversation_store.link import Found, contact_point_id
from conversation_store.sign import Signer, Token
from hub_contract.errors import Permanent
from hub_contract.events import MessageContent, MessageReceived
from hub_contract.words import ContactPoint, RecipientRole
from hub_kit.database import Connection
from hub_kit.keys import KeyRing
from hub_kit.sealing import open_bytes, sealed_bytes

MOST_ANSWERS = 20  # External ids looked at; a long thread names hundreds.
MOST_REACHABLE = 5
MOST_ADDRESSED = 20
# What DMARC may say of a sender who is who he seems, or whose domain says nothing about it.
_UNDOUBTED = frozenset({"pass", "none"})


class Incoming(NamedTuple):
    """A message, opened; `content` is None where its key is erased."""

    event: MessageReceived
    traceparent: str
    sealed: bytes
    content: MessageContent | None
    sender: UUID | None
    own: str  # look-up of its external id
    answers: tuple[str, ...]  # look-ups of what it answers, nearest first
    token: Token
    reachable: tuple[Found, ...] = ()  # where answers may go too, the preferred one first
    reply_to: Found | None = None  # who wants the answer, where it is not the sender
    addressed: tuple[UUID, ...] = ()  # whom it was written to, where it answers something

    @property
    def id(self) -> UUID:
        return self.event.id


@dataclass(frozen=True, slots=True)
class Reader:
    ring: KeyRing
    signer: Signer

    def open(self, event: MessageReceived, traceparent: str, wrapped: bytes | None) -> Incoming:
        """Return the message opened; `Permanent` where key and content do not fit."""
        sealed = sealed_bytes(event)
        content = None
        if wrapped is not None:
            content = self._open(event, sealed, self.ring.unwrap(wrapped, event.id))
        lookup = self._sender_lookup(event, content)
        return Incoming(
            event=event,
            traceparent=traceparent,
            sealed=sealed,
            content=content,
            sender=contact_point_id(lookup) if lookup else None,
            own=self._external(event, content.external_id) if content else "",
            answers=self._answers(event, content) if content else (),
            token=self._token(event, content),
            reachable=self._found(event, content.reachable[:MOST_REACHABLE]) if content else (),
            reply_to=self._reply_to(event, content),
            addressed=self._addressed(event, content) if content and content.answers else (),
        )

    def external_lookup(self, tenant: str, channel: str, value: str) -> str:
        """Return the look-up of an external id; ids of two channels never meet."""
        return self.ring.pseudonym_of(tenant, f"external:{channel}", value) if value else ""

    def _open(self, event: MessageReceived, sealed: bytes, key: bytes) -> MessageContent:
        try:
            return MessageContent.model_validate_json(open_bytes(sealed, event.id, key))
        except ValidationError:
            raise Permanent(f"content of {event.type} {event.id} is not of its class") from None

    def _external(self, event: MessageReceived, value: str) -> str:
        return self.external_lookup(event.tenant, event.channel, value)

    def _answers(self, event: MessageReceived, content: MessageContent) -> tuple[str, ...]:
        return tuple(self._external(event, a) for a in content.answers[:MOST_ANSWERS] if a)

    def _sender_lookup(self, event: MessageReceived, content: MessageContent | None) -> str:
        """From the content: an event of an older release was given the key of another spelling."""
        if content is None:
            return event.sender_key
        return self.ring.lookup_of(event.tenant, content.sender) if content.sender else ""

    def _found(self, event: MessageReceived, points: Iterable[ContactPoint]) -> tuple[Found, ...]:
        found = ((self.ring.lookup_of(event.tenant, point), point) for point in points)
        return tuple(Found(contact_point_id(lookup), point) for lookup, point in found if lookup)

    def _reply_to(self, event: MessageReceived, content: MessageContent | None) -> Found | None:
        wanted = [content.reply_to] if content and content.reply_to else []
        return next(iter(self._found(event, wanted)), None)

    def _addressed(self, event: MessageReceived, content: MessageContent) -> tuple[UUID, ...]:
        named = [r.point for r in content.recipients if r.role is not RecipientRole.ENVELOPE]
        found = self._found(event, named[:MOST_ADDRESSED])
        return tuple(dict.fromkeys(one.id for one in found))

    def _token(self, event: MessageReceived, content: MessageContent | None) -> Token:
        if content is None or not content.reply_token:
            return Token()
        return self.signer.read(event.tenant, content.reply_token, event.received_at)


def is_doubted(content: MessageContent | None) -> bool:
    """Say whether the sender may be forged: a check failed, or could not be brought to an end."""
    proofs = content.evidence if content else ()
    return any(proof.kind == "dmarc" and proof.result not in _UNDOUBTED for proof in proofs)


async def read_keys(
    connection: Connection, tenant: str, owners: Sequence[UUID]
) -> dict[UUID, bytes]:
    """Return the wrapped data keys of this tenant; an erased one is missing."""
    rows = await connection.fetch(
        "select owner, wrapped from hub.message_key where owner = any($1::uuid[]) and tenant = $2",
        owners,
        tenant,
    )
    return {row["owner"]: row["wrapped"] for row in rows}
