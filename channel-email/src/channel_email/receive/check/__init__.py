"""SPF, DKIM and DMARC of our own, of what strangers hand in: async, within a few seconds.

Rule 1. Nothing here delays a mail beyond `within`, nor refuses one: what is not known by then is
        `temperror`, which counts as not verified.
Rule 2. What a stranger's name server makes slow ends only what it is about.
Rule 3. Of a mail with more than one From, or none, nobody can say who has sent it: `permerror`.

Why by ourselves: dkimpy takes quadratic time for blanks, pyspf blocks and rests since 2020; names
and keys are read by libraries that are kept well (dnspython, cryptography, publicsuffixlist).
"""

import asyncio
from collections.abc import Coroutine
from typing import NamedTuple

from channel_email.parse.addresses import read_addresses
from channel_email.parse.headers import read_headers
from channel_email.receive.check.dkim import Seal, check_seals
from channel_email.receive.check.dmarc import Policy, aligned, find_policy, organisation
from channel_email.receive.check.resolve import Resolver
from channel_email.receive.check.spf import check_spf
from channel_email.receive.client import Client
from channel_email.settings import SenderCheck
from hub_contract.email_address import normal_domain
from hub_contract.words import Evidence


class _Found(NamedTuple):
    spf: str
    seals: tuple[Seal, ...]
    policy: Policy


class CheckSender:
    """`(raw, client, envelope sender)` → one piece of evidence for each method. Never raises."""

    def __init__(
        self, settings: SenderCheck, hostname: str, resolver: Resolver | None = None
    ) -> None:
        self._within, self._by = settings.within, hostname
        self._resolver = resolver or Resolver([str(server) for server in settings.dns])
        self._room = asyncio.Semaphore(settings.at_once * len(_Found._fields))
        organisation("")  # reads the list of public suffixes now, and not with the first mail

    async def __call__(self, raw: bytes, client: Client, sender: str) -> tuple[Evidence, ...]:
        envelope = normal_domain(sender.rpartition("@")[2] or client.name)
        author = await asyncio.to_thread(_author, raw)
        found = await self._find(raw, client, sender, author)
        results = {
            "spf": found.spf,
            "dkim": _best(found.seals),
            "dmarc": _dmarc(found, envelope, author) if author else "permerror",
        }
        return tuple(Evidence(kind=k, result=r, by=self._by) for k, r in results.items())

    async def _find(self, raw: bytes, client: Client, sender: str, author: str) -> _Found:
        """Ask for all at once; what is not known in time, or fails, is unknown."""
        questions: list[Coroutine[None, None, object]] = [
            check_spf(self._resolver, client.address, sender, client.name),
            check_seals(self._resolver, raw, author),
            find_policy(self._resolver, author),
        ]
        tasks = [asyncio.create_task(self._in_turn(question)) for question in questions]
        try:
            await asyncio.wait(tasks, timeout=self._within)
        finally:
            for task in tasks:
                task.cancel()
            answers = await asyncio.gather(*tasks, return_exceptions=True)
        unknown = _Found("temperror", (Seal(author, "temperror"),), Policy("temperror"))
        known = (
            for_now if isinstance(answer, BaseException) else answer
            for answer, for_now in zip(answers, unknown, strict=True)
        )
        return _Found(*known)  # type: ignore[arg-type]

    async def _in_turn(self, question: Coroutine[None, None, object]) -> object:
        try:
            async with self._room:
                return await question
        finally:
            question.close()


def _author(raw: bytes) -> str:
    """Return the domain of the one address in From, or "" where there is not one."""
    headers, _ = read_headers(raw, 0, len(raw), whole_mail=True)
    written = headers.texts(b"from")
    found = read_addresses(written)
    if len(written) != 1 or len(found) != 1:
        return ""
    return normal_domain(found[0].value.rpartition("@")[2])


def _best(seals: tuple[Seal, ...]) -> str:
    results = [seal.result for seal in seals]
    return "pass" if "pass" in results else next(iter(results), "none")


def _dmarc(found: _Found, envelope: str, author: str) -> str:
    policy = found.policy
    if policy.result != "pass":
        return policy.result
    said = [
        (found.spf, aligned(envelope, author, strict=policy.strict_spf)),
        *((s.result, aligned(s.domain, author, strict=policy.strict_dkim)) for s in found.seals),
    ]
    results = {result for result, is_aligned in said if is_aligned}
    return next((result for result in ("pass", "temperror") if result in results), "fail")
