"""Watches our jobs at hfaxd and reports what became of them; ends calls that are too long.

Rule 1. A job is done when hfaxd says so and as many pages went as should: »done« alone is also
        said of a job whose program did not start.
Rule 2. What hfaxd no longer knows, its log of calls does. What neither knows a day later is a
        fax of which nobody can say whether it went: `unknown`, and an operator reads so.
Rule 3. A call may hang where the modem's process was killed: after `longest_call` the job is
        ended, and said to have failed on the line.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from channel_fax.providers.hfaxd import Login, Lost, Said, Session, session
from channel_fax.providers.hylafax_codes import STATES, reason_of
from channel_fax.providers.xferfaxlog import Row, read_rows, read_tail
from channel_fax.send.jobs import Job, Jobs
from channel_fax.settings import Hylafax
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import Arrival, DeliveryContent, DeliveryReported
from hub_contract.ids import reported_id
from hub_contract.words import Channel, Evidence
from hub_kit.accept import Accepted
from hub_kit.turns import Turns

NAMES = (
    *("JOBINFO", "STATE", "STATUS", "ERRORCODE", "NPAGES", "TOTPAGES"),
    *("NDIALS", "TOTDIALS", "TOTTRIES", "COMMID"),
)
_GIVE_UP = timedelta(days=1)
_ENDED = "ended by Faden: too long on the line"
Keep = Callable[[Arrival], Awaitable[Accepted]]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class News:
    """What is to be reported of a job; `record` is the evidence, as HylaFAX said it."""

    status: Delivery
    reason: Reason = Reason.NONE
    code: str = ""
    words: str = ""
    pages: int | None = None
    seconds: int | None = None
    station: str = ""
    external_id: str = ""
    attempt: str = ""
    record: str = ""


class Watch:
    """`run` for ever; one copy of the service has its turn."""

    def __init__(
        self, settings: Hylafax, login: Login, accept: Keep, jobs: Jobs, turns: Turns
    ) -> None:
        self._settings, self._login, self._accept = settings, login, accept
        self._jobs, self._turns = jobs, turns
        self.hanging = 0  # calls that had to be ended since we started

    async def run(self) -> None:
        while True:
            try:
                if await self._turns.take("fax watch"):
                    await self.look()
            except (Temporary, Permanent, Lost, Said, OSError) as error:
                log.warning("jobs not watched", reason=str(error)[:200])
            await asyncio.sleep(self._settings.look_every)

    async def look(self) -> int:
        """Ask after every open job, once; return how many there are."""
        jobs = await self._jobs.open()
        if not jobs:
            return 0
        async with session(self._login) as line:
            found = {job.message_id: await _ask(line, job) for job in jobs}
            for job in jobs:
                if said := found[job.message_id]:
                    await self._heed(line, job, said)
        lost = [job for job in jobs if not found[job.message_id]]
        if lost:
            await self._read_log(lost)
        return len(jobs)

    async def _heed(self, line: Session, job: Job, said: Mapping[str, str]) -> None:
        is_active = said["STATE"] == "ACTIVE"
        if is_active != (job.active_at is not None):
            await self._jobs.note_active(job.message_id, active=is_active)
        if is_active and job.message_id in await self._jobs.overdue(self._settings.longest_call):
            await self._end(line, job, said)
            return
        await self._report(job, news_of(said, job.pages))

    async def _end(self, line: Session, job: Job, said: Mapping[str, str]) -> None:
        """End a call that hangs; where HylaFAX does not either, the report stands all the same."""
        self.hanging += 1
        log.error("a call hung and was ended", job=job.job, account=f"{job.tenant}/{job.account}")
        try:
            await line.ask("JKILL")
        except Said as error:
            log.error("the job could not be ended; run faxabort", job=job.job, reason=str(error))
        record = write_record({**said, "STATUS": _ENDED})
        pages = _count(said["NPAGES"])
        await self._report(
            job,
            News(Delivery.FAILED, Reason.LINE_DROPPED, "", _ENDED, pages, record=record),
        )

    async def _read_log(self, jobs: list[Job]) -> None:
        """Report of jobs that the queues have forgotten what the log of calls says."""
        text = await asyncio.to_thread(read_tail, self._settings.spool)
        rows = {row.tag: row for row in read_rows(text) if row.kind == "SEND"}
        for job in jobs:
            if row := rows.get(job.tag):
                await self._report(job, news_in_log(row, job.pages), done=True)
            elif datetime.now(UTC) - job.at > _GIVE_UP:
                log.error("HylaFAX knows nothing of a job", job=job.job)
                await self._report(job, News(Delivery.UNKNOWN), done=True)

    async def _report(self, job: Job, news: News, *, done: bool = False) -> None:
        done = done or news.status in (Delivery.DELIVERED, Delivery.FAILED)
        said = f"{news.status} {news.code} {news.attempt}"
        if said == job.said or (news.status is Delivery.ACCEPTED and not done):
            return
        if news.status not in (Delivery.ACCEPTED, Delivery.UNKNOWN):
            await self._accept(report(job, news, datetime.now(UTC)))
        await self._jobs.note(job.message_id, said, done=done)


async def _ask(line: Session, job: Job) -> Mapping[str, str] | None:
    """Return what hfaxd says of it; None where it knows no such job, or another of this number."""
    try:
        await line.ask(f"JOB {job.job}")
    except Said:
        return None
    said = await line.parameters(NAMES)
    return said if said["JOBINFO"] == job.tag else None


def news_of(said: Mapping[str, str], wanted: int) -> News:
    """Return what a job's state means: pure. `wanted` pages make it whole."""
    status = STATES.get(said.get("STATE", ""), Delivery.ACCEPTED)
    code, words = said.get("ERRORCODE", ""), said.get("STATUS", "")
    pages = _count(said.get("NPAGES", ""))
    tries = said.get("TOTDIALS", ""), said.get("TOTTRIES", "")
    if status is Delivery.DEFERRED and not any(map(_count, tries)):
        status = Delivery.ACCEPTED  # it waits for its first call
    if status is Delivery.DELIVERED and pages < (wanted or _count(said.get("TOTPAGES", "")) or 1):
        status = Delivery.FAILED
    went = status in (Delivery.DELIVERED, Delivery.ACCEPTED)
    return News(
        status,
        Reason.NONE if went else reason_of(code, words),
        "" if went else code,
        words,
        pages if status in (Delivery.DELIVERED, Delivery.FAILED) else None,
        external_id=said.get("COMMID", ""),
        attempt=" ".join(tries) if status is Delivery.DEFERRED else "",
        record=write_record(said),
    )


def news_in_log(row: Row, wanted: int) -> News:
    """Return what the log of calls says of a job's last call: pure."""
    went = not row.reason and row.pages >= max(wanted, 1)
    return News(
        Delivery.DELIVERED if went else Delivery.FAILED,
        Reason.NONE if went else reason_of("", row.reason),
        "",
        row.reason,
        row.pages,
        row.seconds,
        row.station,
        row.commid,
        record=row.line,
    )


def write_record(said: Mapping[str, str]) -> str:
    """Return the transmission report, as HylaFAX said it: a line for each value."""
    return "".join(f"{name}: {value}\n" for name, value in said.items())


def report(job: Job, news: News, at: datetime) -> Arrival:
    """Return the report with its evidence: pure."""
    evidence = [Evidence(kind="transmission-report", result=news.status)]
    if news.station:
        evidence.append(Evidence(kind="station-id", result=news.station))
    event = DeliveryReported(
        id=reported_id(
            *(job.tenant, Channel.FAX, job.account, job.message_id, news.status),
            *("job", job.job, news.code, news.attempt),
        ),
        tenant=job.tenant,
        channel=Channel.FAX,
        account=job.account,
        message_id=job.message_id,
        status=news.status,
        reason=news.reason,
        code=news.code,
        at=at,
        pages=news.pages,
        seconds=news.seconds,
        content=DeliveryContent(
            external_id=news.external_id,
            diagnostic=news.words[:1_000],
            evidence=tuple(evidence),
        ),
    )
    return Arrival(event, news.record.encode())


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
