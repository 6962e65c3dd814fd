"""Listens for mail servers, lets them in up to a limit, and stops without losing a mail."""

import asyncio
import logging
import socket

import structlog

from channel_email.receive import replies
from channel_email.receive.deliver import Deliver
from channel_email.receive.session import LARGE_AT_ONCE, LmtpSession, Session
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
        self._socket: socket.socket | None = None
        self._inside: set[Session] = set()
        self._listening = False
        self.stopping = False
        self.room_for_large = asyncio.Semaphore(LARGE_AT_ONCE)

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
        try:
            await server.serve_forever()
        finally:
            self._listening, self._socket = False, None
            server.close()
            await self._let_finish()

    async def check(self) -> None:
        if not self._listening:
            raise Temporary(f"{self.name}: not listening")

    def enter(self, session: Session) -> bool:
        if len(self._inside) >= self._settings.sessions or self.stopping:
            return False
        self._inside.add(session)
        return True

    def leave(self, session: Session) -> None:
        self._inside.discard(session)

    def _session(self) -> Session:
        return SESSIONS[self.name](
            self._deliver,
            self,
            limit=self._settings.size_limit,
            hostname=self._settings.hostname,
            timeout=self._settings.timeout,
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
