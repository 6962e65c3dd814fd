"""Keeps who is logged in, in PostgreSQL: sessions that end, unused or anyhow.

The cookie is random and the table knows only its hash; who it is lies sealed, and what the
provider calls it under an HMAC, so that neither a backup nor a log tells names, and nobody who
reads the table can take a session over.
"""

import asyncio
import hashlib
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from hub_contract.errors import Permanent
from hub_kit.database import Pool, affected, connect, transaction
from hub_kit.keys import KeyRing, open_sealed, seal
from hub_kit.tokens import derive_key

_TOUCH = timedelta(minutes=1)  # a session's use is written down once a minute
_LOOK = 30.0  # seconds between looks whether the session of a live page goes on

_FIND = """
select content, now() - seen_at > $4 as stale from session
where id = $1 and seen_at > now() - $2::interval and begun_at > now() - $3::interval
"""

_BEGIN = """
insert into session (id, content, at_provider, person, id_token) values ($1, $2, $3, $4, $5)
"""
# A session of a provider that names none in its ID token ends with its person's.
_END_TOLD = """
delete from session
where at_provider = $1 or (person = $2 and ($1::text is null or at_provider is null))
"""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person may be, somewhere."""

    tenant: str
    role: str


@dataclass(frozen=True, slots=True)
class Session:
    """A member of staff; `who` is opaque, `acting` is what they are just now."""

    who: str
    name: str
    grants: tuple[Grant, ...]
    acting: Grant | None


@dataclass(frozen=True, slots=True)
class AtProvider:
    """What the provider calls a session and its person; empty where it does not say."""

    issuer: str = ""
    session: str = ""  # sid
    person: str = ""  # sub


class Sessions:
    def __init__(self, pool: Pool, ring: KeyRing, idle: timedelta, longest: timedelta) -> None:
        self._pool, self._ring, self._key = pool, ring, derive_key(ring, "gateway-session")
        self._idle, self._longest = idle, longest

    async def begin(
        self, session: Session, known_as: AtProvider = AtProvider(), id_token: str = ""
    ) -> str:
        """Keep a new session; return what its cookie shall say."""
        cookie = secrets.token_urlsafe(32)
        token = seal(self._key, id_token.encode(), _id_token(cookie)) if id_token else None
        row = (_id(cookie), self._sealed(cookie, session), *self._pseudonyms(known_as), token)
        async with connect(self._pool) as connection:
            await connection.execute(_BEGIN, *row)
        return cookie

    async def find(self, cookie: str, *, touch: bool = True) -> Session | None:
        """Return the session, if it goes on; `touch`: it is being used."""
        async with connect(self._pool) as connection:
            row = await connection.fetchrow(_FIND, _id(cookie), self._idle, self._longest, _TOUCH)
            if not row:
                return None
            if touch and row["stale"]:
                await connection.execute(
                    "update session set seen_at = now() where id = $1", _id(cookie)
                )
        return self._opened(cookie, row["content"])

    async def act(self, cookie: str, session: Session) -> None:
        """Keep what a person chose to be."""
        row = (_id(cookie), self._sealed(cookie, session))
        async with connect(self._pool) as connection:
            await connection.execute("update session set content = $2 where id = $1", *row)

    async def end(self, cookie: str) -> str:
        """End a session; return the ID token that it began with, empty if there is none."""
        async with connect(self._pool) as connection:
            token = await connection.fetchval(
                "delete from session where id = $1 returning id_token", _id(cookie)
            )
        try:
            return open_sealed(self._key, token, _id_token(cookie)).decode() if token else ""
        except Permanent:
            return ""  # the key ring is a new one

    async def end_told(self, known_as: AtProvider, token: str, until: datetime) -> None:
        """End what has ended at the provider; `Permanent` where this token has counted before."""
        seen = hashlib.sha256(f"{known_as.issuer} {token}".encode()).digest()
        async with transaction(self._pool) as connection:
            new = await connection.fetchval(
                "insert into logout_token values ($1, $2) on conflict do nothing returning true",
                seen,
                until,
            )
            if not new:
                raise Permanent("log-out token: has counted before")
            await connection.execute(_END_TOLD, *self._pseudonyms(known_as))

    async def over(self, cookie: str, session: Session) -> None:
        """Return once this session has ended, or its person has become another one."""
        while await self.find(cookie, touch=False) == session:  # noqa: ASYNC110 - lies in a table
            await asyncio.sleep(_LOOK)

    async def sweep(self) -> int:
        """Delete what has ended; return how many rows it were."""
        sql = """delete from session
                 where seen_at < now() - $1::interval or begun_at < now() - $2::interval"""
        async with connect(self._pool) as connection:
            tokens = await connection.execute("delete from logout_token where until < now()")
            sessions = await connection.execute(sql, self._idle, self._longest)
        return affected(tokens) + affected(sessions)

    def _pseudonyms(self, known_as: AtProvider) -> tuple[str | None, str | None]:
        """Return the look-up keys of session and person: of no use for anything else."""
        session, person = (
            self._ring.pseudonym_of("", f"log-out {kind}", f"{known_as.issuer} {word}")
            if word
            else None
            for kind, word in (("session", known_as.session), ("person", known_as.person))
        )
        return session, person

    def _sealed(self, cookie: str, session: Session) -> bytes:
        return seal(self._key, json.dumps(asdict(session)).encode(), _id(cookie))

    def _opened(self, cookie: str, content: bytes) -> Session | None:
        try:
            said = json.loads(open_sealed(self._key, content, _id(cookie)))
        except Permanent:
            return None  # the key ring is a new one: everybody logs in again
        grants = tuple(Grant(**grant) for grant in said["grants"])
        acting = Grant(**said["acting"]) if said["acting"] else None
        return Session(said["who"], said["name"], grants, acting)


def _id(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode()).digest()


def _id_token(cookie: str) -> bytes:
    return b"id token " + _id(cookie)
