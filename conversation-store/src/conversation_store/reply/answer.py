"""An agent's answer: an entry and a request to its channel, in one transaction.

Rule 1. Nothing is disclosed to a contact point that is not confirmed in the conversation.
Rule 2. A machine never answers a machine.
Rule 3. What its way does not carry is refused, never cut or dropped.
Rule 4. The caller's key makes the id: the same answer sent twice is one.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from asyncpg import Record

from conversation_store.add import add
from conversation_store.reply.carry import refuse_misfits
from conversation_store.reply.choose import Last, Way, choose
from conversation_store.reply.compose import Answer, File, Thread, compose
from conversation_store.reply.hint import Hints
from conversation_store.reply.ways import accounts_of, not_allowed_of, read_ways
from conversation_store.request import Letter, request
from conversation_store.store import Store
from conversation_store.timeline import open_row
from hub_contract.errors import Permanent
from hub_contract.explanations import Explanation
from hub_contract.fit import Lack
from hub_contract.ids import requested_id
from hub_contract.refusals import Refusal
from hub_contract.words import Attachment, Automatic, FileCheck
from hub_kit.blobs import Packing
from hub_kit.database import transaction
from hub_kit.ground import Ground
from hub_kit.lacks import read_lacking
from hub_kit.tokens import Caller

_LATEST = 5  # inbound messages whose external ids an answer names


@dataclass(frozen=True, slots=True)
class _Context:
    conversation_id: UUID
    reference: str
    ways: tuple[Way, ...]
    inbound: tuple[tuple[Record, dict[str, Any]], ...]  # the latest first, opened
    existing: Record | None
    ascii_only: frozenset[str]  # accounts whose mail server takes no umlauts before the @


async def reply(
    store: Store, caller: Caller, conversation_id: UUID, answer: Answer, key: str
) -> tuple[UUID, bool] | None:
    """Return the entry's id and whether it is new; None where there is no such conversation.

    `Permanent` names the field and the remedy where the answer must not or cannot be sent.
    """
    if not answer.text.strip():
        raise Permanent("text: is empty; write what to send", code=Refusal.TEXT_MISSING)
    key = key or str(uuid4())  # without one, every call is a new answer
    message_id = requested_id(caller.tenant, conversation_id, key)
    context = await _read(store, caller.tenant, conversation_id, message_id)
    if context is None:
        return None
    if context.existing:
        _refuse_another(store, context.existing, answer)
        return message_id, False
    accounts = accounts_of(store, caller.tenant)
    last = _last_way(context)
    forbidden = not_allowed_of(store, caller.tenant)
    known = (answer.wish, context.ways, last, accounts, context.ascii_only)
    way = choose(*known, not_allowed=forbidden)
    hints = Hints.of(store.authority(caller.tenant), context.ways)
    only_hint = hints.is_needed(answer, way)
    refuse_misfits(answer, way, hint=only_hint)
    if answer.automatic:
        _refuse_machines(context)
    await _refuse_harmful(store.ground, answer.files)
    data_key = store.ground.ring.new_key()
    packing = Packing()
    attachments = _pack(packing, caller.tenant, answer.files, data_key)
    thread = _thread(store, caller.tenant, context)
    hint = hints.write(context.reference, thread.language) if only_hint else ""
    content = compose(answer, way, thread, attachments, hint)
    letter = Letter(
        message_id,
        caller.tenant,
        context.conversation_id,
        way.channel,
        way.account,
        way.contact_point_id,
        content,
        author=caller.who,
        automatic=answer.automatic,
    )
    addition = request(store.ground.ring, letter, data_key, packing)
    # Before the transaction, since it is a network call.
    await store.ground.blobs.put_all(packing.objects)
    async with transaction(store.ground.pool, caller.tenant) as connection:
        return message_id, await add(connection, addition)


async def _refuse_harmful(ground: Ground, files: Sequence[File]) -> None:
    """Refuse files in which a scanner finds harmful software; one that is away stops nothing."""
    for number, file in enumerate(files if ground.scanner else ()):
        assert ground.scanner is not None
        checked = await ground.scanner(file.data)
        if checked.check == FileCheck.FOUND:
            raise Permanent(
                f"attachments[{number}]: holds {checked.finding}; leave it out",
                code=Refusal.FILE_HARMFUL,
            )


_CONVERSATION = """
select t.id, t.reference from conversation c
join conversation t on t.id = coalesce(c.merged_into, c.id) and t.tenant = $1
where c.tenant = $1 and c.id = $2
"""
# Not `direction = 'in'`: see queue/views.py.
_INBOUND = """
select e.id, e.channel, e.account, e.contact_point_id, e.automatic, e.facts, e.verified, e.reason,
  e.content, k.wrapped
from entry e left join hub.message_key k on k.owner = e.id and k.tenant = $1
where e.tenant = $1 and e.conversation_id = $2 and e.direction <> 'out' and e.direction <> 'none'
order by e.conversation_id desc, e.place desc limit $3
"""
_EXISTING = """
select e.id, e.content, k.wrapped
from entry e left join hub.message_key k on k.owner = e.id and k.tenant = $1
where e.tenant = $1 and e.id = $2
"""


async def _read(
    store: Store, tenant: str, conversation_id: UUID, message_id: UUID
) -> _Context | None:
    async with transaction(store.ground.pool, tenant) as connection:
        row = await connection.fetchrow(_CONVERSATION, tenant, conversation_id)
        if row is None:
            return None
        ways = await read_ways(connection, store, tenant, row["id"])
        inbound = await connection.fetch(_INBOUND, tenant, row["id"], _LATEST)
        existing = await connection.fetchrow(_EXISTING, tenant, message_id)
        ascii_only = await read_lacking(connection, tenant, Lack.INTERNATIONAL)
    opened = tuple((one, open_row(one, store.ground.ring) or {}) for one in inbound)
    return _Context(row["id"], row["reference"], ways, opened, existing, ascii_only)


def _last_way(context: _Context) -> Last | None:
    """Return how the last message came that somebody wrote; a second copy of one says nothing."""
    for row, _ in context.inbound:
        written = row["automatic"] == Automatic.NO and row["reason"] != Explanation.COPY
        if row["contact_point_id"] and written:
            return Last(row["contact_point_id"], row["channel"], row["account"], row["verified"])
    return None


def _refuse_machines(context: _Context) -> None:
    last = context.inbound[0][0] if context.inbound else None
    if last and (
        last["automatic"] != Automatic.NO or json.loads(last["facts"]).get("no_automatic_answer")
    ):
        raise Permanent(
            "automatic: the last message is automatic too, or asks for no such answer; let a person"
            " answer it",
            code=Refusal.LAST_IS_AUTOMATIC,
        )


def _refuse_another(store: Store, existing: Record, answer: Answer) -> None:
    content = open_row(existing, store.ground.ring)
    if content is not None and content.get("text") != answer.text:
        raise Permanent(
            "Idempotency-Key: was used for another answer; make a new key", code=Refusal.KEY_USED
        )


def _pack(
    packing: Packing, tenant: str, files: Sequence[File], key: bytes
) -> tuple[Attachment, ...]:
    """Seal the files into one object."""
    if not files:
        return ()
    folder = f"{tenant}/{datetime.now(UTC):%Y-%m-%d}"
    places = packing.add(folder, [file.data for file in files], key)
    return tuple(
        Attachment(
            file_name=file.file_name, media_type=file.media_type, size=len(file.data), blob=place
        )
        for file, place in zip(files, places, strict=True)
    )


def _thread(store: Store, tenant: str, context: _Context) -> Thread:
    token = store.signer.make(tenant, context.conversation_id, datetime.now(UTC))
    inbound = [(row["channel"], content) for row, content in context.inbound]
    return Thread(context.reference, token, inbound)
