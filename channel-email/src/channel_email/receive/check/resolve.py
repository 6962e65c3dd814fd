"""Asks the DNS, with a memory; strangers choose the names, so answers may be slow or absurd."""

import time
from collections.abc import Sequence
from typing import Literal

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

Kind = Literal["TXT", "A", "AAAA", "MX", "PTR"]
Answers = tuple[str, ...]
MOST = 10_000  # answers that are remembered
ONE = 3.0  # seconds for one question
FRESH, OLD, FAILED = 60.0, 3600.0, 30.0  # seconds that answers are remembered: least, most


class LookUpFailed(Exception):  # noqa: N818 - a finding about a name, not an error of ours
    """No answer for now: nobody may conclude that there is none."""


class Resolver:
    """`ask` returns what stands in the DNS; nothing where there is no such name or record."""

    def __init__(self, servers: Sequence[str] = ()) -> None:
        self._servers = servers
        self._resolver: dns.asyncresolver.Resolver | None = None
        self._known: dict[tuple[str, Kind], tuple[float, Answers | None]] = {}

    async def ask(self, name: str, kind: Kind) -> Answers:
        """Return texts, addresses, or names (of MX the nearest first); `LookUpFailed` for now."""
        key = name.lower().rstrip("."), kind
        until, answers = self._known.get(key, (0.0, None))
        if until < time.monotonic():
            answers, seconds = await self._look_up(*key)
            self._remember(key, answers, seconds)
        if answers is None:
            raise LookUpFailed
        return answers

    async def _look_up(self, name: str, kind: Kind) -> tuple[Answers | None, float]:
        try:
            asked = dns.name.from_text(name)
            found = await self._asking().resolve(
                asked, kind, raise_on_no_answer=False, search=False, lifetime=ONE
            )
        except (dns.resolver.NXDOMAIN, dns.name.NameTooLong, dns.name.LabelTooLong):
            return (), FRESH
        except (dns.name.EmptyLabel, dns.name.IDNAException, dns.name.BadEscape, UnicodeError):
            return (), FRESH  # no name, so nothing is there
        except (dns.exception.DNSException, OSError):
            return None, FAILED
        ttl = float(found.rrset.ttl) if found.rrset else FRESH
        return _read(found, kind), min(max(ttl, FRESH), OLD)

    def _remember(self, key: tuple[str, Kind], answers: Answers | None, seconds: float) -> None:
        if len(self._known) >= MOST:
            del self._known[next(iter(self._known))]  # the one that was asked first
        self._known.pop(key, None)
        self._known[key] = time.monotonic() + seconds, answers

    def _asking(self) -> dns.asyncresolver.Resolver:
        if self._resolver is None:
            self._resolver = dns.asyncresolver.Resolver(configure=not self._servers)
            if self._servers:
                self._resolver.nameservers = list(self._servers)
            self._resolver.timeout = ONE / 2
        return self._resolver


def _read(found: dns.resolver.Answer, kind: Kind) -> Answers:
    records = list(found.rrset or ())
    if kind == "TXT":
        return tuple(b"".join(record.strings).decode("latin-1") for record in records)
    if kind == "MX":
        nearest = sorted(records, key=lambda record: int(record.preference))
        return tuple(str(record.exchange).rstrip(".") for record in nearest)
    if kind == "PTR":
        return tuple(str(record.target).rstrip(".") for record in records)
    return tuple(str(record.address) for record in records)
