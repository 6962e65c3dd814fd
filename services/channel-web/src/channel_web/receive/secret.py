"""Makes the six digits that open an inbox, and checks them without telling anything by its time.

Rule 1. The digits follow from the key ring and what identifies a form in its browser (`token`):
        sent twice, by two clicks or after a broken line, it has the same ones, though nothing
        readable is kept.
Rule 2. What is kept is an Argon2id hash of them under a pepper of the ring, so that neither the
        database nor a backup says them, even to one who tries all million.
Rule 3. A secret of an inbox that does not exist is checked as long as any other.
"""

import asyncio
import hmac
import secrets
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from hub_kit.keys import KeyRing
from hub_kit.tokens import derive_key

P = ParamSpec("P")
T = TypeVar("T")
DIGITS = 6
# OWASP Password Storage Cheat Sheet, Argon2id: 19 MiB, two passes, one lane.
MEMORY, PASSES, LANES = 19_456, 2, 1
AT_ONCE = 4


class Secrets:
    def __init__(self, ring: KeyRing) -> None:
        self._digits = derive_key(ring, "portal-secret")
        self._pepper = derive_key(ring, "portal-pepper")
        self._at_once = asyncio.Semaphore(AT_ONCE)

    def of(self, tenant: str, token: str) -> str:
        """Return the six digits of the inbox that this form opens: `Forms.sent` gives its token."""
        said = hmac.digest(self._digits, f"{tenant}\n{token}".encode(), "sha256")
        return f"{int.from_bytes(said[:16]) % 10**DIGITS:0{DIGITS}}"

    async def hash(self, tenant: str, reference: str, secret: str) -> str:
        """Return what is kept of it: a PHC string."""
        return await self._in_thread(_hash, self._peppered(tenant, reference, secret))

    async def is_right(self, tenant: str, reference: str, secret: str, kept: str) -> bool:
        """Say whether this secret was given out; `kept` is empty where there is no such inbox."""
        peppered = self._peppered(tenant, reference, secret)
        right = await self._in_thread(_verify, peppered, kept or _NOBODY)
        return right and bool(kept)

    def _peppered(self, tenant: str, reference: str, secret: str) -> bytes:
        facts = f"{tenant}\n{reference}\n{secret}".encode()
        return hmac.digest(self._pepper, facts, "sha256")

    async def _in_thread(self, work: Callable[P, T], *arguments: P.args, **more: P.kwargs) -> T:
        async with self._at_once:
            return await asyncio.to_thread(work, *arguments, **more)


def _hash(peppered: bytes) -> str:
    function = Argon2id(
        salt=secrets.token_bytes(16),
        length=32,
        iterations=PASSES,
        lanes=LANES,
        memory_cost=MEMORY,
    )
    return function.derive_phc_encoded(peppered)


def _verify(peppered: bytes, kept: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(peppered, kept)
    except InvalidKey:
        return False
    return True


_NOBODY = _hash(secrets.token_bytes(32))
