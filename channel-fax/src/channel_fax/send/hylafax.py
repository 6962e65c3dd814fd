"""The way out by HylaFAX: hands pages to hfaxd as a job; what became of it, `watch` reports.

Rule 1. Until JSUBM is sent, nothing is: whatever breaks before it is tried again.
Rule 2. An answer to JSUBM that was lost: the queues are asked for our tag. What they do not know is
        `unknown` and never submitted again by itself; the log of calls may tell later.
Rule 3. HylaFAX dials again by itself, as often as the settings say: one job is one fax.
"""

from datetime import UTC, datetime

from channel_fax.numbers import Accounts, AnyNumber
from channel_fax.providers.hfaxd import Login, Lost, Said, Session, quoted, session
from channel_fax.render import render
from channel_fax.render.draw import Drawn
from channel_fax.send.jobs import Job, Jobs, tag_of
from channel_fax.settings import PATIENCE, Hylafax
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import MessageRequested
from hub_kit.bounded import Bounded
from hub_kit.outgoing import Outcome

QUEUES = ("sendq", "doneq")
_FORMAT = "%j|%a|%J"  # of JOBFMT: number, state, tag
_KILL_AFTER = "000400"  # days, hours, minutes: as long as our patience is
_DRAW_SECONDS, _MEMORY = 60.0, 2 * 1024**3


def login_of(settings: Hylafax) -> Login:
    return Login(
        settings.hfaxd.host, settings.hfaxd.port, settings.user, password=settings.password()
    )


class HylafaxSender:
    """`hub_kit.outgoing.Sender`."""

    patience = PATIENCE

    def __init__(self, numbers: Accounts, settings: Hylafax, most_pages: int, jobs: Jobs) -> None:
        self._numbers, self._settings, self._most = numbers, settings, most_pages
        self._jobs, self._login = jobs, login_of(settings)
        self._draw = Bounded(
            "channel_fax.render.draw:draw", _DRAW_SECONDS, memory=lambda _: _MEMORY, workers=1
        )
        self.close = self._draw.close

    async def send(self, request: MessageRequested, files: tuple[bytes, ...]) -> Outcome:
        number = self._number(request)
        own = number.settings.address
        wanted = render(request, files, number.display_name, own, datetime.now(UTC).date())
        drawn: Drawn = await self._draw(b"", wanted, self._most, self._settings.lines)
        try:
            async with session(self._login) as line:
                return await self._submit(line, request, wanted.to, drawn)
        except Lost as error:
            raise Temporary(f"hfaxd: {error} before the job was submitted") from error
        except Said as error:
            if error.code < 500:
                raise Temporary(str(error)) from error
            return Outcome(Delivery.FAILED, Reason.OTHER, str(error.code), error.text[:200])

    async def look_up(self, request: MessageRequested) -> Outcome | None:
        async with session(self._login) as line:
            try:
                job = await find(line, tag_of(request.id))
            except (Lost, Said) as error:
                raise Temporary(str(error)) from error
        return Outcome(Delivery.ACCEPTED, external_id=job) if job else None

    async def _submit(
        self, line: Session, request: MessageRequested, to: str, drawn: Drawn
    ) -> Outcome:
        if known := await find(line, tag_of(request.id)):
            return Outcome(Delivery.ACCEPTED, external_id=known)
        file = await line.store(drawn.tiff)
        number = await line.new_job()
        for name, value in self._parameters(request, to, file):
            await line.ask(f"JPARM {name} {value}")
        now = datetime.now(UTC)
        await self._jobs.begin(
            Job(request.id, request.tenant, request.account, number, drawn.pages, "", None, now)
        )
        try:
            await line.ask("JSUBM")
        except Lost as error:
            return await self._ask_again(request, str(error))
        return Outcome(Delivery.ACCEPTED, external_id=number)

    async def _ask_again(self, request: MessageRequested, why: str) -> Outcome:
        try:
            found = await self.look_up(request)
        except Temporary:
            found = None
        return found or Outcome(Delivery.UNKNOWN, diagnostic=why)

    def _parameters(
        self, request: MessageRequested, to: str, file: str
    ) -> list[tuple[str, str | int]]:
        settings, station = self._settings, self._number(request).settings
        return [
            ("FROMUSER", quoted(settings.user)),
            ("LASTTIME", _KILL_AFTER),
            ("MAXDIALS", settings.max_dials),
            ("MAXTRIES", settings.max_tries),
            ("DIALSTRING", quoted(to)),
            ("NOTIFYADDR", quoted(settings.user)),
            ("NOTIFY", quoted("none")),
            ("VRES", settings.lines),
            ("PAGEWIDTH", 215),
            ("PAGELENGTH", 297),
            ("PAGECHOP", quoted("none")),
            ("TSI", quoted(station.station or station.address)),
            ("JOBINFO", quoted(tag_of(request.id))),
            ("MODEM", quoted(settings.modem)),
            ("DOCUMENT", quoted(file)),
        ]

    def _number(self, request: MessageRequested) -> AnyNumber:
        if found := self._numbers.get(request.tenant, request.account):
            return found
        raise Permanent("no such account; add it", reason=Reason.NOT_CONFIGURED)


async def find(line: Session, tag: str) -> str:
    """Return the number of the job that we called so; empty where no queue knows it."""
    await line.ask(f"JOBFMT {quoted(_FORMAT)}")
    for queue in QUEUES:
        for row in (await line.list(queue)).splitlines():
            number, _, rest = row.partition("|")
            if rest.rpartition("|")[2].strip() == tag:
                return number.strip()
    return ""
