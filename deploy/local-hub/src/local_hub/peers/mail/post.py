"""Carries mails of the pretend world to the hub by real SMTP, and tries again as servers do."""

import asyncio
from dataclasses import dataclass

import aiosmtplib
import structlog

from hub_kit.listen import HostPort
from local_hub.peers.mail.compose import Letter

# Seconds between tries. The letters lie in memory: a pretend world may forget what it could not
# deliver when it ends, a hub may not.
_PAUSES = (1, 2, 4, 8, 15, 30, 30, 60, 60, 120)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Reply:
    """What the hub said to a mail: 250, 4xx for later, 5xx for never."""

    code: int
    text: str

    @property
    def later(self) -> bool:
        return 400 <= self.code < 500


class Post:
    def __init__(self, hub: HostPort) -> None:
        self._host, self._port = hub.host, hub.port
        self._under_way: set[asyncio.Task[None]] = set()

    async def try_once(self, letter: Letter) -> Reply:
        """Hand the letter over and return the hub's answer; a hub that is away says 421."""
        client = aiosmtplib.SMTP(hostname=self._host, port=self._port, timeout=30)
        try:
            async with client:
                _, text = await client.sendmail(letter.sender, [letter.recipient], letter.raw)
        except aiosmtplib.SMTPRecipientsRefused as error:
            return Reply(error.recipients[0].code, error.recipients[0].message)
        except aiosmtplib.SMTPResponseException as error:
            return Reply(error.code, error.message)
        except (aiosmtplib.SMTPException, OSError) as error:
            return Reply(421, type(error).__name__)
        return Reply(250, text)

    def leave(self, letter: Letter) -> None:
        """Carry the letter in the background, again and again while the hub says `later`."""
        task = asyncio.create_task(self._carry(letter))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _carry(self, letter: Letter) -> None:
        reply = await self.try_once(letter)
        for pause in _PAUSES:
            if not reply.later:
                break
            await asyncio.sleep(pause)
            reply = await self.try_once(letter)
        log.info("letter carried", code=reply.code)

    async def close(self) -> None:
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
