"""Keeps the inboxes of the portal: opens one for a first message, finds one by its reference."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from channel_web.parse import Inbox
from channel_web.receive.secret import Secrets
from hub_contract.errors import Temporary
from hub_contract.references import make_channel_reference
from hub_kit.database import Pool, transaction
from hub_kit.keys import KeyRing

_TWO_CLICKS = timedelta(minutes=1)  # of a browser that keeps no cookies, and shows the second page
_SHOW = """
update inbox set shown_at = coalesce(shown_at, now())
where tenant = $1 and portal_id = $2 and (shown_at is null or shown_at > now() - $3::interval)
returning true
"""
_TRIES = 5  # a billion references: a second one that is taken means something else is wrong


@dataclass(frozen=True, slots=True)
class Slip:
    """What the citizen keeps: the number, and the six digits that open it.

    `begun` is the message that began the conversation; None until it is accepted. `shown`: the
    digits were on a page already, which happens once.
    """

    inbox: Inbox
    secret: str
    begun: UUID | None = None
    shown: bool = False


class Inboxes:
    def __init__(self, pool: Pool, ring: KeyRing) -> None:
        self._pool, self._ring = pool, ring
        self._secrets = Secrets(ring)

    async def open(self, tenant: str, token: str, language: str) -> Slip:
        """Return the inbox of this form; one that is sent twice has one."""
        form = self._ring.pseudonym_of(tenant, "form", token)
        secret = self._secrets.of(tenant, token)
        for _ in range(_TRIES):
            if slip := await self._of_form(tenant, form, secret):
                return slip
            inbox = Inbox(uuid4(), make_channel_reference())
            kept = await self._secrets.hash(tenant, inbox.reference, secret)
            if await self._insert(tenant, inbox, form, kept, language):
                return Slip(inbox, secret)
        raise Temporary("no free reference was found")

    async def begin(self, tenant: str, inbox: Inbox, event_id: UUID) -> None:
        """Note which message began the conversation; the first one stays."""
        async with transaction(self._pool, tenant) as connection:
            await connection.execute(
                """update inbox set event_id = $3
                   where tenant = $1 and portal_id = $2 and event_id is null""",
                tenant,
                inbox.portal_id,
                event_id,
            )

    async def find(self, tenant: str, reference: str, secret: str) -> Inbox | None:
        """Return the inbox that both open; as slow for a wrong reference as for a wrong secret."""
        async with transaction(self._pool, tenant) as connection:
            row = await connection.fetchrow(
                "select portal_id, secret from inbox where tenant = $1 and reference = $2",
                tenant,
                reference,
            )
        kept = row["secret"] if row else ""
        if await self._secrets.is_right(tenant, reference, secret, kept) and row:
            return Inbox(row["portal_id"], reference)
        return None

    async def show(self, tenant: str, inbox: Inbox) -> bool:
        """Note that the digits are shown now; False where they were, longer ago than two clicks."""
        async with transaction(self._pool, tenant) as connection:
            return bool(await connection.fetchval(_SHOW, tenant, inbox.portal_id, _TWO_CLICKS))

    async def of_id(self, tenant: str, portal_id: UUID) -> tuple[Inbox, str] | None:
        """Return an inbox and the language it was opened in."""
        sql = "select reference, language from inbox where tenant = $1 and portal_id = $2"
        async with transaction(self._pool, tenant) as connection:
            row = await connection.fetchrow(sql, tenant, portal_id)
        return (Inbox(portal_id, row["reference"]), row["language"]) if row else None

    async def of_reference(self, tenant: str, reference: str) -> Inbox | None:
        async with transaction(self._pool, tenant) as connection:
            portal_id: UUID | None = await connection.fetchval(
                "select portal_id from inbox where tenant = $1 and reference = $2",
                tenant,
                reference,
            )
        return Inbox(portal_id, reference) if portal_id else None

    async def _of_form(self, tenant: str, form: str, secret: str) -> Slip | None:
        sql = """select portal_id, reference, event_id, shown_at is not null as shown
                 from inbox where tenant = $1 and form = $2"""
        async with transaction(self._pool, tenant) as connection:
            row = await connection.fetchrow(sql, tenant, form)
        if row is None:
            return None
        inbox = Inbox(row["portal_id"], row["reference"])
        return Slip(inbox, secret, row["event_id"], row["shown"])

    async def _insert(self, tenant: str, inbox: Inbox, form: str, kept: str, language: str) -> bool:
        async with transaction(self._pool, tenant) as connection:
            made = await connection.fetchval(
                """insert into inbox (portal_id, tenant, reference, form, secret, language)
                   values ($1, $2, $3, $4, $5, $6) on conflict do nothing returning portal_id""",
                inbox.portal_id,
                tenant,
                inbox.reference,
                form,
                kept,
                language,
            )
        return made is not None
