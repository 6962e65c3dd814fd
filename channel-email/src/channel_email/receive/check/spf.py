"""Checks whether a server may send for a domain: SPF, RFC 7208 (`check_host`)."""

import re
from dataclasses import dataclass
from ipaddress import ip_network
from urllib.parse import quote

from channel_email.receive.check.resolve import Answers, Kind, LookUpFailed, Resolver
from channel_email.receive.client import IpAddress

LOOK_UPS, VOIDS, NAMES = 10, 2, 10  # RFC 7208 §4.6.4
_RESULTS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
_TERM = re.compile(r"([+?~-]?)([A-Za-z][A-Za-z0-9_.-]*+)(?:([:=/])(.*))?")
_MACRO = re.compile(r"%(?:\{([a-zA-Z])(\d{0,3})(r?)([.+,/_=-]*+)\}|([%_-])|)")
_LABELS = re.compile(r"(?:[^.]{1,63}\.)+[^.]{2,63}\.?")
_CIDR = re.compile(r"([^/]*+)(?:/(\d{1,2}))?(?://(\d{1,3}))?")
_MECHANISMS = frozenset(["all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"])


class _PermError(Exception):
    pass


@dataclass(slots=True)
class _Asker:
    """One check: who asks, and what it may still ask."""

    resolver: Resolver
    address: IpAddress
    sender: str
    helo: str
    look_ups: int = 0
    voids: int = 0

    def count(self) -> None:
        self.look_ups += 1
        if self.look_ups > LOOK_UPS:
            raise _PermError

    async def ask(self, name: str, kind: Kind) -> Answers:
        found = await self.resolver.ask(name, kind)
        self.voids += not found
        if self.voids > VOIDS:
            raise _PermError
        return found

    async def addresses(self, name: str) -> Answers:
        return await self.ask(name, "A" if self.address.version == 4 else "AAAA")


async def check_spf(resolver: Resolver, address: IpAddress | None, sender: str, helo: str) -> str:
    """Return the result for the envelope's sender; where it is empty, for the server's name."""
    if address is None:
        return "none"
    sender = sender if "@" in sender else f"postmaster@{helo}"
    asker = _Asker(resolver, address, sender, helo)
    try:
        return await _check(asker, sender.rpartition("@")[2])
    except LookUpFailed:
        return "temperror"
    except _PermError:
        return "permerror"


async def _check(asker: _Asker, domain: str) -> str:
    record = await _record(asker, domain)
    if record is None:
        return "none"
    redirect = ""
    terms = [
        _read(term) for term in record.split(" ")[1:] if term
    ]  # all of it, before any is asked
    for sign, name, mark, value in terms:
        if mark == "=":
            redirect = value if name == "redirect" else redirect
        elif await _matches(asker, domain, name, f"{'' if mark == ':' else mark}{value}"):
            return _RESULTS[sign or "+"]
    if not redirect or any(name == "all" for _, name, mark, _ in terms if mark != "="):
        return "neutral"
    asker.count()
    result = await _check(asker, _expand(asker, domain, redirect))
    return "permerror" if result == "none" else result


async def _record(asker: _Asker, domain: str) -> str | None:
    if not _LABELS.fullmatch(domain) or len(domain) > 253:
        return None
    texts = await asker.resolver.ask(domain, "TXT")
    records = [t for t in texts if t.lower() == "v=spf1" or t.lower().startswith("v=spf1 ")]
    if len(records) > 1:
        raise _PermError
    return records[0] if records else None


def _read(term: str) -> tuple[str, str, str, str]:
    match = _TERM.fullmatch(term)
    if not match:
        raise _PermError
    sign, name, mark, value = match[1], match[2].lower(), match[3] or "", match[4] or ""
    if mark != "=" and name not in _MECHANISMS:
        raise _PermError
    needs_value = name in ("include", "ip4", "ip6", "exists") or (
        mark == "=" and name == "redirect"
    )
    if (needs_value and not value) or (mark == "=" and sign) or (name == "all" and mark):
        raise _PermError
    return sign, name, mark, value


async def _matches(asker: _Asker, domain: str, name: str, value: str) -> bool:
    if name == "all":
        return True
    if name in ("ip4", "ip6"):
        return _in_network(asker, value, int(name[2]))
    asker.count()
    if name == "include":
        result = await _check(asker, _expand(asker, domain, value))
        if result in ("none", "permerror"):
            raise _PermError
        return result == "pass"
    if name == "exists":
        return bool(await asker.ask(_expand(asker, domain, value), "A"))
    if name == "ptr":
        return await _ptr(asker, _expand(asker, domain, value) if value else domain)
    return await _a_or_mx(asker, domain, name, value)


async def _a_or_mx(asker: _Asker, domain: str, name: str, value: str) -> bool:
    match = _CIDR.fullmatch(value)
    if not match:
        raise _PermError
    target = _expand(asker, domain, match[1]) if match[1] else domain
    length = (match[2] or "32") if asker.address.version == 4 else (match[3] or "128")
    hosts: Answers = (target,)
    if name == "mx":
        hosts = await asker.ask(target, "MX")
        if len(hosts) > NAMES:
            raise _PermError
    for host in hosts:
        for found in await asker.addresses(host):
            if _in_network(asker, f"{found}/{length}", asker.address.version):
                return True
    return False


async def _ptr(asker: _Asker, domain: str) -> bool:
    own = asker.address.reverse_pointer
    for name in (await asker.ask(own, "PTR"))[:NAMES]:
        if f".{name}".lower().endswith(f".{domain}".lower()):
            try:
                if str(asker.address) in await asker.addresses(name):
                    return True
            except LookUpFailed:  # RFC 7208 §5.5: this name is skipped
                continue
    return False


def _in_network(asker: _Asker, text: str, version: int) -> bool:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise _PermError from None
    if network.version != version:
        raise _PermError
    return asker.address in network


def _expand(asker: _Asker, domain: str, text: str) -> str:
    """Return the name that a macro string means (§7)."""
    expanded = _MACRO.sub(lambda match: _macro(asker, domain, match), text)
    while len(expanded) > 253 and "." in expanded:
        expanded = expanded.partition(".")[2]
    return expanded


def _macro(asker: _Asker, domain: str, match: re.Match[str]) -> str:
    if match[5]:
        return {"%": "%", "_": " ", "-": "%20"}[match[5]]
    local, _, of = asker.sender.rpartition("@")
    values = {
        "s": asker.sender,
        "l": local or "postmaster",
        "o": of,
        "d": domain,
        "i": _dotted(asker.address),
        "p": "unknown",
        "v": "in-addr" if asker.address.version == 4 else "ip6",
        "h": asker.helo,
    }
    letter = match[1] or ""
    if letter.lower() not in values:
        raise _PermError
    delimiters = dict.fromkeys(map(ord, match[4] or "."), "\n")
    parts = values[letter.lower()].translate(delimiters).split("\n")
    parts = parts[::-1] if match[3] else parts
    keep = int(match[2]) if match[2] else len(parts)
    if not keep:
        raise _PermError
    value = ".".join(parts[-keep:])
    return quote(value, safe="") if letter.isupper() else value


def _dotted(address: IpAddress) -> str:
    return str(address) if address.version == 4 else ".".join(address.exploded.replace(":", ""))
