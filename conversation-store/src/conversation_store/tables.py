"""The tables as SQLAlchemy Core knows them: for queries that are put together, and as a check.

Made by the migrations; a test proves that both say the same.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from asyncpg import Record
from sqlalchemy.dialects.postgresql import TIMESTAMP, asyncpg
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler

from conversation_store.settings import SERVICE
from hub_kit.database import Connection

METADATA = sa.MetaData(schema=SERVICE)
_MOMENT = TIMESTAMP(timezone=True)


def _column(name: str, type_: Any, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=more.pop("nullable", False), **more)


def _id(name: str = "id", **more: Any) -> sa.Column[Any]:
    return _column(name, sa.Uuid, **more)


def _text(name: str, **more: Any) -> sa.Column[Any]:
    return _column(name, sa.Text, **more)


def _at(name: str = "at", **more: Any) -> sa.Column[Any]:
    return _column(name, _MOMENT, **more)


def _now() -> sa.Column[Any]:
    return _at(server_default=sa.text("now()"))


contact_point = sa.Table(
    "contact_point",
    METADATA,
    _id(primary_key=True),
    _text("tenant"),
    _text("kind"),
    _text("name_lookup"),
    _column("sealed", sa.LargeBinary),
    _now(),
    _column("spelling", sa.SmallInteger, server_default=sa.text("0")),
    _column("shared", sa.Boolean, server_default=sa.text("false")),
    _id("reply_to", nullable=True),
    _column("single", sa.Boolean, server_default=sa.text("false")),
)
sa.Index(
    "contact_point_older",
    contact_point.c.tenant,
    contact_point.c.id,
    postgresql_where=contact_point.c.spelling < 1,
)
sa.Index(
    "contact_point_by_name",
    contact_point.c.tenant,
    contact_point.c.name_lookup,
    postgresql_where=contact_point.c.name_lookup != "",
)
party = sa.Table("party", METADATA, _id(primary_key=True), _text("tenant"), _text("kind"), _now())
party_link = sa.Table(
    "party_link",
    METADATA,
    _id(primary_key=True),
    _text("tenant"),
    _id("party_id"),
    _id("contact_point_id"),
    _text("reason"),
    _text("made_by"),
    _now(),
    _text("undone_by", nullable=True),
    _at("undone_at", nullable=True),
)
sa.Index(
    "party_link_once",
    party_link.c.contact_point_id,
    unique=True,
    postgresql_where=party_link.c.undone_at.is_(None),
)
sa.Index("party_link_by_party", party_link.c.party_id)
conversation = sa.Table(
    "conversation",
    METADATA,
    _id(primary_key=True),
    _text("tenant"),
    _text("channel"),
    _text("account"),
    _text("state"),
    _text("reference"),
    _id("transaction_id", nullable=True),
    _id("merged_into", nullable=True),
    _text("assignee", nullable=True),
    _at("snoozed_until", nullable=True),
    _at("waiting_since", nullable=True),
    _at("opened_at"),
    _at("last_at"),
    _column("entry_count", sa.Integer),
    _column("next_place", sa.Integer),
    _column("unread", sa.Integer),
)
_BY_ACTIVITY = (conversation.c.last_at.desc(), conversation.c.id.desc())
sa.Index("conversation_by_activity", conversation.c.tenant, conversation.c.state, *_BY_ACTIVITY)
sa.Index(
    "conversation_by_assignee",
    conversation.c.tenant,
    conversation.c.assignee,
    conversation.c.state,
    *_BY_ACTIVITY,
    postgresql_where=conversation.c.assignee.is_not(None),
)
sa.Index(
    "conversation_merged",
    conversation.c.merged_into,
    postgresql_where=conversation.c.merged_into.is_not(None),
)
sa.Index(
    "conversation_snoozed",
    conversation.c.tenant,
    conversation.c.snoozed_until,
    conversation.c.id,
    postgresql_where=conversation.c.state == "snoozed",
)
sa.Index(
    "conversation_unassigned",
    conversation.c.tenant,
    *_BY_ACTIVITY,
    postgresql_where=sa.and_(conversation.c.state == "open", conversation.c.assignee.is_(None)),
)
sa.Index(
    "conversation_waiting",
    conversation.c.tenant,
    conversation.c.waiting_since,
    conversation.c.id,
    postgresql_where=sa.and_(
        conversation.c.state == "open", conversation.c.waiting_since.is_not(None)
    ),
)
# By triggers, one row for each change of a count; `tally` adds them up.
tally = sa.Table(
    "tally",
    METADATA,
    _text("tenant"),
    _text("state"),
    _text("assignee"),
    _column("waiting", sa.Boolean),
    _column("n", sa.Integer),
)
sa.Index("tally_by_tenant", tally.c.tenant)
entry = sa.Table(
    "entry",
    METADATA,
    _id(primary_key=True),
    _text("tenant"),
    _id("conversation_id"),
    _column("place", sa.Integer),
    _text("kind"),
    _text("direction"),
    _text("channel"),
    _text("account"),
    _at(),
    _at("claimed_at", nullable=True),
    _id("contact_point_id", nullable=True),
    _text("author"),
    _text("automatic"),
    _column("readable", sa.Boolean),
    _column("partial", sa.Boolean),
    _column("verified", sa.Boolean),
    _column("rule", sa.SmallInteger),
    _text("reason"),
    _text("marks"),
    _text("facts"),
    _text("original"),
    _text("delivery", nullable=True),
    _text("delivery_reason", nullable=True),
    _text("delivery_code", nullable=True),
    _at("delivery_at", nullable=True),
    _column("content", sa.LargeBinary),
    sa.UniqueConstraint("conversation_id", "place", name="entry_place"),
)
sa.Index(
    "entry_undelivered",
    entry.c.contact_point_id,
    postgresql_where=entry.c.delivery.in_(("failed", "returned")),
)
sa.Index("entry_by_age", entry.c.tenant, entry.c.at)
external_ref = sa.Table(
    "external_ref",
    METADATA,
    _text("lookup", primary_key=True),
    _text("tenant"),
    _id("entry_id"),
    _column("mentioned", sa.Boolean),
)
sa.Index("external_ref_by_entry", external_ref.c.entry_id)
reference = sa.Table(
    "reference",
    METADATA,
    _text("tenant", primary_key=True),
    _text("digits", primary_key=True),
    _id("conversation_id"),
)
participant = sa.Table(
    "participant",
    METADATA,
    _id("conversation_id", primary_key=True),
    _id("contact_point_id", primary_key=True),
    _text("channel", primary_key=True),
    _text("tenant"),
    _text("account"),
    _column("verified", sa.Boolean),
    _column("open", sa.Boolean),
    _at(),
    _at("preferred_at", nullable=True),
    _column("claimed", sa.Boolean, server_default=sa.text("false")),
)
sa.Index(
    "participant_by_contact_point",
    participant.c.contact_point_id,
    participant.c.open,
    participant.c.at,
)
transaction = sa.Table(
    "transaction",
    METADATA,
    _id(primary_key=True),
    _text("tenant"),
    _text("public_service"),
    _text("status"),
    _text("reference"),
    _id("conversation_id"),
    _at(),
)
contribution = sa.Table(
    "contribution",
    METADATA,
    _id("entry_id", primary_key=True),
    _column("number", sa.Integer, primary_key=True),
    _text("tenant"),
    _id("transaction_id", nullable=True),
    _text("requirement"),
    _text("source"),
    _column("confidence", sa.REAL),
    _column("attachment", sa.Integer, nullable=True),
    _text("confirmed_by", nullable=True),
)
sa.Index(
    "contribution_by_transaction",
    contribution.c.transaction_id,
    postgresql_where=contribution.c.transaction_id.is_not(None),
)
proposal = sa.Table(
    "proposal",
    METADATA,
    _id(primary_key=True),
    _text("tenant"),
    _id("conversation_id"),
    _text("kind"),
    _id("other"),
    _text("reason"),
    _at(),
    _text("decided", nullable=True),
    _text("decided_by", nullable=True),
    _at("decided_at", nullable=True),
)
sa.Index("proposal_by_conversation", proposal.c.conversation_id)
rearrangement = sa.Table(
    "rearrangement",
    METADATA,
    _id(primary_key=True),
    _text("tenant"),
    _text("kind"),
    _id("source"),
    _id("target"),
    _text("made_by"),
    _now(),
    _column("seq", sa.BigInteger, server_default=sa.Identity(always=True)),
    _id("undoes", nullable=True, unique=True),
    _text("before"),
)
sa.Index("rearrangement_by_source", rearrangement.c.source)
sa.Index("rearrangement_by_target", rearrangement.c.target)
rearranged = sa.Table(
    "rearranged",
    METADATA,
    _id("rearrangement_id", primary_key=True),
    _id("entry_id", primary_key=True),
    _text("tenant"),
    _id("from_conversation"),
    _column("from_place", sa.Integer),
    _id("to_conversation"),
    _column("to_place", sa.Integer),
)
delivery = sa.Table(
    "delivery",
    METADATA,
    _id(primary_key=True),
    _text("tenant"),
    _id("message_id"),
    _text("status"),
    _text("reason"),
    _text("code"),
    _at(),
    _text("facts"),
    _text("original"),
    _column("content", sa.LargeBinary),
)
sa.Index("delivery_by_message", delivery.c.message_id, delivery.c.at)
opted_out = sa.Table(
    "opted_out",
    METADATA,
    _text("tenant", primary_key=True),
    _id("contact_point_id", primary_key=True),
    _text("channel", primary_key=True),
    _at(),
)
held_file = sa.Table(
    "held_file",
    METADATA,
    _text("tenant", primary_key=True),
    _id("entry_id", primary_key=True),
    _column("number", sa.Integer, primary_key=True),
    _text("said"),
    _text("finding"),
    _text("by"),
    _at(),
)
wish_answered = sa.Table(
    "wish_answered",
    METADATA,
    _text("tenant", primary_key=True),
    _id("contact_point_id", primary_key=True),
    _text("channel", primary_key=True),
    _column("day", sa.Date),
    _column("n", sa.Integer),
)
ringing = sa.Table(
    "ringing",
    METADATA,
    _id(primary_key=True),
    _text("tenant"),
    _text("channel"),
    _text("account"),
    _text("status"),
    _at("since"),
    _at(),
    _id("conversation_id", nullable=True),
    _column("verified", sa.Boolean),
    _id("contact_point_id", nullable=True),
    _id("event_id"),
    _column("content", sa.LargeBinary),
)
sa.Index("ringing_by_age", ringing.c.tenant, ringing.c.at)
callback = sa.Table(
    "callback",
    METADATA,
    _id(primary_key=True),
    _text("tenant"),
    _text("owner", nullable=True),
    _text("day"),
    _text("part"),
    _at("begins_at"),
    _at("due_at"),
    _column("attempts", sa.Integer, server_default=sa.text("0")),
    _text("state", server_default=sa.text("'open'")),
    _text("reason", server_default=sa.text("''")),
    _text("made_by"),
    _at(),
    _at("changed_at"),
)
sa.Index(
    "callback_due",
    callback.c.tenant,
    callback.c.due_at,
    callback.c.id,
    postgresql_where=callback.c.state.in_(("open", "not_reached")),
)
reading = sa.Table(
    "reading",
    METADATA,
    _text("tenant", primary_key=True),
    _id("message_id", primary_key=True),
    _id("event_id"),
    _column("readable", sa.Boolean),
    _column("confidence", sa.Double, nullable=True),
    _column("pages", sa.Integer, nullable=True),
    _at(),
    _column("content", sa.LargeBinary),
)

# Of the hub, and not of this schema: only to be joined.
message_key = sa.Table(
    "message_key",
    sa.MetaData(schema="hub"),
    _id("owner", primary_key=True),
    _text("tenant"),
    _column("wrapped", sa.LargeBinary),
)
_DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]


async def fetch(connection: Connection, statement: Executable) -> Sequence[Record]:
    """Run a query that SQLAlchemy has put together on the one pool that the store has."""
    compiled = statement.compile(  # type: ignore[attr-defined]
        dialect=_DIALECT, compile_kwargs={"render_postcompile": True}
    )
    assert isinstance(compiled, SQLCompiler)
    values = [compiled.params[name] for name in compiled.positiontup or ()]
    return await connection.fetch(str(compiled), *values)
