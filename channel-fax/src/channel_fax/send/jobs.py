"""Remembers which job of HylaFAX carries which message of ours, and what was last said of it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub_kit.database import Pool, affected, connect
from hub_kit.trim import PIECE

_COLUMNS = "message_id, tenant, account, job, pages, said, active_at, at"


@dataclass(frozen=True, slots=True)
class Job:
    message_id: UUID
    tenant: str
    account: str
    job: str  # HylaFAX's number; it begins again at 1 after 32,000
    pages: int  # that shall go
    said: str  # what was reported last: the status and what told it apart
    active_at: datetime | None  # since when it is on the line
    at: datetime

    @property
    def tag(self) -> str:
        return tag_of(self.message_id)


def tag_of(message_id: UUID) -> str:
    """Return what we call the job of a message, wherever HylaFAX tells of it."""
    return f"faden-{message_id}"


class Jobs:
    """`Temporary` from any method means: the database is away."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def begin(self, job: Job) -> None:
        """Note a job before it is submitted; a new try of the same message has a new number."""
        async with connect(self._pool) as connection:
            await connection.execute(
                """insert into fax_job (message_id, tenant, account, job, pages)
                   values ($1, $2, $3, $4, $5) on conflict (message_id)
                   do update set job = excluded.job, pages = excluded.pages, said = '',
                     active_at = null, done = false""",
                job.message_id,
                job.tenant,
                job.account,
                job.job,
                job.pages,
            )

    async def open(self) -> list[Job]:
        """Return those of which more is to be heard, the oldest first."""
        async with connect(self._pool) as connection:
            sql = f"select {_COLUMNS} from fax_job where not done order by at limit 500"  # noqa: S608
            return [Job(**row) for row in await connection.fetch(sql)]

    async def of(self, message_id: UUID) -> Job | None:
        async with connect(self._pool) as connection:
            sql = f"select {_COLUMNS} from fax_job where message_id = $1"  # noqa: S608 - of a constant
            row = await connection.fetchrow(sql, message_id)
        return Job(**row) if row else None

    async def note(self, message_id: UUID, said: str, *, done: bool) -> None:
        async with connect(self._pool) as connection:
            await connection.execute(
                "update fax_job set said = $2, done = $3 where message_id = $1",
                message_id,
                said,
                done,
            )

    async def note_active(self, message_id: UUID, *, active: bool) -> None:
        """Note since when it is on the line, by the database's clock; or that it is not."""
        since = "coalesce(active_at, now())" if active else "null"
        async with connect(self._pool) as connection:
            await connection.execute(
                f"update fax_job set active_at = {since} where message_id = $1",  # noqa: S608
                message_id,
            )

    async def overdue(self, longest: float) -> set[UUID]:
        """Return those that have been on the line for longer than so many seconds."""
        async with connect(self._pool) as connection:
            rows = await connection.fetch(
                """select message_id from fax_job
                   where not done and active_at < now() - make_interval(secs => $1)""",
                longest,
            )
        return {row["message_id"] for row in rows}

    async def sweep(self) -> int:
        """Delete a piece of what is done and told no more of."""
        async with connect(self._pool) as connection:
            status = await connection.execute(
                f"""delete from fax_job where message_id in (select message_id from fax_job
                    where done and at < now() - interval '30 days' limit {PIECE})"""  # noqa: S608
            )
        return affected(status)
