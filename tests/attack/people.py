"""What other people do meanwhile, and what they feel of it: seconds, and what went wrong."""

import asyncio
import io
import re
import smtplib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

ADDRESS = "127.0.1.1"
TOO_LONG = 10.0  # seconds; who waits for longer has gone
_EVERY = {
    "page": 0.1,
    "form": 1.2,
    "large form": 1.2,
    "live page": 0.5,
    "mail": 0.3,
    "large mail": 0.7,
}


@dataclass
class Felt:
    """Of one kind of deed in one span of time."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def at(self, share: float) -> float:
        ordered = sorted(self.seconds) or [float("nan")]
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Citizen:
    """Somebody else, at another address than the attacker's."""

    def __init__(self, door: str, smtp: str, client: httpx.AsyncClient) -> None:
        self._door, self._smtp, self._client = door, smtp, client
        self.deeds: dict[str, Callable[[], Awaitable[None]]] = {
            "page": self._page,
            "form": self._form,
            "large form": self._large_form,
            "live page": self._live,
            "mail": lambda: asyncio.to_thread(self._mail, 10),
            "large mail": lambda: asyncio.to_thread(self._mail, 1_200_000),
        }

    @classmethod
    @asynccontextmanager
    async def living(cls, door: str, smtp: str) -> AsyncIterator["Citizen"]:
        transport = httpx.AsyncHTTPTransport(local_address=ADDRESS)
        site = {"Sec-Fetch-Site": "same-origin"}
        async with httpx.AsyncClient(
            base_url=f"http://{door}", transport=transport, headers=site, timeout=TOO_LONG
        ) as client:
            yield cls(door, smtp, client)

    async def _page(self) -> None:
        _right(await self._client.get("/musterstadt/"), 200)

    async def _form(self, file: bytes = b"") -> None:
        page = (await self._client.get("/musterstadt/kontakt")).text
        [form] = re.findall(r'<input type="hidden" name="form" value="([^"]*)">', page)
        fields = {"form": form, "subject": "Hund", "text": "Ein Dackel.", "answer": "here"}
        files = {"files": ("hund.txt", io.BytesIO(file), "text/plain")} if file else None
        _right(await self._client.post("/musterstadt/kontakt", data=fields, files=files), 303)

    async def _large_form(self) -> None:
        await self._form(b"Wuff. " * 250_000)

    async def _live(self) -> None:
        live = {"Accept": "text/event-stream"}
        async with self._client.stream("GET", "/musterstadt/vorgang/live", headers=live) as answer:
            _right(answer, 200)
            await anext(answer.aiter_raw())

    def _mail(self, size: int) -> None:
        host, _, port = self._smtp.rpartition(":")
        number = time.monotonic_ns()
        head = f"From: a@example.org\r\nSubject: x\r\nMessage-ID: <{number}.attack@example.org>\r\n"
        body = "Guten Tag.\r\n" * max(1, size // 12)
        with smtplib.SMTP(
            host, int(port), "people.example", TOO_LONG, source_address=(ADDRESS, 0)
        ) as server:
            server.sendmail("a@example.org", ["post@musterstadt.example"], f"{head}\r\n{body}")

    async def live(self, kinds: tuple[str, ...], seconds: float) -> dict[str, Felt]:
        """Do these for so long; return what was felt of each."""
        felt = {kind: Felt() for kind in kinds}
        await asyncio.gather(*(self._do(kind, felt[kind], seconds) for kind in kinds))
        return felt

    async def _do(self, kind: str, felt: Felt, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            begun = time.perf_counter()
            try:
                await self.deeds[kind]()
            except (httpx.HTTPError, OSError, smtplib.SMTPException, ValueError) as error:
                felt.errors.append(f"{type(error).__name__} {error}"[:100])
            felt.seconds.append(time.perf_counter() - begun)
            await asyncio.sleep(_EVERY[kind])


def _right(answer: httpx.Response, status: int) -> None:
    if answer.status_code != status:
        raise ValueError(f"status {answer.status_code}")
