"""Why a service did not reach its peer at its last try, for all its copies and the next start."""

from dataclasses import dataclass
from datetime import datetime

from hub_kit.database import Connection


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the last try did not reach its peer; nothing personal."""

    reason: str
    at: datetime


_KEEP = """
insert into hub.unreached (reason, at) values ($1, $2)
on conflict (service) do update set reason = excluded.reason, at = excluded.at
where unreached.at < excluded.at
"""
# Stands before a statement that goes on: no round trip of its own.
REACHED = "with reached as (delete from hub.unreached where service = current_user)"


async def keep(connection: Connection, failure: Failure) -> None:
    """Keep it until a try reaches its peer (`REACHED`)."""
    await connection.execute(_KEEP, failure.reason, failure.at)


async def read(connection: Connection) -> Failure | None:
    """Return what was kept last; None: the last try reached its peer."""
    row = await connection.fetchrow(
        "select reason, at from hub.unreached where service = current_user"
    )
    return Failure(**row) if row else None
