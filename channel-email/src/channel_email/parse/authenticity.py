"""Read what a trusted host of ours found about SPF, DKIM and DMARC, for the desk.

RFC 8601 §5: anybody can write an Authentication-Results header. Only those count that carry the
name of a named host, and only while they stand on top, where that host has put them.
"""

import re

from channel_email.parse.context import Context
from channel_email.parse.headers import Headers
from hub_contract.words import Evidence

_COMMENT = re.compile(r"\([^()]*\)")
_METHOD = re.compile(
    r"(?:^|[;\s])(spf|dkim|dmarc|arc)\s*(?:/\s*\d+\s*)?=\s*([A-Za-z]+)", re.IGNORECASE
)
_RESULTS = frozenset(
    ["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror", "policy"]
)


def read_authenticity(headers: Headers, context: Context) -> tuple[Evidence, ...]:
    """Return one piece of evidence per method and result of the trusted hosts."""
    trusted = {host.lower() for host in context.trusted_hosts}
    found: list[Evidence] = []
    for value in headers.texts(b"authentication-results"):
        plain = _COMMENT.sub(" ", value)
        words = plain.partition(";")[0].split()
        host = words[0].lower() if words else ""
        if host not in trusted:
            break
        for method, said in _METHOD.findall(plain.partition(";")[2]):
            result = said.lower() if said.lower() in _RESULTS else "none"
            found.append(Evidence(kind=method.lower(), result=result, by=host))
    return tuple(dict.fromkeys(found))
