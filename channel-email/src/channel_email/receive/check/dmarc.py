"""Finds what a domain says about mails under its name, and whose word counts for it: RFC 7489."""

from functools import cache
from typing import NamedTuple

from publicsuffixlist import PublicSuffixList

from channel_email.receive.check.resolve import LookUpFailed, Resolver
from channel_email.receive.check.tags import read_tags


class Policy(NamedTuple):
    """`result` is pass where there is one; else none, temperror or permerror."""

    result: str
    strict_spf: bool = False
    strict_dkim: bool = False


async def find_policy(resolver: Resolver, domain: str) -> Policy:
    """Return the policy of a domain, or of the one under which it was registered (§6.6.3)."""
    try:
        for name in dict.fromkeys((domain, organisation(domain))):
            texts = await resolver.ask(f"_dmarc.{name}", "TXT") if name else ()
            found = [tags for tags in map(read_tags, texts) if tags and _is_policy(tags)]
            if found:
                return _read(found[0]) if len(found) == 1 else Policy("none")
    except LookUpFailed:
        return Policy("temperror")
    return Policy("none")


def aligned(domain: str, author: str, *, strict: bool) -> bool:
    """Say whether a check of this domain speaks for the author's (§3.1)."""
    if not domain or not author:
        return False
    same = domain == author
    return same or (not strict and organisation(domain) == organisation(author))


def organisation(domain: str) -> str:
    """Return the domain below a public suffix: stadt.example of amt.stadt.example."""
    return str(_suffixes().privatesuffix(domain) or domain)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def _is_policy(tags: dict[str, str]) -> bool:
    return next(iter(tags.items())) == ("v", "DMARC1")


def _read(tags: dict[str, str]) -> Policy:
    """Return it; whatever it wants done with a failure (`p`), a failure is one."""
    if "p" not in tags and "rua" not in tags:
        return Policy("none")
    return Policy(
        "pass", tags.get("aspf", "r").lower() == "s", tags.get("adkim", "r").lower() == "s"
    )
