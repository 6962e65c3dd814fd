"""Listens for mail servers, lets them in within limits, and stops without losing a mail."""

import asyncio
import logging
import socket

import structlog

from channel_email.receive import replies
from channel_email.receive.client import Client, meet
from channel_email.receive.deliver import Deliver
from channel_email.receive.limits import Limit
from channel_email.receive.room import Room, find_seat, who_gives_way
from channel_email.receive.session import LmtpSession, Session
from channel_email.receive.tell import Tell
from channel_email.receive.watch import watch
from channel_email.settings import EmailSettings
from hub_contract.errors import Temporary
from hub_kit.listen import Listen
from hub_kit.shell import listen_on

PATIENCE = 20  # seconds that a stop waits for mails in transit
SESSIONS: dict[str, type[Session]] = {"smtp": Session, "lmtp": LmtpSession}
log = structlog.get_logger()
# aiosmtpd logs every address that is spoken; nothing of that is written down.
logging.getLogger("mail.log").disabled = True


class Listener:
    """One listening socket; `name` is its setting: smtp or lmtp."""

    def __init__(
        self, name: str, listen: Listen, deliver: Deliver, settings: EmailSettings
    ) -> None:
        self.name, self._listen = name, listen
        self._deliver, self._settings = deliver, settings
        self._limits = settings.limits
        self._socket: socket.socket | None = None
        self._inside: set[Session] = set()
        self._listening = False
        self.stopping = False
        self.room = Room(self._limits)
        self.tell = Tell(name)

    def open(self) -> int:
        """Take the port and return it; `ConfigurationError` where it cannot be had."""
        setting = f"services.channel_email.{self.name}"
        host, port, shared = self._listen.host, self._listen.port, self._settings.reuse_port
        self._socket = listen_on(host, port, setting, reuse_port=shared)
        return int(self._socket.getsockname()[1])

    async def run(self) -> None:
        """Listen until cancelled; then let mails in transit finish."""
        if self._socket is None:
            self.open()
        assert self._socket is not None
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._session().twin, sock=self._socket)
        self._listening = True
        watching = asyncio.create_task(
            watch(self._inside, self.room, self._limits, self._send_away)
        )
        try:
            await server.serve_forever()
        finally:
            self._listening, self._socket = False, None
            server.close()
            await self._let_finish()
            watching.cancel()

    async def check(self) -> None:
        if not self._listening:
            raise Temporary(f"{self.name}: not listening")

    def meet(self, host: str) -> Client:
        return meet(host, self._settings.peers)

    def enter(self, session: Session) -> str:
        """Give the session a seat and return "", or the words with which it is sent away."""
        if self.stopping:
            return replies.STOPPING
        limit = self._limit_of(session)
        if limit and (idle := self._make_room(session, limit)):
            self._send_away(idle, Limit.GAVE_WAY)
            limit = self._limit_of(session)
        if limit:
            return self.tell.goodbye(limit)
        self._inside.add(session)
        return ""

    def leave(self, session: Session) -> None:
        self._inside.discard(session)

    def _limit_of(self, session: Session) -> Limit | None:
        seats, has_peers = self._settings.sessions, bool(self._settings.peers)
        return find_seat(session.client, self._inside, seats, self._limits, has_peers=has_peers)

    def _make_room(self, session: Session, limit: Limit) -> Session | None:
        now, patience = session.loop.time(), self._limits.patience
        return who_gives_way(session.client, self._inside, limit, now, patience)

    def _send_away(self, session: Session, limit: Limit) -> None:
        self.leave(session)
        session.hang_up(self.tell.goodbye(limit))

    def _session(self) -> Session:
        settings = self._settings
        return SESSIONS[self.name](
            self._deliver,
            self,
            limit=settings.size_limit,
            limits=settings.limits,
            hostname=settings.hostname,
            timeout=settings.timeout,
        )

    async def _let_finish(self) -> None:
        self.stopping = True
        for session in list(self._inside):
            if not session.busy:
                session.hang_up(replies.STOPPING)
        for _ in range(PATIENCE * 20):
            if not self._inside:
                break
            await asyncio.sleep(0.05)
        for session in list(self._inside):
            session.hang_up()
