"""Keeps one number of ours bound at its SMSC: connects, and again with growing pauses.

Each copy of the service holds a line of its own; where the SMSC allows one bind, run one copy.
"""

import asyncio
import ssl

import structlog

from channel_sms.numbers import SmppNumber
from channel_sms.providers.smpp_pdu import Command, Pdu
from channel_sms.providers.smpp_session import Closed, Lost, Session, Take
from hub_contract.errors import Temporary
from hub_kit.settings import ConfigurationError

PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)  # seconds before each new try; the last one repeats
PATIENCE = 5.0  # seconds that a request waits for the line
_CONNECT = 10.0  # seconds
log = structlog.get_logger()


class Line:
    """`run` for ever; others `ask` meanwhile."""

    def __init__(
        self,
        number: SmppNumber,
        take: Take,
        pauses: tuple[float, ...] = PAUSES,
        patience: float = PATIENCE,
    ) -> None:
        self.number = number
        self._take, self._pauses, self._patience = take, pauses, patience
        self._session: Session | None = None
        self._is_bound = asyncio.Event()
        self._why = "not connected yet"

    async def run(self) -> None:
        """Hold the line; the pauses begin anew once it was bound."""
        tries = 0
        while True:
            try:
                await self._hold()
                tries = 0
            except (Closed, Lost, OSError, EOFError, ConfigurationError) as error:
                self._why = str(error) or type(error).__name__
            log.warning("no line to the SMSC", account=self.number.key, reason=self._why[:200])
            await asyncio.sleep(self._pauses[min(tries, len(self._pauses) - 1)])
            tries += 1

    async def ask(self, command: Command, body: bytes) -> Pdu:
        """Return the SMSC's answer. `Temporary`: certainly not sent; `Lost`: perhaps."""
        try:
            async with asyncio.timeout(self._patience):
                await self._is_bound.wait()
        except TimeoutError:
            raise Temporary(f"smpp: {self._why}") from None
        if self._session is None:
            raise Temporary(f"smpp: {self._why}")
        try:
            return await self._session.ask(command, body)
        except Closed as error:
            raise Temporary(f"smpp: {error}") from None

    async def _hold(self) -> None:
        settings = self.number.settings
        password = settings.password()
        async with asyncio.timeout(_CONNECT):
            reader, writer = await asyncio.open_connection(
                settings.host, settings.port, ssl=self._trust()
            )
        session = Session(reader, writer, self._take, settings)
        reading = asyncio.create_task(session.run())
        try:
            await session.bind(password)
            log.info("bound at the SMSC", account=self.number.key)
            self._session = session
            self._is_bound.set()
            self._why = await asyncio.shield(reading)
        finally:
            await self._let_go(session, reading)

    async def _let_go(self, session: Session, reading: "asyncio.Task[str]") -> None:
        """Leave: by a good-bye where the line still stands."""
        self._is_bound.clear()
        self._session = None
        try:
            if not reading.done():
                async with asyncio.timeout(1):
                    await session.unbind()
        except TimeoutError:
            pass
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    def _trust(self) -> ssl.SSLContext | None:
        settings = self.number.settings
        if not settings.tls:
            return None
        return ssl.create_default_context(cafile=settings.tls_ca)
